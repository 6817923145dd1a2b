package io.timestore.flink.table;

import java.util.List;
import java.util.function.Function;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.expressions.CallExpression;
import org.apache.flink.table.expressions.ResolvedExpression;
import org.apache.flink.table.functions.BuiltInFunctionDefinition;
import org.apache.flink.table.functions.BuiltInFunctionDefinitions;
import org.jspecify.annotations.Nullable;

/**
 * A WHERE clause: as SQL, as the planner gives it to a source, and as what it says of a row.
 *
 * @param truth true, false or, for unknown, null
 */
record Condition(
    String sql, ResolvedExpression expression, Function<KeyedRow, @Nullable Boolean> truth) {

  /** A row of a table with a key and another column, {@code v INT}. */
  record KeyedRow(Comparable<?> key, @Nullable Integer other) {}

  boolean holds(KeyedRow row) {
    return Boolean.TRUE.equals(truth.apply(row));
  }

  static ResolvedExpression call(BuiltInFunctionDefinition function, ResolvedExpression... of) {
    return CallExpression.permanent(function, List.of(of), DataTypes.BOOLEAN());
  }

  Condition and(Condition other) {
    return new Condition(
        "(" + sql + " AND " + other.sql + ")",
        call(BuiltInFunctionDefinitions.AND, expression, other.expression),
        row -> both(truth.apply(row), other.truth.apply(row), false));
  }

  Condition or(Condition other) {
    return new Condition(
        "(" + sql + " OR " + other.sql + ")",
        call(BuiltInFunctionDefinitions.OR, expression, other.expression),
        row -> both(truth.apply(row), other.truth.apply(row), true));
  }

  /** AND where {@code decisive} is false, OR where it is true. */
  private static @Nullable Boolean both(
      @Nullable Boolean a, @Nullable Boolean b, boolean decisive) {
    if (Boolean.valueOf(decisive).equals(a) || Boolean.valueOf(decisive).equals(b)) {
      return decisive;
    }
    return (a == null || b == null) ? null : a;
  }

  Condition not() {
    return new Condition(
        "(NOT " + sql + ")",
        call(BuiltInFunctionDefinitions.NOT, expression),
        row -> {
          Boolean is = truth.apply(row);
          return is == null ? null : !is;
        });
  }
}
