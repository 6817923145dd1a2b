package io.timestore.arrow;

import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import java.util.Objects;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.TimeStampVector;
import org.apache.arrow.vector.UInt8Vector;
import org.apache.arrow.vector.types.pojo.ArrowType;

/** A vector's values as keys; throws IllegalArgumentException for what is none. */
@FunctionalInterface
interface KeyValues {
  /** The key of a row, unsigned. */
  long at(int row);

  /** Those of a vector that must have a type for the key. */
  static KeyValues of(Key key, FieldVector vector) {
    String what = "key column " + key.name() + ", " + key.type();
    KeyValues values = valuesOf(key, vector, what);
    boolean isUnsigned = vector instanceof UInt8Vector && key.type().equals(Key.WHOLE_RANGE);
    return row -> {
      if (vector.isNull(row)) {
        throw new IllegalArgumentException(what + ": NULL at row " + row + " of the batch");
      }
      long value = values.at(row);
      if (value < 0 && !isUnsigned) {
        throw new IllegalArgumentException(
            what
                + ": "
                + (vector instanceof UInt8Vector ? Long.toUnsignedString(value) : value)
                + " at row "
                + row
                + " of the batch, expected 0 to "
                + Long.MAX_VALUE);
      }
      return value;
    };
  }

  private static KeyValues valuesOf(Key key, FieldVector vector, String what) {
    if (key.unit() == null && vector instanceof BaseIntVector integers) {
      return integers::getValueAsLong;
    }
    if (key.unit() != null && vector instanceof TimeStampVector timestamps) {
      VectorCells.checkZone(what, key.type(), timestamps);
      TimeUnit unit = Objects.requireNonNull(key.unit());
      ArrowType.Timestamp type = (ArrowType.Timestamp) vector.getField().getType();
      TimeSteps steps = TimeSteps.of(what, ArrowSchema.unit(type.getUnit()), unit);
      // The type may have fewer digits than the unit of the keys.
      long digits = unit.stepsPerSecond() / key.type().timeUnit().stepsPerSecond();
      return row -> {
        long time = steps.of(timestamps.get(row), row);
        if (time % digits != 0) {
          throw new IllegalArgumentException(
              what
                  + ": "
                  + time
                  + " "
                  + unit.symbol()
                  + " at row "
                  + row
                  + " of the batch has digits finer than the type");
        }
        return time;
      };
    }
    throw VectorCells.wrongType(what, vector);
  }
}
