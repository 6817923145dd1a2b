package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.format.CommitRecord;
import io.timestore.format.Lane;
import io.timestore.store.Repairable.Kind;
import io.timestore.store.StoreFiles.LaneFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What can be put right beside the rows of a store. No byte of a row is ever written. */
final class Repair {
  private final Disk disk;
  private final StoreFiles files;

  Repair(Disk disk, StoreFiles files) {
    this.disk = disk;
    this.files = files;
  }

  List<Repairable> find(CommitRecord record) throws IOException {
    List<Repairable> found = new ArrayList<>(findAroundRows(record));
    for (CommittedFile file : committed(record)) {
      findChecksums(file, found);
    }
    return found;
  }

  /** What is put right under the commit lock: all but checksums. */
  List<Repairable> findAroundRows(CommitRecord record) throws IOException {
    List<Repairable> found = new ArrayList<>();
    boolean hasHidden = record.lanes().stream().anyMatch(lane -> lane.from() > 0 || lane.isCut());
    if (record.lanes().size() > 1 || hasHidden) {
      findNewLength(files.lane(0), found);
    }
    for (Lane lane : record.lanes()) {
      if (lane.number() > 0 && lane.hasFiles()) {
        findNewLength(files.lane(lane.number()), found);
        findLaneLength(lane, found);
      }
    }
    return found;
  }

  private void findNewLength(LaneFiles lane, List<Repairable> found) throws IOException {
    if (!disk.isDirectory(lane.newLength())) {
      String message = " is no directory, which would keep the Rust crate from appending here";
      found.add(new Repairable(Kind.NEW_LENGTH, lane.newLength(), lane.newLength() + message));
    }
  }

  private void findLaneLength(Lane lane, List<Repairable> found) throws IOException {
    Path file = files.lane(lane.number()).length();
    String says;
    try {
      byte[] bytes = disk.readUpTo(file, Long.BYTES);
      if (bytes.length == Long.BYTES && ByteBuffer.wrap(bytes).getLong() == lane.referenceRows()) {
        return;
      }
      says =
          bytes.length < Long.BYTES
              ? " has " + bytes.length + " bytes"
              : " says " + Long.toUnsignedString(ByteBuffer.wrap(bytes).getLong()) + " rows";
    } catch (NoSuchFileException e) {
      says = " is missing";
    }
    String expected = ", the commit record " + lane.referenceRows() + "; only the crate reads it";
    found.add(new Repairable(Kind.LANE_LENGTH, file, file + says + expected));
  }

  private void findChecksums(CommittedFile file, List<Repairable> found) throws IOException {
    long unknown = 0;
    try (ChunkCrcs crcs = new ChunkCrcs(disk, file)) {
      for (long chunk = 0; chunk < file.fullChunks(); chunk++) {
        unknown += crcs.of(chunk) == ChunkCrcs.UNKNOWN ? 1 : 0;
      }
    }
    if (unknown > 0) {
      Path path = ChunkCrcs.path(file.path());
      String lacks = " lacks the checksums of " + unknown + " of " + file.fullChunks() + " chunks";
      found.add(new Repairable(Kind.CHECKSUMS, path, path + lacks));
    }
  }

  /** Computes the checksums that are not noted, and notes them. */
  void fillInChecksums(CommitRecord record) throws IOException {
    for (CommittedFile file : committed(record)) {
      ChunkCrcs.fillIn(disk, file);
    }
  }

  private List<CommittedFile> committed(CommitRecord record) {
    return record.lanes().stream()
        .flatMap(lane -> files.lane(lane.number()).committed(lane).stream())
        .toList();
  }
}
