package io.timestore.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.LocalDisk.LocalFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the system's own failures and short counts become. */
class LocalFaultsTest {
  private static final int BLOCK_BYTES = 512;

  private final LocalDisk disk = new LocalDisk();

  @TempDir Path directory;

  private FaultyChannel channel() throws IOException {
    return new FaultyChannel(
        FileChannel.open(
            directory.resolve("file"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE));
  }

  private DiskFile file(FaultyChannel channel, int alignmentBytes) throws IOException {
    return LocalFile.opened(directory.resolve("file"), channel, alignmentBytes);
  }

  private static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    new Random(count).nextBytes(bytes);
    return bytes;
  }

  @Test
  void shortReadsAndWritesGoOnWhereTheyStopped() throws IOException {
    try (FaultyChannel channel = channel()) {
      DiskFile file = file(channel, 1);
      ByteBuffer read = ByteBuffer.allocate(2000);

      channel.counts.addAll(List.of(1, 7, 500, 3));
      file.write(ByteBuffer.wrap(bytes(1000)), 24);
      assertThat(channel.counts).isEmpty();
      channel.counts.addAll(List.of(1, 7, 500, 3));
      assertThat(file.read(read, 24)).isEqualTo(1000);

      assertThat(channel.counts).isEmpty();
      assertThat(read.flip()).isEqualTo(ByteBuffer.wrap(bytes(1000)));
      assertThat(file.sizeBytes()).isEqualTo(1024);
    }
  }

  @Test
  void aDirectWriteGoesOnAtABlockAndFailsInsideOfOne() throws IOException {
    try (FaultyChannel channel = channel()) {
      DiskFile file = file(channel, BLOCK_BYTES);
      channel.counts.addAll(List.of(BLOCK_BYTES, 2 * BLOCK_BYTES));
      file.write(ByteBuffer.wrap(bytes(4 * BLOCK_BYTES)), BLOCK_BYTES);
      assertThat(Files.readAllBytes(directory.resolve("file"))).endsWith(bytes(4 * BLOCK_BYTES));

      for (int count : new int[] {0, 100, BLOCK_BYTES + 1}) {
        channel.counts.addAll(List.of(BLOCK_BYTES, count));
        assertThatThrownBy(() -> file.write(ByteBuffer.wrap(bytes(4 * BLOCK_BYTES)), BLOCK_BYTES))
            .isInstanceOf(IOException.class)
            .hasMessage(
                directory.resolve("file")
                    + ": write at byte 1024 failed: short write of "
                    + count
                    + " bytes");
      }
    }
  }

  /** The kernel reads unaligned at the end only, and refuses to read on from there. */
  @Test
  void aDirectReadEndsWithTheFile() throws IOException {
    try (FaultyChannel channel = channel()) {
      DiskFile file = file(channel, BLOCK_BYTES);
      file.write(ByteBuffer.wrap(bytes(4 * BLOCK_BYTES)), 0);
      channel.counts.addAll(List.of(BLOCK_BYTES, 100));

      assertThat(file.read(ByteBuffer.allocate(8 * BLOCK_BYTES), 0)).isEqualTo(BLOCK_BYTES + 100);
    }
  }

  @Test
  void anErrorIsNamedWithItsFileAndPlaceAndNothingIsTriedTwice() throws IOException {
    Path path = directory.resolve("file");
    try (FaultyChannel channel = channel()) {
      DiskFile file = file(channel, 1);
      file.write(ByteBuffer.wrap(bytes(200)), 0);
      for (String error : List.of("Input/output error", "Interrupted system call")) {
        Map<String, ThrowingCallable> calls =
            Map.of(
                ": write at byte 42 failed: ",
                () -> file.write(ByteBuffer.wrap(bytes(100)), 32),
                ": read at byte 42 failed: ",
                () -> file.read(ByteBuffer.allocate(100), 32));
        calls.forEach(
            (what, call) -> {
              channel.counts.add(10);
              channel.failAfterCounts(error);
              assertThatThrownBy(call).hasMessage(path + what + error).hasCause(channel.failure);
              assertThat(channel.failedCalls).isEqualTo(1);
            });
        channel.failAfterCounts(error);
        assertThatThrownBy(file::sync)
            .hasMessage(path + ": fdatasync failed: " + error)
            .hasCause(channel.failure);
        assertThat(channel.failedCalls).isEqualTo(1);
        channel.failAfterCounts(error);
        assertThatThrownBy(file::sizeBytes).hasMessageContainingAll(path + ": ", "size", error);
      }
    }
  }

  @Test
  void aNameThatTheSystemRefusesIsNamedWithWhatWasTried() throws IOException {
    Path refused = directory.resolve("x".repeat(300));
    Path file = Files.write(directory.resolve("file"), new byte[1]);
    ByteBuffer bytes = ByteBuffer.wrap(bytes(10));
    AppendMode mode = disk.probe(directory, DirectIo.OFF);
    assertNames(refused, "can't write it", () -> disk.openForAppending(refused, mode).close());
    assertNames(refused, "can't read it", () -> disk.openForReading(refused).close());
    assertNames(refused, "can't read it", () -> disk.readUpTo(refused, 1));
    assertNames(refused, "can't create it", () -> disk.createDurably(refused, bytes));
    assertNames(refused, "can't write it", () -> disk.writeVolatile(refused, bytes));
    assertNames(refused, "can't create it", () -> disk.createDirectory(refused));
    assertNames(refused, "can't create it", () -> disk.linkIfAbsent(file, refused));
    assertNames(refused, "can't create it", () -> disk.link(file, refused));
    assertNames(refused, "can't rename it", () -> disk.rename(file, refused));
    assertNames(refused, "can't delete it", () -> disk.delete(refused));
    assertNames(refused, "can't read it", () -> disk.syncDirectory(refused));
    assertNames(refused, "can't look at it", () -> disk.exists(refused));
    assertNames(refused, "can't look at it", () -> disk.isDirectory(refused));
    assertNames(refused, "can't read it", () -> disk.list(refused));
    assertNames(refused, "can't ", () -> disk.tryLock(refused, "me"));
    assertThat(disk.list(directory)).containsExactly("file");
  }

  /** These fail in the kernel for good, for whoever tries. */
  @Test
  void whatAnOpenFileRefusesIsNamedWithWhatWasTried() {
    Path full = Path.of("/dev/full");
    Path unsynced = Path.of("/proc");
    ByteBuffer bytes = ByteBuffer.wrap(bytes(10));
    AppendMode mode = new AppendMode(false, 1, "a test");
    assertNames(full, "write failed", () -> disk.writeVolatile(full, bytes));
    assertNames(unsynced, "fsync failed", () -> disk.syncDirectory(unsynced));
    assertNames(directory, "can't read", () -> disk.readUpTo(directory, 1));
    assertNames(
        full,
        "write at byte 0 failed: No space left on device",
        () -> {
          try (DiskFile file = disk.openForAppending(full, mode)) {
            file.write(ByteBuffer.wrap(bytes(10)), 0);
          }
        });
    assertNames(
        directory,
        "read at byte 0 failed",
        () -> {
          try (DiskFile file = disk.openForReading(directory)) {
            file.read(ByteBuffer.allocate(1), 0);
          }
        });
  }

  private static void assertNames(Path path, String what, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(path.getFileName().toString())
        .hasMessageContaining(path.getParent().toString())
        .hasMessageContaining(what);
  }

  /** Reads and writes as many bytes as it is told, then all; or fails. */
  private static final class FaultyChannel extends FileChannel {
    private final FileChannel channel;
    private final Queue<Integer> counts = new ArrayDeque<>();
    private IOException failure = new IOException();
    private boolean fails;
    private int failedCalls;

    FaultyChannel(FileChannel channel) {
      this.channel = channel;
    }

    void failAfterCounts(String error) {
      failure = new IOException(error);
      fails = true;
      failedCalls = 0;
    }

    private void fail() throws IOException {
      if (fails && counts.isEmpty()) {
        failedCalls++;
        fails = false; // Whoever tries again would succeed.
        throw failure;
      }
    }

    private interface Transfer {
      int run() throws IOException;
    }

    private int some(ByteBuffer bytes, Transfer transfer) throws IOException {
      fail();
      int end = bytes.limit();
      Integer count = counts.poll();
      if (count != null) {
        bytes.limit(bytes.position() + count);
      }
      try {
        return transfer.run();
      } finally {
        bytes.limit(end);
      }
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      return some(target, () -> channel.read(target, position));
    }

    @Override
    public int write(ByteBuffer source, long position) throws IOException {
      return some(source, () -> channel.write(source, position));
    }

    @Override
    public void force(boolean metaData) throws IOException {
      fail();
      channel.force(metaData);
    }

    @Override
    public long size() throws IOException {
      fail();
      return channel.size();
    }

    @Override
    protected void implCloseChannel() throws IOException {
      channel.close();
    }

    @Override
    public int read(ByteBuffer target) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int write(ByteBuffer source) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long position() {
      throw new UnsupportedOperationException();
    }

    @Override
    public FileChannel position(long newPosition) {
      throw new UnsupportedOperationException();
    }

    @Override
    public FileChannel truncate(long size) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long transferTo(long position, long count, WritableByteChannel target) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long transferFrom(ReadableByteChannel source, long position, long count) {
      throw new UnsupportedOperationException();
    }

    @Override
    public MappedByteBuffer map(MapMode mode, long position, long size) {
      throw new UnsupportedOperationException();
    }

    @Override
    public FileLock lock(long position, long size, boolean shared) {
      throw new UnsupportedOperationException();
    }

    @Override
    public FileLock tryLock(long position, long size, boolean shared) {
      throw new UnsupportedOperationException();
    }
  }
}
