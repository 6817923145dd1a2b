package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.format.CommitRecord;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is put right beside the rows. */
class RepairTest {
  private static final Path PATH = Path.of("/store");
  private static final Path LANE = PATH.resolve("lanes/00001");

  private final SimulatedProcess process = new SimulatedDisk().process();
  private Store store;

  /** Two lanes; the keys of the first one fill two chunks. */
  @BeforeEach
  void create() throws IOException {
    store = Store.openOrCreate(process, PATH, Schema.ofTables(List.of("a")));
    WriterOptions options = WriterOptions.defaults().withLateRows(WriterOptions.LateRows.KEEP);
    try (StoreWriter writer = store.writer(options)) {
      for (int i = 0; i < 2 * CommitRecord.CHUNK_BYTES / Long.BYTES; i++) {
        writer.append(1000 + i, new byte[] {1});
      }
      writer.commit();
      writer.append(5, new byte[] {2});
      writer.append(6, new byte[] {2});
      writer.commit();
    }
    assertThat(store.repairable()).isEmpty();
  }

  private static List<String> messages(List<Repairable> repairable) {
    return repairable.stream().map(Repairable::message).toList();
  }

  private void assertRepairs(String... messages) throws IOException {
    byte[] record = process.readUpTo(PATH.resolve("length"), Integer.MAX_VALUE);
    assertThat(messages(store.repairable())).containsExactly(messages);
    assertThat(store.verify(fault -> {}).faultCount()).isZero();
    store.repair();
    assertThat(store.repairable()).isEmpty();
    assertThat(process.readUpTo(PATH.resolve("length"), Integer.MAX_VALUE)).isEqualTo(record);
  }

  @Test
  void aLanesStaleLengthIsWrittenAnew() throws IOException {
    Path file = LANE.resolve("length");
    process.delete(file);
    process.writeVolatile(file, ByteBuffer.allocate(8).putLong(1).flip());
    assertRepairs(
        "/store/lanes/00001/length says 1 rows, the commit record 2; only the crate reads it");
    assertThat(process.readUpTo(file, 8)).endsWith(2);
  }

  @Test
  void aLanesLengthThatIsMissingOrCutIsWrittenAnew() throws IOException {
    process.delete(LANE.resolve("length"));
    assertRepairs(
        "/store/lanes/00001/length is missing, the commit record 2; only the crate reads it");
    process.delete(LANE.resolve("length"));
    process.writeVolatile(LANE.resolve("length"), ByteBuffer.wrap(new byte[3]));
    assertRepairs(
        "/store/lanes/00001/length has 3 bytes, the commit record 2; only the crate reads it");
  }

  @Test
  void whatKeepsTheCrateOutIsPutBack() throws IOException {
    process.delete(PATH.resolve("new_length"));
    process.delete(LANE.resolve("new_length"));
    String why = " is no directory, which would keep the Rust crate from appending here";
    assertRepairs("/store/new_length" + why, "/store/lanes/00001/new_length" + why);
    assertThat(process.isDirectory(PATH.resolve("new_length"))).isTrue();
  }

  @Test
  void checksumsThatWereLostAreNotedAgain() throws IOException {
    byte[] before = process.readUpTo(PATH.resolve("keys.crc"), 100);
    process.delete(PATH.resolve("keys.crc"));
    process.writeVolatile(
        PATH.resolve("keys.crc"),
        ByteBuffer.wrap(new byte[] {before[0], before[1], before[2], before[3]}));
    process.delete(PATH.resolve("a/offsets.crc"));
    assertThat(store.verify(fault -> {}).unverifiedChunkCount()).isEqualTo(3);
    assertRepairs(
        "/store/keys.crc lacks the checksums of 1 of 2 chunks",
        "/store/a/offsets.crc lacks the checksums of 2 of 2 chunks");
    assertThat(process.readUpTo(PATH.resolve("keys.crc"), 100)).isEqualTo(before);
    assertThat(store.verify(fault -> {}).unverifiedChunkCount()).isZero();
  }

  @Test
  void aChecksumThatIsWrongIsNoLostOneAndStays() throws IOException {
    byte[] crcs = process.readUpTo(PATH.resolve("keys.crc"), 100);
    crcs[1] ^= 1;
    process.delete(PATH.resolve("keys.crc"));
    process.writeVolatile(PATH.resolve("keys.crc"), ByteBuffer.wrap(crcs));
    assertThat(store.repairable()).isEmpty();
    store.repair();
    assertThat(process.readUpTo(PATH.resolve("keys.crc"), 100)).isEqualTo(crcs);
    List<Fault> faults = new ArrayList<>();
    store.verify(faults::add);
    assertThat(faults).hasSize(1);
  }

  @Test
  void aStoreOfTheCrateLacksNothing() throws IOException {
    process.delete(PATH.resolve("schema.json"));
    process.delete(PATH.resolve("record"));
    process.delete(PATH.resolve("keys.crc"));
    process.delete(PATH.resolve("length"));
    long rowCount = 2L * CommitRecord.CHUNK_BYTES / Long.BYTES;
    process.writeVolatile(PATH.resolve("length"), ByteBuffer.allocate(8).putLong(rowCount).flip());
    Store reference = Store.open(process, PATH);
    assertThat(reference.verify(fault -> {}).unverifiedChunkCount()).isPositive();
    assertThat(reference.repairable()).isEmpty();
  }
}
