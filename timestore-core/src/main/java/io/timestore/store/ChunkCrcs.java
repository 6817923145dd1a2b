package io.timestore.store;

import io.timestore.disk.AppendMode;
import io.timestore.disk.Disk;
import io.timestore.disk.DiskFile;
import io.timestore.format.CommitRecord;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The CRC32C of each full chunk of a lane's file: {@code FILE.crc}, 4 bytes a chunk, big-endian.
 *
 * <p>Written after the commit that completed the chunk, when its bytes will never change again, and
 * not synced: an entry that is 0, or missing because a power cut took it, is not known, and the
 * next writer fills it in.
 */
final class ChunkCrcs implements Closeable {
  static final int UNKNOWN = 0;

  /** Entries of half a GiB. */
  private static final int BLOCK_BYTES = 4096;

  /** Noted at once. */
  private static final int RUN_MAX = 1024;

  private static final AppendMode ANYWHERE = new AppendMode(false, 1, "a few bytes");

  private final @Nullable DiskFile file;
  private final ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES).limit(0);
  private long blockStart;

  /** Those of a file with so many full chunks. */
  ChunkCrcs(Disk disk, CommittedFile of) throws IOException {
    file = of.fullChunks() == 0 ? null : openIfThere(disk, path(of.path()));
  }

  private static @Nullable DiskFile openIfThere(Disk disk, Path path) throws IOException {
    try {
      return disk.openForReading(path);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** Where they are. */
  static Path path(Path file) {
    return file.resolveSibling(file.getFileName() + ".crc");
  }

  /** Of a chunk; {@link #UNKNOWN} where nobody wrote it down. */
  int of(long chunk) throws IOException {
    long position = chunk * Integer.BYTES;
    if (position < blockStart || position + Integer.BYTES > blockStart + block.limit()) {
      load(position - position % BLOCK_BYTES);
    }
    int offset = (int) (position - blockStart);
    return offset + Integer.BYTES <= block.limit() ? block.getInt(offset) : UNKNOWN;
  }

  /** As {@link #of}, as it stands on disk now. */
  int reread(long chunk) throws IOException {
    block.limit(0);
    return of(chunk);
  }

  private void load(long start) throws IOException {
    block.clear();
    if (file != null) {
      file.read(block, start);
    }
    block.flip();
    blockStart = start;
  }

  /** Notes the CRCs of chunks, all of them committed. */
  static void write(Disk disk, Path file, long firstChunk, List<Integer> crcs) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(crcs.size() * Integer.BYTES);
    crcs.forEach(bytes::putInt);
    try (DiskFile target = disk.openForAppending(path(file), ANYWHERE)) {
      target.write(bytes.flip(), firstChunk * Integer.BYTES);
    }
  }

  /** Computes what is not known of a file, and notes it. */
  static void fillIn(Disk disk, CommittedFile file) throws IOException {
    try (ChunkCrcs known = new ChunkCrcs(disk, file)) {
      long chunk = 0;
      while (chunk < file.fullChunks()) {
        if (known.of(chunk) == UNKNOWN) {
          List<Integer> crcs = known.computeUnknown(disk, file, chunk);
          write(disk, file.path(), chunk, crcs);
          chunk += crcs.size();
        } else {
          chunk++;
        }
      }
    }
  }

  /** Of the chunks from here on, up to the first one that is known. */
  private List<Integer> computeUnknown(Disk disk, CommittedFile of, long firstChunk)
      throws IOException {
    List<Integer> crcs = new ArrayList<>();
    try (DiskFile open = LaneFile.open(disk, of.path(), of.sizeBytes())) {
      long chunk = firstChunk;
      do {
        long start = chunk * CommitRecord.CHUNK_BYTES;
        crcs.add(
            FileCrc.of(open, start, start + CommitRecord.CHUNK_BYTES)
                .orElseThrow(() -> LaneFile.ended(of.path(), start, of.sizeBytes())));
        chunk++;
      } while (chunk < of.fullChunks() && crcs.size() < RUN_MAX && of(chunk) == UNKNOWN);
    }
    return crcs;
  }

  @Override
  public void close() throws IOException {
    if (file != null) {
      file.close();
    }
  }
}
