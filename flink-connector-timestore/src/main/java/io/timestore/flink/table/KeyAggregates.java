package io.timestore.flink.table;

import io.timestore.flink.source.KeyAggregate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.flink.table.expressions.AggregateExpression;
import org.apache.flink.table.expressions.FieldReferenceExpression;

/** Which aggregates a store answers from its keys. */
final class KeyAggregates {
  private KeyAggregates() {}

  /** What the keys are asked for; empty if an aggregate needs more than keys. */
  static Optional<List<KeyAggregate>> of(List<AggregateExpression> expressions, String keyColumn) {
    List<KeyAggregate> aggregates = new ArrayList<>();
    for (AggregateExpression expression : expressions) {
      Optional<KeyAggregate> aggregate = of(expression, keyColumn);
      if (aggregate.isEmpty()) {
        return Optional.empty();
      }
      aggregates.add(aggregate.get());
    }
    return Optional.of(aggregates);
  }

  /** The functions are classes of the planner, which hides behind a class loader: known by name. */
  private static Optional<KeyAggregate> of(AggregateExpression expression, String keyColumn) {
    if (expression.isDistinct()
        || expression.isApproximate()
        || expression.getFilterExpression().isPresent()) {
      return Optional.empty();
    }
    String function = expression.getFunctionDefinition().getClass().getSimpleName();
    List<FieldReferenceExpression> arguments = expression.getArgs();
    if (function.equals("Count1AggFunction")) {
      return Optional.of(KeyAggregate.COUNT);
    }
    // COUNT of a column that is NOT NULL is COUNT(*) by now. Another one may be of an expression
    // that
    // Flink 2.3 takes for its column: what stands between aggregate and scan is not looked at.
    boolean isKey = arguments.size() == 1 && arguments.get(0).getName().equals(keyColumn);
    if (isKey && function.endsWith("MinAggFunction")) {
      return Optional.of(KeyAggregate.SMALLEST_KEY);
    }
    if (isKey && function.endsWith("MaxAggFunction")) {
      return Optional.of(KeyAggregate.LARGEST_KEY);
    }
    return Optional.empty();
  }
}
