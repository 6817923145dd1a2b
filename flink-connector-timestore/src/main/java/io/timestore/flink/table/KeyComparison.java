package io.timestore.flink.table;

import java.util.Optional;
import org.apache.flink.table.functions.BuiltInFunctionDefinitions;
import org.apache.flink.table.functions.FunctionDefinition;

/** How a condition compares the key, on its left, with a literal. */
enum KeyComparison {
  EQUAL,
  NOT_EQUAL,
  LESS,
  AT_MOST,
  GREATER,
  AT_LEAST;

  static Optional<KeyComparison> of(FunctionDefinition function) {
    if (function == BuiltInFunctionDefinitions.EQUALS) {
      return Optional.of(EQUAL);
    }
    if (function == BuiltInFunctionDefinitions.NOT_EQUALS) {
      return Optional.of(NOT_EQUAL);
    }
    if (function == BuiltInFunctionDefinitions.LESS_THAN) {
      return Optional.of(LESS);
    }
    if (function == BuiltInFunctionDefinitions.LESS_THAN_OR_EQUAL) {
      return Optional.of(AT_MOST);
    }
    if (function == BuiltInFunctionDefinitions.GREATER_THAN) {
      return Optional.of(GREATER);
    }
    if (function == BuiltInFunctionDefinitions.GREATER_THAN_OR_EQUAL) {
      return Optional.of(AT_LEAST);
    }
    return Optional.empty();
  }

  /** The same one with its sides exchanged. */
  KeyComparison mirrored() {
    return switch (this) {
      case EQUAL, NOT_EQUAL -> this;
      case LESS -> GREATER;
      case AT_MOST -> AT_LEAST;
      case GREATER -> LESS;
      case AT_LEAST -> AT_MOST;
    };
  }
}
