package io.timestore.flink.table;

import io.timestore.format.CellType;
import io.timestore.format.Key;
import io.timestore.format.TimeUnit;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import org.apache.flink.table.expressions.ValueLiteralExpression;
import org.apache.flink.table.types.logical.DecimalType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.utils.LogicalTypeChecks;

/**
 * The values of an expression over the key that keeps the order of keys: the key itself, or casts
 * of it. All keys of a step have one value. Keys and literals are compared as whole numbers and
 * fractions of steps, of any size, so that nothing is rounded.
 *
 * @param width keys of a step; the first one begins with key 0. More than 1 where a cast cuts
 *     digits off
 */
record KeySteps(Key key, BigInteger width, Values values) {
  private static final BigInteger NANOS_PER_SECOND = BigInteger.valueOf(1_000_000_000);
  private static final BigInteger SECONDS_PER_DAY = BigInteger.valueOf(86_400);

  /** Below these, whole numbers are the same ones as a FLOAT and as a DOUBLE. */
  private static final BigDecimal FLOAT_END = BigDecimal.valueOf(1L << 24);

  private static final BigDecimal DOUBLE_END = BigDecimal.valueOf(1L << 53);

  /** What the values are, and so which literals they can be compared with. */
  private enum Values {
    LOCAL_TIMES,
    INSTANTS,
    NUMBERS,
    FLOATS,
    DOUBLES
  }

  /**
   * A number among the whole ones.
   *
   * @param floor the largest whole one that is not above
   * @param isWhole whether it is that one
   */
  private record Place(BigInteger floor, boolean isWhole) {
    static Place of(BigDecimal number) {
      BigInteger floor = number.setScale(0, RoundingMode.FLOOR).toBigInteger();
      return new Place(floor, number.compareTo(new BigDecimal(floor)) == 0);
    }

    static Place of(BigInteger dividend, BigInteger divisor) {
      BigInteger rest = dividend.mod(divisor);
      return new Place(dividend.subtract(rest).divide(divisor), rest.signum() == 0);
    }

    /** The smallest whole number that is not below. */
    BigInteger ceiling() {
      return isWhole ? floor : floor.add(BigInteger.ONE);
    }
  }

  /** The values of the key itself. */
  static KeySteps of(Key key) {
    Values values =
        key.unit() == null
            ? Values.NUMBERS
            : key.type().kind() == CellType.Kind.TIMESTAMP ? Values.LOCAL_TIMES : Values.INSTANTS;
    return new KeySteps(key, BigInteger.ONE, values);
  }

  /** These values cast to a type, if that is known to keep their order. */
  Optional<KeySteps> cast(LogicalType type) {
    return switch (type.getTypeRoot()) {
      case TIMESTAMP_WITHOUT_TIME_ZONE ->
          values == Values.LOCAL_TIMES ? withDigitsOf(type) : Optional.empty();
      case TIMESTAMP_WITH_LOCAL_TIME_ZONE ->
          values == Values.INSTANTS ? withDigitsOf(type) : Optional.empty();
      case DATE ->
          values == Values.LOCAL_TIMES
              ? Optional.of(withWidth(keysPerSecond().multiply(SECONDS_PER_DAY)))
              : Optional.empty();
      case DECIMAL ->
          values == Values.NUMBERS && holdsAllKeys((DecimalType) type)
              ? Optional.of(this)
              : Optional.empty();
      case FLOAT -> numbersAs(Values.FLOATS);
      case DOUBLE -> numbersAs(Values.DOUBLES);
      default -> Optional.empty();
    };
  }

  private BigInteger keysPerSecond() {
    TimeUnit unit = key.unit();
    if (unit == null) {
      throw new IllegalStateException(key + " is no time");
    }
    return BigInteger.valueOf(unit.stepsPerSecond());
  }

  /**
   * The values in a type that has all of their digits. A cast that cuts some off is left to Flink,
   * which does so in some plans and forgets it in others.
   */
  private Optional<KeySteps> withDigitsOf(LogicalType type) {
    BigInteger valuesPerSecond = BigInteger.TEN.pow(LogicalTypeChecks.getPrecision(type));
    boolean hasAll = keysPerSecond().divide(valuesPerSecond).compareTo(width) <= 0;
    return hasAll ? Optional.of(this) : Optional.empty();
  }

  private KeySteps withWidth(BigInteger newWidth) {
    return new KeySteps(key, width.max(newWidth), values);
  }

  private boolean holdsAllKeys(DecimalType type) {
    int digits = key.type().kind() == CellType.Kind.BIGINT ? 19 : key.type().length();
    return type.getPrecision() - type.getScale() >= digits;
  }

  private Optional<KeySteps> numbersAs(Values newValues) {
    return values == Values.NUMBERS
        ? Optional.of(new KeySteps(key, width, newValues))
        : Optional.empty();
  }

  /** The keys whose values meet a comparison, if it is known how Flink does it. */
  Optional<KeySet> where(KeyComparison comparison, ValueLiteralExpression literal) {
    return place(literal).map(place -> where(comparison, place));
  }

  private KeySet where(KeyComparison comparison, Place place) {
    return switch (comparison) {
      case EQUAL -> equalTo(place);
      case NOT_EQUAL -> equalTo(place).not();
      case LESS -> below(place.ceiling());
      case AT_MOST -> below(place.floor().add(BigInteger.ONE));
      case GREATER -> below(place.floor().add(BigInteger.ONE)).not();
      case AT_LEAST -> below(place.ceiling()).not();
    };
  }

  private KeySet equalTo(Place place) {
    BigInteger next = place.floor().add(BigInteger.ONE);
    return place.isWhole() ? below(next).and(below(place.floor()).not()) : KeySet.none();
  }

  private KeySet below(BigInteger step) {
    return KeySet.below(step.multiply(width));
  }

  /** The first step that is not before a time; for keys that are times. */
  BigInteger ceiling(Instant time) {
    return place(time).ceiling();
  }

  /** Where a literal lies among the steps. */
  private Optional<Place> place(ValueLiteralExpression literal) {
    LogicalType type = literal.getOutputDataType().getLogicalType();
    return switch (type.getTypeRoot()) {
      case DATE ->
          literal.getValueAs(LocalDate.class).flatMap(date -> placeOfLocal(date.atStartOfDay()));
      case TIMESTAMP_WITHOUT_TIME_ZONE ->
          literal.getValueAs(LocalDateTime.class).flatMap(this::placeOfLocal);
      case TIMESTAMP_WITH_LOCAL_TIME_ZONE ->
          values == Values.INSTANTS
              ? literal.getValueAs(Instant.class).map(this::place)
              : Optional.empty();
      case TINYINT, SMALLINT, INTEGER, BIGINT ->
          literal
              .getValueAs(Number.class)
              .flatMap(number -> place(BigDecimal.valueOf(number.longValue()), values));
      case DECIMAL ->
          values == Values.NUMBERS
              ? literal.getValueAs(BigDecimal.class).map(Place::of)
              : Optional.empty();
      case FLOAT -> placeOfApproximate(literal, Values.FLOATS);
      case DOUBLE -> placeOfApproximate(literal, Values.DOUBLES);
      default -> Optional.empty();
    };
  }

  private Optional<Place> placeOfLocal(LocalDateTime time) {
    return values == Values.LOCAL_TIMES
        ? Optional.of(place(time.toInstant(ZoneOffset.UTC)))
        : Optional.empty();
  }

  private Place place(Instant time) {
    BigInteger nanos =
        BigInteger.valueOf(time.getEpochSecond())
            .multiply(NANOS_PER_SECOND)
            .add(BigInteger.valueOf(time.getNano()));
    return Place.of(nanos.multiply(keysPerSecond()), width.multiply(NANOS_PER_SECOND));
  }

  /** Flink compares a number with a FLOAT or DOUBLE as one. */
  private Optional<Place> placeOfApproximate(ValueLiteralExpression literal, Values comparedAs) {
    return literal
        .getValueAs(Number.class)
        .map(Number::doubleValue)
        .filter(Double::isFinite)
        .flatMap(
            number ->
                place(new BigDecimal(number), values == Values.NUMBERS ? comparedAs : values));
  }

  private static Optional<Place> place(BigDecimal number, Values comparedAs) {
    boolean isKept =
        switch (comparedAs) {
          case NUMBERS -> true;
          case FLOATS -> number.abs().compareTo(FLOAT_END) < 0;
          case DOUBLES -> number.abs().compareTo(DOUBLE_END) < 0;
          case LOCAL_TIMES, INSTANTS -> false;
        };
    return isKept ? Optional.of(Place.of(number)) : Optional.empty();
  }
}
