package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.FileNames;
import io.timestore.format.Lane;
import io.timestore.format.Lane.LaneTable;
import io.timestore.format.Schema;
import io.timestore.format.TableNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Where the files of a store are.
 *
 * @param isJournal whether it is the journal of another one
 */
record StoreFiles(Path root, boolean isJournal) {
  private static final String LANES = "lanes";
  private static final String COMMITS = "commits";
  private static final String NEW_LENGTH = "new_length";
  private static final List<String> LEFTOVERS =
      List.of(".length.", ".record.", ".probe.", ".columns.");
  private static final Set<String> NO_TABLES = Set.of(LANES, COMMITS, NEW_LENGTH);

  StoreFiles(Path root) {
    this(root, false);
  }

  /** The store of the commits that left the record. */
  Path commits() {
    return root.resolve(COMMITS);
  }

  Path schema() {
    return root.resolve("schema.json");
  }

  Path length() {
    return root.resolve("length");
  }

  Path record() {
    return root.resolve("record");
  }

  Path commitLock() {
    return root.resolve("commit.lock");
  }

  Path lanes() {
    return root.resolve(LANES);
  }

  /** A name for a file that is in the making; publishers remove what a crash left. */
  Path temporary(Path target, Object owner) {
    return root.resolve("." + target.getFileName() + "." + owner);
  }

  boolean isLeftover(String name) {
    return LEFTOVERS.stream().anyMatch(name::startsWith);
  }

  /** Not that of a creator, who does without the commit lock. */
  Path newSchema(Object owner) {
    return temporary(root.resolve("columns"), owner);
  }

  Schema readSchema(Disk disk) throws IOException {
    return Schema.fromJson(SmallFile.read(disk, schema()), schema().toString());
  }

  LaneFiles lane(int number) {
    return new LaneFiles(
        number, number == 0 ? root : lanes().resolve(String.format(Locale.ROOT, "%05d", number)));
  }

  /** The directories in {@code lanes/}, whether a record names them or not, by number. */
  List<LaneFiles> lanesOnDisk(Disk disk) throws IOException {
    List<LaneFiles> lanes = new ArrayList<>();
    if (disk.isDirectory(lanes())) {
      for (String name : disk.list(lanes())) {
        laneNumber(name).ifPresent(number -> lanes.add(lane(number)));
      }
    }
    lanes.sort(Comparator.comparingInt(LaneFiles::number));
    return lanes;
  }

  /** The number of the lane in a directory of {@code lanes/}; empty for any other name. */
  static OptionalInt laneNumber(String name) {
    return name.matches("\\d{5,9}") ? OptionalInt.of(Integer.parseInt(name)) : OptionalInt.empty();
  }

  /** The files of a lane. */
  record LaneFiles(int number, Path directory) {
    Path keys() {
      return directory.resolve("keys");
    }

    /** Whether a file of the store is one of this lane's. */
    boolean holds(Path file) {
      return file.startsWith(directory)
          && (number != 0 || !file.startsWith(directory.resolve(LANES)));
    }

    Path table(String table) {
      return FileNames.resolve(directory, table);
    }

    Path offsets(String table) {
      return table(table).resolve("offsets");
    }

    Path data(String table) {
      return table(table).resolve("data");
    }

    /** The lane's files, as far as they are committed. */
    List<CommittedFile> committed(Lane lane) {
      if (!lane.hasFiles()) {
        return List.of();
      }
      List<CommittedFile> committed = new ArrayList<>(List.of(committedKeys(lane)));
      for (LaneTable table : lane.tables()) {
        committed.add(committedOffsets(lane, table));
        committed.add(committedData(table));
      }
      return committed;
    }

    CommittedFile committedKeys(Lane lane) {
      return new CommittedFile(keys(), lane.rows() * Long.BYTES, lane.keysTailCrc());
    }

    CommittedFile committedOffsets(Lane lane, LaneTable table) {
      return new CommittedFile(
          offsets(table.name()), lane.rows() * Long.BYTES, table.offsetsTailCrc());
    }

    CommittedFile committedData(LaneTable table) {
      return new CommittedFile(data(table.name()), table.dataBytes(), table.dataTailCrc());
    }

    Path length() {
      return directory.resolve("length");
    }

    /** A directory of this name stops the reference from appending. */
    Path newLength() {
      return directory.resolve(NEW_LENGTH);
    }

    Path writerLock() {
      return directory.resolve("writer.lock");
    }

    /** Removes the lane's directory with all that is in it; not that of lane 0. */
    void remove(Disk disk) throws IOException {
      if (number == 0) {
        throw new IllegalArgumentException("lane 0 is the store itself");
      }
      remove(disk, directory);
    }

    private static void remove(Disk disk, Path path) throws IOException {
      if (disk.isDirectory(path)) {
        for (String name : disk.list(path)) {
          remove(disk, FileNames.resolve(path, name));
        }
      }
      disk.delete(path);
    }

    /** The tables that have files here, sorted. */
    List<String> tables(Disk disk) throws IOException {
      List<String> tables = new ArrayList<>();
      for (String name : disk.list(directory)) {
        if (!name.startsWith(".") && !NO_TABLES.contains(name) && disk.exists(offsets(name))) {
          if (!TableNames.isValid(name)) {
            throw new UnsupportedStoreException(
                table(name)
                    + " is a table, by its file 'offsets', of a name that the store keeps for"
                    + " itself; expected another name");
          }
          tables.add(name);
        }
      }
      return tables;
    }
  }
}
