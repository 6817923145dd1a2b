package io.timestore.flink.table;

import static java.time.temporal.ChronoField.NANO_OF_SECOND;

import io.timestore.flink.table.Condition.KeyedRow;
import io.timestore.format.CellType;
import io.timestore.format.Key;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.IntPredicate;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.expressions.CallExpression;
import org.apache.flink.table.expressions.FieldReferenceExpression;
import org.apache.flink.table.expressions.ResolvedExpression;
import org.apache.flink.table.expressions.TypeLiteralExpression;
import org.apache.flink.table.expressions.ValueLiteralExpression;
import org.apache.flink.table.functions.BuiltInFunctionDefinition;
import org.apache.flink.table.functions.BuiltInFunctionDefinitions;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.utils.LogicalTypeParser;
import org.apache.flink.table.types.utils.TypeConversions;

/**
 * Conditions of every form on a table {@code (k, v INT)}, most of them near keys that are there.
 */
final class RandomConditions {
  private static final BigDecimal NANOS = BigDecimal.valueOf(1_000_000_000);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSSSSS");
  private static final List<Operator> OPERATORS =
      List.of(
          new Operator("=", BuiltInFunctionDefinitions.EQUALS, sign -> sign == 0),
          new Operator("<>", BuiltInFunctionDefinitions.NOT_EQUALS, sign -> sign != 0),
          new Operator("<", BuiltInFunctionDefinitions.LESS_THAN, sign -> sign < 0),
          new Operator("<=", BuiltInFunctionDefinitions.LESS_THAN_OR_EQUAL, sign -> sign <= 0),
          new Operator(">", BuiltInFunctionDefinitions.GREATER_THAN, sign -> sign > 0),
          new Operator(">=", BuiltInFunctionDefinitions.GREATER_THAN_OR_EQUAL, sign -> sign >= 0));

  private final Random random;
  private final Key key;
  private final List<Long> keys;

  /** One side of a comparison, and what it is of a row's key. */
  private record Term<T>(String sql, ResolvedExpression expression, Function<Comparable<?>, T> of) {
    Term<T> cast(String type, Function<T, T> cast) {
      return castTo(type, cast);
    }

    <R> Term<R> castTo(String type, Function<T, R> cast) {
      DataType dataType = type(type);
      return new Term<>(
          "CAST(" + sql + " AS " + type + ")",
          CallExpression.permanent(
              BuiltInFunctionDefinitions.CAST,
              List.of(expression, new TypeLiteralExpression(dataType)),
              dataType),
          of.andThen(cast));
    }
  }

  private record Literal<T>(String sql, ResolvedExpression expression, T value) {}

  /** A comparison; met where the left side compared with the right one gives such a number. */
  private record Operator(String sql, BuiltInFunctionDefinition function, IntPredicate isMet) {}

  /**
   * @param keys of the rows that conditions should tell from one another
   */
  RandomConditions(Random random, Key key, List<Long> keys) {
    this.random = random;
    this.key = key;
    this.keys = List.copyOf(keys);
  }

  /** A key as a row shows it: LocalDateTime, Instant or BigDecimal. */
  static Comparable<?> shown(Key key, long keyValue) {
    BigDecimal number = new BigDecimal(new BigInteger(Long.toUnsignedString(keyValue)));
    if (key.unit() == null) {
      return number;
    }
    Instant instant = instant(number.divide(BigDecimal.valueOf(key.unit().stepsPerSecond())));
    return key.type().kind() == CellType.Kind.TIMESTAMP
        ? LocalDateTime.ofInstant(instant, ZoneOffset.UTC)
        : instant;
  }

  private static Instant instant(BigDecimal seconds) {
    BigInteger[] parts =
        seconds.multiply(NANOS).toBigInteger().divideAndRemainder(NANOS.toBigInteger());
    return Instant.ofEpochSecond(parts[0].longValueExact(), parts[1].longValueExact());
  }

  private static DataType type(String sql) {
    return TypeConversions.fromLogicalToDataType(
        LogicalTypeParser.parse(sql, RandomConditions.class.getClassLoader()));
  }

  Condition next() {
    return next(3);
  }

  private Condition next(int depth) {
    if (depth == 0 || random.nextInt(4) == 0) {
      return random.nextInt(5) == 0 ? onOther() : onKey();
    }
    Condition left = next(depth - 1);
    return switch (random.nextInt(7)) {
      case 0 -> left.not();
      case 1, 2, 3 -> left.and(next(depth - 1));
      default -> left.or(next(depth - 1));
    };
  }

  private Condition onOther() {
    int value = random.nextInt(4);
    return new Condition(
        "v > " + value,
        Condition.call(
            BuiltInFunctionDefinitions.GREATER_THAN,
            new FieldReferenceExpression("v", DataTypes.INT(), 0, 1),
            new ValueLiteralExpression(value)),
        row -> row.other() == null ? null : row.other() > value);
  }

  private Condition onKey() {
    return switch (random.nextInt(20)) {
      case 0 ->
          new Condition(
              "k IS NULL", Condition.call(BuiltInFunctionDefinitions.IS_NULL, k()), row -> false);
      case 1 ->
          new Condition(
              "k IS NOT NULL",
              Condition.call(BuiltInFunctionDefinitions.IS_NOT_NULL, k()),
              row -> true);
      default ->
          switch (key.type().kind()) {
            case TIMESTAMP -> compareLocalTime();
            case TIMESTAMP_LTZ -> compareInstant();
            default -> compareNumber();
          };
    };
  }

  private FieldReferenceExpression k() {
    return new FieldReferenceExpression("k", type(key.type().toString()), 0, 0);
  }

  private <T> Term<T> key(Class<T> shown) {
    return new Term<>("k", k(), shown::cast);
  }

  private <T extends Comparable<? super T>> Condition compare(Term<T> term, Literal<T> literal) {
    Operator operator = OPERATORS.get(random.nextInt(OPERATORS.size()));
    Function<KeyedRow, Integer> sign = row -> term.of().apply(row.key()).compareTo(literal.value());
    if (random.nextBoolean()) {
      return new Condition(
          term.sql() + " " + operator.sql + " " + literal.sql(),
          Condition.call(operator.function, term.expression(), literal.expression()),
          row -> operator.isMet.test(sign.apply(row)));
    }
    return new Condition(
        literal.sql() + " " + operator.sql + " " + term.sql(),
        Condition.call(operator.function, literal.expression(), term.expression()),
        row -> operator.isMet.test(-sign.apply(row)));
  }

  private long someKey() {
    return keys.get(random.nextInt(keys.size()));
  }

  private Condition compareLocalTime() {
    LocalDateTime time = near((LocalDateTime) shown(key, someKey()));
    Term<LocalDateTime> term = key(LocalDateTime.class);
    int digits = random.nextInt(10);
    switch (random.nextInt(4)) {
      case 0 -> {
        Term<LocalDate> day = term.castTo("DATE", LocalDateTime::toLocalDate);
        LocalDate date = time.toLocalDate();
        return random.nextBoolean()
            ? compare(
                day, new Literal<>("DATE '" + date + "'", new ValueLiteralExpression(date), date))
            : compare(day.castTo("TIMESTAMP(0)", LocalDate::atStartOfDay), literal(time));
      }
      case 1 -> {
        return compare(
            term.cast(
                "TIMESTAMP(" + digits + ")",
                t -> t.with(NANO_OF_SECOND, cut(t.get(NANO_OF_SECOND), digits))),
            literal(time));
      }
      default -> {
        return compare(term, literal(time));
      }
    }
  }

  private static int cut(int nanos, int digits) {
    int step = BigInteger.TEN.pow(9 - digits).intValueExact();
    return nanos / step * step;
  }

  private LocalDateTime near(LocalDateTime time) {
    LocalDateTime near =
        switch (random.nextInt(7)) {
          case 0 -> time.plusNanos(random.nextInt(3) - 1);
          case 1 -> time.plusNanos((random.nextInt(3) - 1) * 500_000L);
          case 2 -> time.plusSeconds(random.nextInt(3) - 1);
          case 3 -> time.toLocalDate().atStartOfDay();
          case 4 -> time.minusYears(random.nextInt(100));
          default -> time;
        };
    return near.getYear() > 9999 ? time : near; // Where the literals of SQL end.
  }

  private Literal<LocalDateTime> literal(LocalDateTime time) {
    return new Literal<>(
        "TIMESTAMP '" + text(time) + "'",
        new ValueLiteralExpression(time, DataTypes.TIMESTAMP(9).notNull()),
        time);
  }

  private static String text(LocalDateTime time) {
    return time.format(TIME);
  }

  private Condition compareInstant() {
    LocalDateTime near =
        near(LocalDateTime.ofInstant((Instant) shown(key, someKey()), ZoneOffset.UTC));
    Instant instant = near.toInstant(ZoneOffset.UTC);
    Literal<Instant> literal =
        new Literal<>(
            "CAST(TIMESTAMP '" + text(near) + "' AS TIMESTAMP_LTZ(9))",
            new ValueLiteralExpression(instant, DataTypes.TIMESTAMP_LTZ(9).notNull()),
            instant);
    Term<Instant> term = key(Instant.class);
    int digits = random.nextInt(10);
    return compare(
        random.nextInt(3) > 0
            ? term
            : term.cast(
                "TIMESTAMP_LTZ(" + digits + ")",
                i -> i.with(NANO_OF_SECOND, cut(i.get(NANO_OF_SECOND), digits))),
        literal);
  }

  private Condition compareNumber() {
    BigDecimal number = (BigDecimal) shown(key, someKey());
    number =
        switch (random.nextInt(6)) {
          case 0 -> number.add(BigDecimal.valueOf(random.nextInt(3) - 1));
          case 1 -> number.add(new BigDecimal("0.5"));
          case 2 -> number.negate();
          case 3 -> BigDecimal.valueOf(random.nextInt(9) - 2);
          default -> number;
        };
    Term<BigDecimal> term = key(BigDecimal.class);
    switch (random.nextInt(6)) {
      case 0 -> {
        return compare(
            term.castTo("DOUBLE", BigDecimal::doubleValue), doubleLiteral(number.doubleValue()));
      }
      case 1 -> {
        Float value = number.floatValue();
        return compare(
            term.castTo("FLOAT", BigDecimal::floatValue),
            new Literal<>(
                "CAST('" + value + "' AS FLOAT)", new ValueLiteralExpression(value), value));
      }
      case 2 -> {
        // Flink makes a DOUBLE of the number, too.
        Term<Double> asDouble = new Term<>("k", k(), shown -> ((BigDecimal) shown).doubleValue());
        return compare(asDouble, doubleLiteral(number.doubleValue()));
      }
      case 3 -> {
        return compare(term.cast("DECIMAL(24, 3)", n -> n), literal(number));
      }
      default -> {
        return compare(term, literal(number));
      }
    }
  }

  private static Literal<Double> doubleLiteral(double value) {
    return new Literal<>(
        new BigDecimal(value).stripTrailingZeros().toString().replaceFirst("^([^E]*)$", "$1E0"),
        new ValueLiteralExpression(value),
        value);
  }

  private static Literal<BigDecimal> literal(BigDecimal number) {
    boolean isLong = number.stripTrailingZeros().scale() <= 0 && number.precision() < 19;
    ResolvedExpression expression =
        isLong
            ? new ValueLiteralExpression(number.longValueExact())
            : new ValueLiteralExpression(
                number,
                DataTypes.DECIMAL(Math.max(number.precision(), number.scale()), number.scale())
                    .notNull());
    String text = number.toPlainString();
    return new Literal<>(
        isLong || number.precision() < 19
            ? text
            : "CAST('" + text + "' AS DECIMAL(" + number.precision() + ", " + number.scale() + "))",
        expression,
        number);
  }
}
