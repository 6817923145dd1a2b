package io.timestore.store;

import io.timestore.disk.IoThreads;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A value on disk, of any size: found, not yet read. Its bytes never change; they can be read until
 * the {@link StoreReader} that gave it is closed. Immutable and thread-safe.
 *
 * <p>Its bytes are read as they are, without a look at checksums: those are of whole chunks, which
 * a {@link Scan} reads.
 */
public final class Value {
  private static final int ARRAY_BYTES_MAX = Integer.MAX_VALUE - 64;
  private static final int STREAM_BYTES = 1 << 20;

  private final StoreReader reader;
  private final @Nullable Path file;
  private final long committedBytes;
  private final long start;
  private final long end;

  /**
   * @param file null for the empty value of a table that the row's lane lacks
   * @param start index in the file of the first byte
   * @param end index behind the last one
   */
  Value(StoreReader reader, @Nullable Path file, long committedBytes, long start, long end) {
    this.reader = reader;
    this.file = file;
    this.committedBytes = committedBytes;
    this.start = start;
    this.end = end;
  }

  public long sizeBytes() {
    return end - start;
  }

  /**
   * All of it.
   *
   * @throws IllegalStateException if it is larger than an array: read it by {@link #read(List)} or
   *     {@link #newInputStream}
   */
  public byte[] bytes() throws IOException {
    return IoThreads.await(reader.submit(this::load));
  }

  /** {@link #bytes} on the calling thread, which is one of the reader's. */
  byte[] load() throws IOException {
    if (sizeBytes() > ARRAY_BYTES_MAX) {
      throw new IllegalStateException(
          this + ": too large for one array, read it by ranges or as a stream");
    }
    return read(0, sizeBytes());
  }

  /**
   * Parts of it, in the order asked for. Ranges that lie near each other are read at once, and
   * several reads go on at the same time: see {@link ReaderOptions}.
   *
   * @param ranges in any order; they may overlap; each fits into an array
   * @throws IndexOutOfBoundsException if a range ends behind the value
   */
  public List<byte[]> read(List<ByteRange> ranges) throws IOException {
    for (ByteRange range : ranges) {
      if (range.end() > sizeBytes() || range.sizeBytes() > ARRAY_BYTES_MAX) {
        throw new IndexOutOfBoundsException(
            this + ": bytes " + range.start() + " to " + range.end() + " were asked for");
      }
    }
    byte[][] results = new byte[ranges.size()][];
    List<Future<@Nullable Void>> reads = new ArrayList<>();
    for (List<Integer> group : groups(ranges)) {
      reads.add(
          reader.submit(
              () -> {
                read(ranges, group, results);
                return null;
              }));
    }
    for (Future<@Nullable Void> read : reads) {
      IoThreads.await(read);
    }
    return Arrays.asList(results);
  }

  /** Indexes of ranges that are read at once, each group's in the order of their starts. */
  private List<List<Integer>> groups(List<ByteRange> ranges) {
    ReaderOptions options = reader.options();
    int[] byStart =
        IntStream.range(0, ranges.size())
            .boxed()
            .sorted(Comparator.comparingLong(i -> ranges.get(i).start()))
            .mapToInt(Integer::intValue)
            .toArray();
    List<List<Integer>> groups = new ArrayList<>();
    long groupStart = 0;
    long groupEnd = 0;
    for (int index : byStart) {
      ByteRange range = ranges.get(index);
      long newEnd = Math.max(groupEnd, range.end());
      boolean near =
          !groups.isEmpty()
              && range.start() - groupEnd <= options.mergeGapBytesMax()
              && newEnd - groupStart <= options.mergedBytesMax();
      if (near) {
        groups.get(groups.size() - 1).add(index);
        groupEnd = newEnd;
      } else {
        groups.add(new ArrayList<>(List.of(index)));
        groupStart = range.start();
        groupEnd = range.end();
      }
    }
    return groups;
  }

  private void read(List<ByteRange> ranges, List<Integer> group, byte[][] results)
      throws IOException {
    long from = ranges.get(group.get(0)).start();
    long to = group.stream().mapToLong(index -> ranges.get(index).end()).max().orElseThrow();
    byte[] bytes = read(from, to);
    for (int index : group) {
      ByteRange range = ranges.get(index);
      results[index] =
          group.size() == 1
              ? bytes
              : Arrays.copyOfRange(bytes, (int) (range.start() - from), (int) (range.end() - from));
    }
  }

  private byte[] read(long from, long to) throws IOException {
    return file == null || from == to
        ? new byte[0]
        : reader.open().bytes(file, committedBytes, start + from, (int) (to - from));
  }

  /** All of it, from the first byte on, read in parts of 1 MiB. */
  public InputStream newInputStream() {
    return new ValueStream();
  }

  @Override
  public String toString() {
    return file == null
        ? "an empty value"
        : file + ": the value of " + sizeBytes() + " bytes at byte " + start;
  }

  private final class ValueStream extends InputStream {
    private ByteBuffer part = ByteBuffer.allocate(0);
    private long position;

    @Override
    public int read() throws IOException {
      return fill() ? part.get() & 0xFF : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, target.length);
      if (length == 0) {
        return 0;
      }
      if (!fill()) {
        return -1;
      }
      int count = Math.min(length, part.remaining());
      part.get(target, offset, count);
      return count;
    }

    @Override
    public int available() {
      return part.remaining();
    }

    /** Whether a byte is left. */
    private boolean fill() throws IOException {
      if (part.hasRemaining()) {
        return true;
      }
      long next = Math.min(sizeBytes(), position + STREAM_BYTES);
      if (next == position) {
        return false;
      }
      part = ByteBuffer.wrap(Value.this.read(List.of(new ByteRange(position, next))).get(0));
      position = next;
      return true;
    }
  }
}
