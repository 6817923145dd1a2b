package io.timestore.arrow;

import io.timestore.format.Batch;
import io.timestore.format.CellType;
import io.timestore.format.CellType.Kind;
import io.timestore.format.Column;
import io.timestore.format.CommitRecord;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import io.timestore.store.KeyRange;
import io.timestore.store.Scan;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import io.timestore.store.StoreWriter;
import io.timestore.store.WriterOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;

/**
 * What reading costs: sums of a column of 8 bytes by record batches, by the core's batches, and
 * over a mapping of its file, with and without checksums. Arguments: a directory, rows, rounds.
 */
final class ReadCost {
  private static final String[] WAYS = {"ArrowScan", "Scan", "mapped, checked", "mapped"};

  private ReadCost() {}

  public static void main(String[] arguments) throws IOException {
    int rowCount = Integer.parseInt(arguments[1]);
    int rounds = Integer.parseInt(arguments[2]);
    Store store = write(Path.of(arguments[0]), rowCount);
    double[][] nanos = new double[WAYS.length][rounds];
    try (BufferAllocator allocator = ArrowMemory.newAllocator()) {
      for (int round = 0; round < rounds; round++) {
        for (int way = 0; way < WAYS.length; way++) {
          long begin = System.nanoTime();
          long sum =
              switch (way) {
                case 0 -> sumOfVectors(store, allocator);
                case 1 -> sumOfBatches(store);
                case 2 -> sumOfMapping(store, rowCount, true);
                default -> sumOfMapping(store, rowCount, false);
              };
          nanos[way][round] = (double) (System.nanoTime() - begin) / rowCount;
          if (sum != rowCount * (rowCount - 1L) / 2) {
            throw new AssertionError(WAYS[way] + ": " + sum);
          }
        }
      }
    }
    for (int way = 0; way < WAYS.length; way++) {
      Arrays.sort(nanos[way]);
      System.out.printf(
          Locale.ROOT,
          "%-16s median %.2f, best %.2f ns a row%n",
          WAYS[way],
          nanos[way][rounds / 2],
          nanos[way][0]);
    }
  }

  private static Store write(Path directory, int rowCount) throws IOException {
    List<Column> columns = List.of(new Column("v", "v", CellType.of(Kind.BIGINT), false));
    Schema schema = Schema.create(Key.of("k", CellType.of(Kind.BIGINT)), columns);
    Store store = Store.openOrCreate(directory, schema);
    if (store.snapshot().rowCount() == 0) {
      try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
        Batch batch = new Batch(columns);
        for (int row = 0; row < rowCount; row++) {
          batch.appendKey(row);
          batch.column(0).appendLong(row);
          if (batch.rowCount() == 10_000 || row == rowCount - 1) {
            writer.append(batch);
            batch.clear();
          }
        }
        writer.commit();
      }
    }
    return store;
  }

  private static long sumOfVectors(Store store, BufferAllocator allocator) throws IOException {
    long sum = 0;
    try (ArrowScan scan = ArrowScan.of(store, KeyRange.all(), allocator)) {
      BigIntVector vector = (BigIntVector) scan.getVectorSchemaRoot().getVector("v");
      while (scan.loadNextBatch()) {
        int count = vector.getValueCount();
        ByteBuffer values =
            vector.getDataBuffer().nioBuffer(0, count * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int row = 0; row < count; row++) {
          sum += values.getLong(row * Long.BYTES);
        }
      }
    }
    return sum;
  }

  private static long sumOfBatches(Store store) throws IOException {
    long sum = 0;
    Snapshot snapshot = store.snapshot();
    Batch batch = new Batch(1);
    try (Scan scan = snapshot.scan(snapshot.ranges(), List.of("v"))) {
      while (scan.next(batch)) {
        for (int row = 0; row < batch.rowCount(); row++) {
          sum += batch.column(0).longAt(row);
        }
      }
    }
    return sum;
  }

  private static long sumOfMapping(Store store, int rowCount, boolean checked) throws IOException {
    long sum = 0;
    CRC32C crc = new CRC32C();
    try (FileChannel file = FileChannel.open(store.directory().resolve("v/data"))) {
      ByteBuffer bytes =
          file.map(MapMode.READ_ONLY, 0, (long) rowCount * Long.BYTES)
              .order(ByteOrder.LITTLE_ENDIAN);
      for (int start = 0; start < bytes.limit(); start += CommitRecord.CHUNK_BYTES) {
        int end = Math.min(bytes.limit(), start + CommitRecord.CHUNK_BYTES);
        if (checked) {
          crc.reset();
          crc.update(bytes.duplicate().position(start).limit(end));
        }
        for (int i = start; i < end; i += Long.BYTES) {
          sum += bytes.getLong(i);
        }
      }
    }
    return sum;
  }
}
