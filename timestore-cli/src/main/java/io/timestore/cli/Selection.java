package io.timestore.cli;

import io.timestore.store.KeyRange;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which rows and columns of a store a command is about. */
final class Selection {
  @Option(
      names = "--from",
      paramLabel = "KEY",
      description = "From this key on: a number as it is stored, or a time.")
  private @Nullable String from;

  @Option(names = "--to", paramLabel = "KEY", description = "Up to this key, which is left out.")
  private @Nullable String to;

  @Option(
      names = "--columns",
      paramLabel = "NAME",
      split = ",",
      description = "These columns, in this order (default: the key and all others).")
  private List<String> columns = List.of();

  List<String> columns() {
    return columns;
  }

  boolean isWhole() {
    return from == null && to == null;
  }

  KeyRange range(KeyText keys) {
    long first = from == null ? 0 : keys.parse(from);
    if (to == null) {
      return KeyRange.atLeast(first);
    }
    long last = keys.parse(to);
    if (Long.compareUnsigned(first, last) > 0) {
      throw new IllegalArgumentException("--from " + from + " is above --to " + to);
    }
    return KeyRange.closedOpen(first, last);
  }
}
