package io.timestore.store;

import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A sound store in memory, to be damaged in copies.
 *
 * @param name what it is
 * @param disk holds it at {@link #ROOT}, and nothing else
 * @param files its files: their paths in the store, and their bytes
 * @param schema of the store, or one with which a store of the reference can be adopted
 * @param rows what it holds
 * @param isChecked whether a checksum speaks for every byte of its rows
 */
record StoreImage(
    String name,
    SimulatedDisk disk,
    Map<String, byte[]> files,
    Schema schema,
    RowsHash rows,
    boolean isChecked) {
  static final Path ROOT = Path.of("/store");

  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  /** The golden stores, ours and the reference's, and one whose first rows are hidden. */
  static List<StoreImage> all() throws IOException {
    List<StoreImage> images = new ArrayList<>();
    for (GoldenStore golden : GoldenStore.values()) {
      images.add(load(GoldenStore.V1.resolve(golden.directoryName())));
    }
    for (String name : List.of("rust-edge", "rust-empty", "rust-ticks")) {
      images.add(load(GOLDEN.resolve(name)));
    }
    images.add(ofHiddenRows());
    return images;
  }

  private static StoreImage load(Path directory) throws IOException {
    SimulatedProcess process = new SimulatedDisk().process();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted().toList()) {
        Path target = ROOT.resolve(directory.relativize(path).toString());
        if (Files.isDirectory(path)) {
          process.createDirectory(target);
        } else {
          process.createDurably(target, ByteBuffer.wrap(Files.readAllBytes(path)));
        }
      }
    }
    return of(directory.getFileName().toString(), process);
  }

  private static StoreImage ofHiddenRows() throws IOException {
    SimulatedProcess process = new SimulatedDisk().process();
    Store store = Store.openOrCreate(process, ROOT, Schema.ofTables(List.of("a", "b")));
    try (StoreWriter writer = store.writer(WriterOptions.defaults())) {
      writer.append(Rows.batch(Rows.ofKeys(LongStream.range(0, 20))));
      writer.commit();
    }
    CommitRecord record = store.snapshot().record();
    Lane lane = record.lanes().get(0);
    Lane hidden =
        new Lane(
            0,
            0,
            0,
            0,
            lane.owner(),
            lane.base(),
            5,
            lane.rows(),
            5,
            lane.largestKey(),
            lane.keysTailCrc(),
            lane.tables());
    byte[] bytes = record.withLane(hidden).toBytes();
    put(process, "length", bytes);
    put(process, "record", bytes);
    return of("hidden-rows", process);
  }

  private static StoreImage of(String name, SimulatedProcess process) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    collect(process, ROOT, files);
    Store store = Store.open(process, ROOT);
    Schema schema = store.schema().orElse(Schema.ofTables(store.tables()));
    Snapshot snapshot = store.snapshot();
    byte[] length = files.getOrDefault("length", new byte[0]);
    boolean isChecked =
        CommitRecord.fromBytes(length, "length").isPresent()
            && snapshot.record().lanes().stream().allMatch(StoreImage::isChecked);
    RowsHash rows = RowsHash.of(snapshot, schema.tables());
    return new StoreImage(name, process.disk().copy(), files, schema, rows, isChecked);
  }

  /** Whether all is in partial chunks, whose CRCs stand in the record. */
  private static boolean isChecked(Lane lane) {
    return isChecked(lane.rows() * Long.BYTES, lane.keysTailCrc())
        && lane.tables().stream()
            .allMatch(
                table ->
                    isChecked(lane.rows() * Long.BYTES, table.offsetsTailCrc())
                        && isChecked(table.dataBytes(), table.dataTailCrc()));
  }

  private static boolean isChecked(long sizeBytes, int tailCrc) {
    return sizeBytes == 0 || (sizeBytes < CommitRecord.CHUNK_BYTES && tailCrc != 0);
  }

  private static void collect(SimulatedProcess process, Path directory, Map<String, byte[]> files)
      throws IOException {
    for (String name : process.list(directory)) {
      Path path = directory.resolve(name);
      if (process.isDirectory(path)) {
        collect(process, path, files);
      } else {
        files.put(ROOT.relativize(path).toString(), process.readUpTo(path, Integer.MAX_VALUE));
      }
    }
  }

  /** Puts a file in place of the one of that name. */
  static void put(SimulatedProcess process, String file, byte[] bytes) throws IOException {
    Path path = ROOT.resolve(file);
    process.delete(path);
    process.createDurably(path, ByteBuffer.wrap(bytes));
  }

  long sizeBytes() {
    return files.values().stream().mapToLong(bytes -> bytes.length).sum();
  }
}
