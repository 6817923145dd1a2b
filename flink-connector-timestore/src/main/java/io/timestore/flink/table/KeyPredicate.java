package io.timestore.flink.table;

import io.timestore.format.Key;
import java.util.List;
import java.util.Optional;
import org.apache.flink.table.expressions.CallExpression;
import org.apache.flink.table.expressions.FieldReferenceExpression;
import org.apache.flink.table.expressions.ResolvedExpression;
import org.apache.flink.table.expressions.ValueLiteralExpression;
import org.apache.flink.table.functions.BuiltInFunctionDefinitions;
import org.apache.flink.table.functions.FunctionDefinition;

/**
 * What a condition says of the key.
 *
 * @param keys rows with other keys do not meet the condition
 * @param isExact whether all rows with these keys meet it
 */
record KeyPredicate(KeySet keys, boolean isExact) {
  private static final KeyPredicate NOTHING_KNOWN = new KeyPredicate(KeySet.all(), false);

  /** What a condition on rows of a table with this key says of it. */
  static KeyPredicate of(ResolvedExpression condition, Key key) {
    if (!(condition instanceof CallExpression call)) {
      return NOTHING_KNOWN;
    }
    FunctionDefinition function = call.getFunctionDefinition();
    List<ResolvedExpression> arguments = call.getResolvedChildren();
    if (function == BuiltInFunctionDefinitions.AND) {
      return of(arguments.get(0), key).and(of(arguments.get(1), key));
    }
    if (function == BuiltInFunctionDefinitions.OR) {
      return of(arguments.get(0), key).or(of(arguments.get(1), key));
    }
    if (function == BuiltInFunctionDefinitions.NOT) {
      return of(arguments.get(0), key).not();
    }
    if (function == BuiltInFunctionDefinitions.IS_NULL && isKey(arguments.get(0), key)) {
      return exactly(KeySet.none());
    }
    if (function == BuiltInFunctionDefinitions.IS_NOT_NULL && isKey(arguments.get(0), key)) {
      return exactly(KeySet.all());
    }
    return KeyComparison.of(function)
        .flatMap(comparison -> compared(comparison, arguments, key))
        .map(KeyPredicate::exactly)
        .orElse(NOTHING_KNOWN);
  }

  /** Whether it leaves some keys out. */
  boolean isNarrow() {
    return !keys.equals(KeySet.all());
  }

  private static KeyPredicate exactly(KeySet keys) {
    return new KeyPredicate(keys, true);
  }

  private KeyPredicate and(KeyPredicate other) {
    return new KeyPredicate(keys.and(other.keys), isExact && other.isExact);
  }

  private KeyPredicate or(KeyPredicate other) {
    return new KeyPredicate(keys.or(other.keys), isExact && other.isExact);
  }

  /** A key is never NULL, nor is what is known of it exactly. */
  private KeyPredicate not() {
    return isExact ? exactly(keys.not()) : NOTHING_KNOWN;
  }

  private static boolean isKey(ResolvedExpression expression, Key key) {
    return expression instanceof FieldReferenceExpression field
        && field.getName().equals(key.name());
  }

  private static Optional<KeySet> compared(
      KeyComparison comparison, List<ResolvedExpression> sides, Key key) {
    if (sides.get(1) instanceof ValueLiteralExpression literal) {
      return steps(sides.get(0), key).flatMap(steps -> steps.where(comparison, literal));
    }
    if (sides.get(0) instanceof ValueLiteralExpression literal) {
      return steps(sides.get(1), key).flatMap(steps -> steps.where(comparison.mirrored(), literal));
    }
    return Optional.empty();
  }

  /** What an expression makes of the key, where it keeps the order of keys. */
  private static Optional<KeySteps> steps(ResolvedExpression expression, Key key) {
    if (isKey(expression, key)) {
      return Optional.of(KeySteps.of(key));
    }
    if (expression instanceof CallExpression call
        && call.getFunctionDefinition() == BuiltInFunctionDefinitions.CAST) {
      return steps(call.getResolvedChildren().get(0), key)
          .flatMap(steps -> steps.cast(call.getOutputDataType().getLogicalType()));
    }
    return Optional.empty();
  }
}
