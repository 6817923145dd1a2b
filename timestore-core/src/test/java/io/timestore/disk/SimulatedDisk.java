package io.timestore.disk;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The file system of a simulated machine, in memory. It knows what a running program sees, and what
 * of it a power cut may leave. Programs use it through a {@link SimulatedProcess}.
 *
 * <p>What a power cut may do ({@link #afterPowerCut}), each for itself and in any combination:
 *
 * <ul>
 *   <li>a sector of {@value #SECTOR_BYTES} bytes that was written since its file was synced last
 *       holds any of its contents since then, so writes are lost, kept, reordered and torn;
 *   <li>a file that grew has any of its sizes since it was synced last, or one between them; what
 *       was not written is 0;
 *   <li>a name that was made, replaced or removed since its directory was synced last may be as
 *       before or as after; a rename is done or not, never half.
 * </ul>
 *
 * <p>What was synced is never lost, and a sector is never anything but old or new, unless garbage
 * is asked for. What a sync that failed was to write may be lost whatever is synced later. Locks
 * end with their process.
 */
public final class SimulatedDisk {
  static final int SECTOR_BYTES = 512;
  private static final byte[] ZEROS = new byte[SECTOR_BYTES];

  private final Directory root;

  /** Who holds which lock file. */
  final IdentityHashMap<Node, SimulatedProcess> locks = new IdentityHashMap<>();

  /** Numbers for temporary names: the same in each run. */
  private long names;

  public SimulatedDisk() {
    this(new Directory());
  }

  private SimulatedDisk(Directory root) {
    this.root = root;
  }

  /** A file or a directory; several names may lead to a file. */
  sealed interface Node permits FileNode, Directory {
    Node afterPowerCut(Cut cut);
  }

  /** How a power cut decides. */
  static final class Cut {
    private final Random random;
    private final double kept;
    private final IdentityHashMap<Node, Node> nodes = new IdentityHashMap<>();
    private int inFlight;
    private int garbageIndex = -1;

    /**
     * @param kept how likely a change is kept
     */
    private Cut(Random random, double kept) {
      this.random = random;
      this.kept = kept;
    }

    static Cut power(Random random) {
      double[] biases = {0, 1, 0.5, 0.1, 0.9};
      return new Cut(random, biases[random.nextInt(biases.length)]);
    }

    static Cut nothing() {
      return new Cut(new Random(0), 1);
    }

    /** One of so many contents, from the one that was synced to the newest. */
    int choose(int count) {
      if (count == 1 || !keeps()) {
        return 0;
      }
      return kept == 1 || random.nextBoolean() ? count - 1 : 1 + random.nextInt(count - 1);
    }

    /** A file that was growing, by whole sectors. */
    long grown(long fromBytes, long toBytes) {
      if (kept == 1 || toBytes - fromBytes <= SECTOR_BYTES || random.nextBoolean()) {
        return toBytes;
      }
      int sectors = (int) ((toBytes - fromBytes) / SECTOR_BYTES);
      return fromBytes + (long) SECTOR_BYTES * random.nextInt(sectors);
    }

    boolean keeps() {
      return random.nextDouble() < kept;
    }

    Node of(Node node) {
      Node known = nodes.get(node);
      if (known == null) {
        known = node.afterPowerCut(this);
        nodes.put(node, known);
      }
      return known;
    }
  }

  /** A file's content; its sectors are never changed, but replaced. */
  static final class FileNode implements Node {
    private final List<byte[]> sectors = new ArrayList<>();
    private long sizeBytes;

    /** What a sector held when the file was synced last, and each content since then. */
    private final TreeMap<Integer, List<byte[]>> unsynced = new TreeMap<>();

    /** Contents from before a sync that failed, until the sector is written and synced again. */
    private final TreeMap<Integer, List<byte[]>> lost = new TreeMap<>();

    private final List<Long> unsyncedSizes = new ArrayList<>();

    FileNode() {
      unsyncedSizes.add(0L);
    }

    long sizeBytes() {
      return sizeBytes;
    }

    int read(byte[] target, int offset, int length, long position) {
      int count = (int) Math.max(0, Math.min(length, sizeBytes - position));
      int done = 0;
      while (done < count) {
        int inSector = (int) ((position + done) % SECTOR_BYTES);
        int part = Math.min(count - done, SECTOR_BYTES - inSector);
        byte[] sector = sector((int) ((position + done) / SECTOR_BYTES));
        System.arraycopy(sector, inSector, target, offset + done, part);
        done += part;
      }
      return count;
    }

    private byte[] sector(int index) {
      return index < sectors.size() ? sectors.get(index) : ZEROS;
    }

    void write(byte[] source, int offset, int length, long position) {
      int done = 0;
      while (done < length) {
        int index = (int) ((position + done) / SECTOR_BYTES);
        int inSector = (int) ((position + done) % SECTOR_BYTES);
        int part = Math.min(length - done, SECTOR_BYTES - inSector);
        byte[] before = sector(index);
        byte[] after = before.clone();
        System.arraycopy(source, offset + done, after, inSector, part);
        unsynced.computeIfAbsent(index, i -> new ArrayList<>(List.of(before))).add(after);
        set(index, after);
        done += part;
      }
      if (position + length > sizeBytes) {
        sizeBytes = position + length;
        unsyncedSizes.add(sizeBytes);
      }
    }

    private void set(int index, byte[] sector) {
      while (sectors.size() <= index) {
        sectors.add(ZEROS);
      }
      sectors.set(index, sector);
    }

    void truncate(long newSizeBytes) {
      byte[] tail = new byte[(int) Math.max(0, sizeBytes - newSizeBytes)];
      write(tail, 0, tail.length, newSizeBytes);
      sizeBytes = newSizeBytes;
      unsyncedSizes.add(sizeBytes);
    }

    void sync() {
      lost.keySet().removeAll(unsynced.keySet());
      unsynced.clear();
      unsyncedSizes.clear();
      unsyncedSizes.add(sizeBytes);
    }

    /** A sync failed: what it did not write is taken for clean. */
    void loseUnsynced() {
      add(unsynced, lost);
      unsynced.clear();
    }

    private static void add(
        Map<Integer, List<byte[]>> contents, Map<Integer, List<byte[]>> target) {
      contents.forEach(
          (index, some) -> target.computeIfAbsent(index, i -> new ArrayList<>()).addAll(some));
    }

    @Override
    public FileNode afterPowerCut(Cut cut) {
      FileNode after = new FileNode();
      after.sectors.addAll(sectors);
      TreeMap<Integer, List<byte[]>> unsure = new TreeMap<>();
      add(lost, unsure);
      add(unsynced, unsure);
      for (Map.Entry<Integer, List<byte[]>> sector : unsure.entrySet()) {
        List<byte[]> contents = sector.getValue();
        byte[] content = contents.get(cut.choose(contents.size()));
        if (cut.inFlight++ == cut.garbageIndex) {
          content = new byte[SECTOR_BYTES];
          cut.random.nextBytes(content);
        }
        after.set(sector.getKey(), content);
      }
      int size = cut.choose(unsyncedSizes.size());
      after.sizeBytes =
          size == 0
              ? unsyncedSizes.get(0)
              : cut.grown(unsyncedSizes.get(size - 1), unsyncedSizes.get(size));
      after.forgetBehindEnd();
      after.sync();
      return after;
    }

    private void forgetBehindEnd() {
      int count = (int) ((sizeBytes + SECTOR_BYTES - 1) / SECTOR_BYTES);
      while (sectors.size() > count) {
        sectors.remove(sectors.size() - 1);
      }
      int used = (int) (sizeBytes % SECTOR_BYTES);
      if (used > 0 && sectors.size() == count) {
        byte[] last = new byte[SECTOR_BYTES];
        System.arraycopy(sectors.get(count - 1), 0, last, 0, used);
        sectors.set(count - 1, last);
      }
    }
  }

  /** A change of names that is done as a whole; null: the name is gone. */
  private record NameChange(Map<String, @Nullable Node> names) {}

  /** Names in a directory. */
  static final class Directory implements Node {
    private final TreeMap<String, Node> names = new TreeMap<>();
    private final TreeMap<String, Node> syncedNames = new TreeMap<>();
    private final List<NameChange> unsynced = new ArrayList<>();

    @Nullable Node get(String name) {
      return names.get(name);
    }

    List<String> names() {
      return List.copyOf(names.keySet());
    }

    void put(String name, Node node) {
      change(Map.of(name, node));
    }

    void remove(String name) {
      HashMap<String, @Nullable Node> gone = new HashMap<>();
      gone.put(name, null);
      change(gone);
    }

    void rename(String from, String to) {
      Node node = names.get(from);
      if (node == null || node == names.get(to)) {
        return; // Renaming one name of a file onto another of the same file leaves both.
      }
      HashMap<String, @Nullable Node> renamed = new HashMap<>();
      renamed.put(from, null);
      renamed.put(to, node);
      change(renamed);
    }

    private void change(Map<String, @Nullable Node> changed) {
      NameChange change = new NameChange(changed);
      apply(change, names);
      unsynced.add(change);
    }

    private static void apply(NameChange change, Map<String, Node> names) {
      change.names.forEach(
          (name, node) -> {
            if (node == null) {
              names.remove(name);
            } else {
              names.put(name, node);
            }
          });
    }

    void sync() {
      unsynced.clear();
      syncedNames.clear();
      syncedNames.putAll(names);
    }

    @Override
    public Directory afterPowerCut(Cut cut) {
      TreeMap<String, Node> kept = new TreeMap<>(syncedNames);
      for (NameChange change : unsynced) {
        if (cut.keeps()) {
          apply(change, kept);
        }
      }
      Directory after = new Directory();
      kept.forEach((name, node) -> after.names.put(name, cut.of(node)));
      after.sync();
      return after;
    }
  }

  /** What a machine may find when the power comes back: one possibility of many. */
  public SimulatedDisk afterPowerCut(Random random) {
    return after(Cut.power(random));
  }

  private synchronized SimulatedDisk after(Cut cut) {
    SimulatedDisk after = new SimulatedDisk((Directory) cut.of(root));
    after.names = names;
    return after;
  }

  /**
   * As {@link #afterPowerCut}, but one sector that was being overwritten holds neither its old nor
   * its new bytes.
   *
   * @return null if nothing was being overwritten
   */
  public @Nullable SimulatedDisk afterPowerCutWithGarbage(Random random) {
    long seed = random.nextLong();
    Cut cut = Cut.power(new Random(seed));
    after(cut);
    if (cut.inFlight == 0) {
      return null;
    }
    Cut withGarbage = Cut.power(new Random(seed));
    withGarbage.garbageIndex = random.nextInt(cut.inFlight);
    return after(withGarbage);
  }

  /** The same files on another machine, all of them durable. */
  public SimulatedDisk copy() {
    return after(Cut.nothing());
  }

  /** A program that runs on this machine. */
  public SimulatedProcess process() {
    return new SimulatedProcess(this);
  }

  String newName() {
    return Long.toString(names++);
  }

  /** Most are, and paths are slow to take apart. */
  static Path absolute(Path path) {
    return path.isAbsolute() && !path.toString().contains("/.")
        ? path
        : path.toAbsolutePath().normalize();
  }

  @Nullable Node find(Path path) {
    String names = absolute(path).toString();
    Node node = root;
    int start = 1;
    while (start < names.length()) {
      if (!(node instanceof Directory directory)) {
        return null;
      }
      int end = names.indexOf('/', start);
      end = end < 0 ? names.length() : end;
      node = directory.get(names.substring(start, end));
      start = end + 1;
    }
    return node;
  }

  FileNode file(Path path) throws IOException {
    if (find(path) instanceof FileNode file) {
      return file;
    }
    throw new NoSuchFileException(path.toString());
  }

  Directory directory(Path path) throws IOException {
    if (find(path) instanceof Directory directory) {
      return directory;
    }
    throw new NoSuchFileException(path.toString());
  }
}
