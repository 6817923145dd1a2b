package io.timestore.store;

import io.timestore.format.Batch;
import io.timestore.format.ColumnData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.LongStream;

/** Rows as tests write them down: {@code key value value …}, values in hex, {@code -} if empty. */
final class Rows {
  private Rows() {}

  /** One row for each key, whose two values can be told from the key alone. */
  static List<String> ofKeys(LongStream keys) {
    return keys.mapToObj(key -> Long.toUnsignedString(key) + " " + hex("v" + key) + " -").toList();
  }

  static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
  }

  static Batch batch(List<String> rows) {
    int columnCount = rows.isEmpty() ? 0 : rows.get(0).split(" ", -1).length - 1;
    Batch batch = new Batch(columnCount);
    for (String row : rows) {
      String[] fields = row.split(" ", -1);
      batch.appendKey(Long.parseUnsignedLong(fields[0]));
      for (int i = 0; i < columnCount; i++) {
        String value = fields[i + 1];
        byte[] bytes = value.equals("-") ? new byte[0] : HexFormat.of().parseHex(value);
        batch.column(i).appendBytes(bytes, 0, bytes.length);
      }
    }
    return batch;
  }

  /** The rows of a batch. */
  static List<String> of(Batch batch) {
    List<String> rows = new ArrayList<>();
    for (int row = 0; row < batch.rowCount(); row++) {
      StringBuilder text = new StringBuilder(Long.toUnsignedString(batch.key(row)));
      for (int i = 0; i < batch.columnCount(); i++) {
        ColumnData column = batch.column(i);
        byte[] value = Arrays.copyOfRange(column.data(), column.start(row), column.end(row));
        text.append(' ');
        text.append(value.length == 0 ? "-" : HexFormat.of().formatHex(value));
      }
      rows.add(text.toString());
    }
    return rows;
  }

  /** All rows of a store, or of its snapshot's part. */
  static List<String> read(Snapshot snapshot, List<LaneRange> ranges, List<String> tables)
      throws IOException {
    List<String> rows = new ArrayList<>();
    Batch batch = new Batch(tables.size());
    try (Scan scan = snapshot.scan(ranges, tables)) {
      while (scan.next(batch)) {
        rows.addAll(of(batch));
      }
    }
    return rows;
  }

  static List<String> read(Store store, List<String> tables) throws IOException {
    Snapshot snapshot = store.snapshot();
    return read(snapshot, snapshot.ranges(), tables);
  }
}
