package io.timestore.format;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * What the keys of a store mean.
 *
 * @param name the SQL column
 * @param type TIMESTAMP(p), TIMESTAMP_LTZ(p), BIGINT or DECIMAL(20, 0)
 * @param unit what a step of a timestamp key is; null for the number types, whose keys are the
 *     number itself
 */
public record Key(String name, CellType type, @Nullable TimeUnit unit) implements Serializable {

  /** DECIMAL(20, 0): every u64. */
  public static final CellType WHOLE_RANGE = CellType.decimal(20, 0);

  public Key {
    boolean isTime =
        type.kind() == CellType.Kind.TIMESTAMP || type.kind() == CellType.Kind.TIMESTAMP_LTZ;
    if (!isTime && type.kind() != CellType.Kind.BIGINT && !type.equals(WHOLE_RANGE)) {
      throw new IllegalArgumentException(
          "key column "
              + name
              + ": "
              + type
              + " can't be a key, expected TIMESTAMP(p), TIMESTAMP_LTZ(p), BIGINT or"
              + " DECIMAL(20, 0)");
    }
    if (isTime != (unit != null)) {
      throw new IllegalArgumentException(
          "key column "
              + name
              + ": "
              + type
              + (isTime ? " needs a unit" : " has no unit: its keys are the number itself"));
    }
    if (unit != null && unit.digits() < type.length()) {
      throw new IllegalArgumentException(
          "key column "
              + name
              + ": the unit '"
              + unit.symbol()
              + "' would lose digits of "
              + type
              + ", expected '"
              + type.timeUnit().symbol()
              + "' or finer");
    }
  }

  /** A key of this type with the unit that follows from it. */
  public static Key of(String name, CellType type) {
    boolean isTime =
        type.kind() == CellType.Kind.TIMESTAMP || type.kind() == CellType.Kind.TIMESTAMP_LTZ;
    return new Key(name, type, isTime ? type.timeUnit() : null);
  }
}
