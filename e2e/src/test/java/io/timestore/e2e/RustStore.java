package io.timestore.e2e;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A store that the crate has open. It knows of the rows that were there then, and of its own. */
final class RustStore implements Closeable {
  private final RustProgram program;
  private final String name;
  private final List<String> tables;

  /**
   * A row as the crate's iterator gives it.
   *
   * @param digests see {@link Value#digest}; one for each table that was asked for
   */
  record Step(long previousKey, long key, List<String> digests) {}

  RustStore(RustProgram program, String name, List<String> tables) {
    this.program = program;
    this.name = name;
    this.tables = List.copyOf(tables);
  }

  List<String> tables() {
    return tables;
  }

  /** Appends a row whose values stand in the order of {@link #tables}. */
  void append(long key, List<Value> values) throws IOException {
    List<String> fields = new ArrayList<>(List.of("append", name, Long.toUnsignedString(key)));
    values.forEach(value -> fields.add(value.name()));
    program.call(fields);
  }

  long[] keys() throws IOException {
    return program.call(List.of("keys", name)).stream()
        .mapToLong(Long::parseUnsignedLong)
        .toArray();
  }

  /**
   * The digest of a value of a row with this key; which one it is, where there are several, is
   * open.
   */
  Optional<String> read(String table, long key) throws IOException {
    return program.call(List.of("read", name, table, Long.toUnsignedString(key))).stream()
        .findFirst();
  }

  /** Iterates keys, and reads each table at the iterator's row. */
  List<Step> iter(long from, long to) throws IOException {
    return steps(
        program.call(List.of("iter", name, Long.toUnsignedString(from), Long.toUnsignedString(to))),
        tables.size());
  }

  /** Iterates a table whose values are streamed. */
  List<Step> stream(long from, long to, String table) throws IOException {
    return steps(
        program.call(
            List.of("stream", name, Long.toUnsignedString(from), Long.toUnsignedString(to), table)),
        1);
  }

  private static List<Step> steps(List<String> fields, int tableCount) {
    int width = 2 + tableCount;
    return Stream.iterate(0, start -> start < fields.size(), start -> start + width)
        .map(
            start ->
                new Step(
                    Long.parseUnsignedLong(fields.get(start)),
                    Long.parseUnsignedLong(fields.get(start + 1)),
                    List.copyOf(fields.subList(start + 2, start + width))))
        .toList();
  }

  @Override
  public void close() throws IOException {
    program.call(List.of("close", name));
  }
}
