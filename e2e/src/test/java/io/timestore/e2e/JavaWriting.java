package io.timestore.e2e;

import io.timestore.disk.DirectIo;
import io.timestore.format.Batch;
import io.timestore.format.Schema;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Appends rows with this project, in each way that it has. */
final class JavaWriting implements Closeable {
  private final StoreWriter writer;
  private final List<String> tables;
  private final ExpectedRows expected;

  private JavaWriting(StoreWriter writer, List<String> tables, ExpectedRows expected) {
    this.writer = writer;
    this.tables = tables;
    this.expected = expected;
  }

  /** Makes the store, or adopts that of the crate, or opens its own. */
  static Store create(Path path, ExpectedRows expected, Random random) throws IOException {
    return Store.openOrCreate(
        path, Schema.ofTables(RandomRows.shuffled(expected.tables(), random)));
  }

  static JavaWriting open(Path path, ExpectedRows expected, Random random) throws IOException {
    Store store = create(path, expected, random);
    List<String> tables = RandomRows.shuffled(expected.tables(), random);
    WriterOptions options =
        WriterOptions.defaults()
            .withDirectIo(random.nextInt(4) == 0 ? DirectIo.OFF : DirectIo.AUTO)
            .withBufferMemoryBytes(1L << (12 + random.nextInt(14)));
    return new JavaWriting(store.writer(options, tables), tables, expected);
  }

  /** Appends and commits rows, in one batch or in several, with one commit or with several. */
  void append(List<Row> rows, Random random) throws IOException {
    boolean oneByOne = rows.size() < 100 && random.nextInt(4) == 0;
    int next = 0;
    while (next < rows.size()) {
      int left = rows.size() - next;
      int rowCount = oneByOne ? 1 : 1 + random.nextInt(left);
      appendBatch(rows.subList(next, next + rowCount), random);
      next += rowCount;
      if (random.nextBoolean()) {
        writer.commit();
      }
    }
    writer.commit();
  }

  /** Appends rows that are never committed. */
  void appendInVain(List<Row> rows, Random random) throws IOException {
    if (!rows.isEmpty()) {
      appendBatch(rows, random);
    }
  }

  private void appendBatch(List<Row> rows, Random random) throws IOException {
    if (random.nextInt(3) > 0) {
      writer.append(batch(rows, tables, expected));
      return;
    }
    List<Integer> places =
        RandomRows.shuffled(IntStream.range(0, rows.size()).boxed().toList(), random);
    int[] order = new int[rows.size()];
    for (int place = 0; place < order.length; place++) {
      order[places.get(place)] = place;
    }
    List<Row> shuffled = places.stream().map(rows::get).toList();
    writer.append(batch(shuffled, tables, expected), order, 0, order.length);
  }

  /** The rows with their values in the order of {@code tables}. */
  static Batch batch(List<Row> rows, List<String> tables, ExpectedRows expected) {
    Batch batch = new Batch(tables.size());
    for (Row row : rows) {
      for (int i = 0; i < tables.size(); i++) {
        byte[] value = row.values().get(expected.tables().indexOf(tables.get(i))).bytes();
        batch.column(i).appendBytes(value, 0, value.length);
      }
      batch.appendKey(row.key());
    }
    return batch;
  }

  @Override
  public void close() throws IOException {
    writer.close();
  }
}
