package io.timestore.store;

import static io.timestore.store.Publisher.Outcome.PUBLISHED;

import io.timestore.disk.DirectIo;
import io.timestore.disk.Disk;
import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.disk.SimulatedProcess.Fate;
import io.timestore.disk.SimulatedProcess.Kind;
import io.timestore.disk.SimulatedProcess.Operation;
import io.timestore.format.Batch;
import io.timestore.format.Commit;
import io.timestore.format.CommitRecord;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Lane;
import io.timestore.format.Lineage;
import io.timestore.format.Schema;
import io.timestore.store.Ledger.Entry;
import io.timestore.store.Ledger.State;
import io.timestore.store.Publisher.RestoreMode;
import io.timestore.store.Publisher.Restored;
import io.timestore.store.WriterOptions.LateRows;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A machine on which writers of all kinds live and die: runs that commit for themselves, sinks, the
 * reference. Wherever the campaign asks for it the power is cut, and what may be left goes on as a
 * history of its own.
 */
final class CrashHistory {
  private static final List<String> TABLES = List.of("a", "b");
  private static final Path STORE = Path.of("/data/ticks/store");
  private static final int STEPS_MAX = 24;

  private final CrashCampaign campaign;
  private final Random random;
  private final int depth;
  private final Entropy entropy;
  private SimulatedDisk disk;
  private Ledger ledger;
  private @Nullable Direct direct;
  private @Nullable Sink sink;
  private @Nullable Backup backup;
  private @Nullable Store observed;
  private long millis;

  /** Operations until the process that asks for one is killed; negative: never. */
  private int operationsLeft = -1;

  /** Whether the next one that links its record is killed there, before the rename. */
  private boolean diesBehindLink;

  /** Whether a creator died, so that what the next one finds may go in a power cut. */
  private boolean creationIsInDoubt;

  /** A run that publishes its own commits. */
  private static final class Direct {
    private final SimulatedProcess process;
    private final StoreWriter writer;

    /** Whether others changed the store since its last commit: it may have to give up. */
    private boolean interfered;

    Direct(SimulatedProcess process, StoreWriter writer) {
      this.process = process;
      this.writer = writer;
    }
  }

  /** An attempt of a sink, writer and committer. */
  private static final class Sink {
    private final SimulatedProcess process;
    private final StoreWriter writer;
    private final Publisher publisher;
    private boolean interfered;

    Sink(SimulatedProcess process, StoreWriter writer, Publisher publisher) {
      this.process = process;
      this.writer = writer;
      this.publisher = publisher;
    }
  }

  private record Backup(SimulatedDisk disk, Ledger ledger) {}

  private interface Work {
    void run() throws IOException;
  }

  CrashHistory(
      CrashCampaign campaign, Random random, SimulatedDisk disk, Ledger ledger, int depth) {
    this.campaign = campaign;
    this.random = random;
    this.disk = disk;
    this.ledger = ledger;
    this.depth = depth;
    this.entropy = new Entropy(() -> Instant.ofEpochMilli(millis++), this::newId);
  }

  private UUID newId() {
    return new UUID(random.nextLong(), random.nextLong());
  }

  int depth() {
    return depth;
  }

  /** From an empty disk, or a store of the reference, through some steps. */
  void live() throws IOException {
    if (random.nextInt(4) == 0) {
      createByReference();
    }
    ledger.keepsLateRows = random.nextInt(3) == 0;
    switch (random.nextInt(6)) {
      case 0 -> overwriteCheckpoint();
      case 1 -> dieBeforeReference();
      default -> {}
    }
    int steps = 2 + random.nextInt(STEPS_MAX);
    for (int i = 0; i < steps && campaign.goesOn(); i++) {
      step();
    }
    look();
  }

  /** The reference writes where a sink prepared. */
  private void overwriteCheckpoint() throws IOException {
    checkpoint();
    appendByReference();
  }

  /**
   * A publisher dies when {@code record} is newer than {@code length}; then the reference comes.
   */
  private void dieBeforeReference() throws IOException {
    commitDirect();
    diesBehindLink = true;
    commitDirect();
    diesBehindLink = false;
    settle();
    appendByReference();
  }

  /** What a machine does once the power is back. */
  void recover() throws IOException {
    ledger.crash();
    ledger.settle(look());
    if (ledger.lineage != null && ledger.registering == null) {
      ledger.registering =
          new Restored(
              ledger.lineage, ledger.submission, ledger.submission, ledger.nextCheckpoint - 1);
    }
    if (ledger.lineage != null || !ledger.all(State.PREPARED).isEmpty()) {
      resumeSink();
    }
    if (random.nextInt(3) == 0) {
      checkpoint();
      publishByCommitter();
    } else {
      openDirect();
      commitDirect();
    }
    checkLeftovers();
    publishRefused();
    if (depth == 1 && random.nextInt(8) == 0) {
      int steps = random.nextInt(4);
      for (int i = 0; i < steps; i++) {
        step();
      }
    }
    look();
  }

  /** As {@link #recover}, where a sector may hold garbage: it is found, or does not matter. */
  void recoverFromGarbage() throws IOException {
    ledger.crash();
    try {
      if (ledger.created && random.nextBoolean()) {
        Store store = Store.open(process(Operation::run), entropy, STORE);
        try (StoreWriter writer = store.writer(options())) {
          int entry = ledger.begin(newRows());
          append(writer, ledger.entry(entry).rows());
          ledger.publishing(List.of(ledger.entry(entry)));
          writer.commit();
          ledger.set(entry, State.VISIBLE);
        }
      }
      Store store = find();
      if (store != null) {
        readRows(store);
      }
    } catch (CorruptStoreException e) {
      campaign.detected();
    }
  }

  private void step() throws IOException {
    operationsLeft = random.nextInt(6) == 0 ? random.nextInt(50) : -1;
    diesBehindLink = random.nextInt(16) == 0;
    switch (random.nextInt(26)) {
      case 0, 1, 2, 3, 4 -> commitDirect();
      case 5 -> abandonBatch();
      case 6 -> closeDirect();
      case 7 -> leave();
      case 8, 9, 10, 11 -> checkpoint();
      case 12, 13, 14 -> publishByCommitter();
      case 15 -> endSink();
      case 16, 17 -> restoreSink(random.nextBoolean());
      case 18 -> insertStateless();
      case 19, 20, 21 -> appendByReference();
      case 22 -> publishRefused();
      case 23 -> compact();
      case 24 -> restoreOlder();
      default -> backUp();
    }
    operationsLeft = -1;
    diesBehindLink = false;
    if (random.nextBoolean()) {
      settle();
    }
    if (random.nextInt(4) == 0) {
      look();
    }
    campaign.mayCut(this);
  }

  // The machine.

  private SimulatedProcess process() {
    return process(campaign.newFate());
  }

  private SimulatedProcess process(Fate fate) {
    return disk.process().withFate(operation -> decide(operation, fate));
  }

  private void decide(Operation operation, Fate fate) throws IOException {
    if (!operation.kind().changesDisk()) {
      fate.decide(operation);
    } else if (operationsLeft-- == 0) {
      die(operation, fate);
    } else if (diesBehindLink && operation.path().endsWith("record")) {
      fate.decide(operation);
      kill(operation.process());
    } else {
      fate.decide(operation);
      campaign.mayCut(this);
    }
  }

  private void die(Operation operation, Fate fate) throws IOException {
    if (random.nextBoolean()) {
      if (operation.kind() == Kind.WRITE && random.nextBoolean()) {
        operation.run(operation.byteCount() / 1024 * 512);
      } else {
        fate.decide(operation);
      }
    }
    kill(operation.process());
  }

  private void kill(SimulatedProcess process) {
    process.kill();
    creationIsInDoubt |= !ledger.created;
  }

  /** The power goes, now; what is left of the disk goes on without us. */
  void cut() throws IOException {
    long seed = random.nextLong();
    SimulatedDisk left =
        campaign.garbage()
            ? disk.afterPowerCutWithGarbage(new Random(seed))
            : disk.afterPowerCut(new Random(seed));
    if (left == null) {
      return;
    }
    campaign.count();
    CrashHistory after =
        new CrashHistory(campaign, new Random(seed), left, new Ledger(ledger), depth + 1);
    if (campaign.garbage()) {
      after.recoverFromGarbage();
    } else {
      after.recover();
    }
  }

  /**
   * Work of one process.
   *
   * @return whether it came to its end; else the process was killed
   */
  private boolean survives(SimulatedProcess process, Work work) throws IOException {
    try {
      work.run();
    } catch (IOException e) {
      if (!process.isKilled()) {
        throw e;
      }
    }
    return !process.isKilled();
  }

  // Looking.

  /** Reads the store in every way, and compares. */
  private List<String> look() throws IOException {
    Store store = find();
    if (store == null) {
      return List.of();
    }
    List<String> found = readRows(store);
    readValues(store, found);
    checkFiles(store);
    return found;
  }

  private List<String> readRows(Store store) throws IOException {
    List<String> found = Rows.read(store, TABLES);
    ledger.check(found);
    return found;
  }

  /** The store as one sees it who only reads; null if there is none. */
  private @Nullable Store find() throws IOException {
    try {
      Store store = observed;
      if (store == null || !store.id().equals(ledger.storeId)) {
        store = Store.open(disk.process(), entropy, STORE);
        observed = store;
      }
      if (ledger.storeId != null && !store.id().equals(ledger.storeId)) {
        throw new AssertionError("store " + store.id() + ", expected " + ledger.storeId);
      }
      return store;
    } catch (NoSuchFileException e) {
      ledger.check(List.of());
      if (ledger.created) {
        throw new AssertionError("the store is gone", e);
      }
      return null;
    }
  }

  private void readValues(Store store, List<String> found) throws IOException {
    try (StoreReader reader = store.reader()) {
      if (reader.rowCount() != found.size()) {
        throw new AssertionError(reader.rowCount() + " rows, the scan found " + found.size());
      }
      for (int i = 0; i < Math.min(3, found.size()); i++) {
        int row = random.nextInt(found.size());
        String[] fields = found.get(row).split(" ", -1);
        int column = random.nextInt(TABLES.size());
        long key = Long.parseLong(fields[0]);
        if (reader.key(row) != key) {
          throw new AssertionError("row " + row + " has the key " + reader.key(row));
        }
        checkValue(reader.valueAt(TABLES.get(column), row).bytes(), fields[column + 1], row);
        List<Value> sameKey = reader.values(TABLES.get(column), key);
        int first = row;
        while (first > 0 && found.get(first - 1).startsWith(fields[0] + " ")) {
          first--;
        }
        checkValue(sameKey.get(row - first).bytes(), fields[column + 1], row);
      }
    }
  }

  private static void checkValue(byte[] value, String expected, int row) {
    String hex = value.length == 0 ? "-" : HexFormat.of().formatHex(value);
    if (!hex.equals(expected)) {
      throw new AssertionError("row " + row + " has the value " + hex + ", not " + expected);
    }
  }

  /** What the reference sees, and what our next publisher will. */
  private void checkFiles(Store store) throws IOException {
    Disk reader = disk.process();
    StoreFiles files = new StoreFiles(STORE);
    CommitRecord record = store.snapshot().record();
    for (String table : ledger.created ? TABLES : List.<String>of()) {
      if (!reader.exists(files.lane(0).offsets(table))
          || !reader.exists(files.lane(0).data(table))) {
        throw new AssertionError("the reference can't open the store: no files of " + table);
      }
    }
    if (reader.exists(files.record())) {
      CommitRecord unused =
          CommitRecord.fromBytes(SmallFile.read(reader, files.record()), "record").orElseThrow();
    }
    if (reader.exists(files.length())) {
      long rows = ByteBuffer.wrap(SmallFile.read(reader, files.length())).getLong();
      if (rows != record.lanes().get(0).referenceRows()) {
        throw new AssertionError("the reference sees " + rows + " rows of " + record.lanes());
      }
    }
    for (Lane lane : record.lanes().size() > 1 ? record.lanes() : List.<Lane>of()) {
      if (!reader.isDirectory(files.lane(lane.number()).newLength())) {
        throw new AssertionError("the reference may append to lane " + lane.number());
      }
    }
    long published =
        ledger.all(State.VISIBLE).stream()
            .filter(entry -> entry.isOf(ledger.lineage))
            .mapToLong(Entry::checkpoint)
            .max()
            .orElse(Lineage.NO_CHECKPOINT);
    if (published != Lineage.NO_CHECKPOINT
        && record.lineage(ledger.lineage).orElseThrow().publishedCheckpointId() < published) {
      throw new AssertionError("checkpoint " + published + " is not known: " + record.lineages());
    }
  }

  /** After a publication by somebody new. */
  private void checkLeftovers() throws IOException {
    for (String name : disk.process().list(STORE)) {
      if (name.startsWith(".length.") || name.startsWith(".record.")) {
        throw new AssertionError(name + " was left");
      }
    }
  }

  /** Somebody who changes nothing takes the lock: what is seen then stays. */
  private void settle() throws IOException {
    if (!ledger.isInDoubt()) {
      return;
    }
    SimulatedProcess process = process();
    try (Publisher publisher = Store.open(process, entropy, STORE).publisher()) {
      publisher.startWithoutState(newId());
    }
    ledger.created = true;
    ledger.settle(look());
  }

  // Writers.

  /** What one of ours writes, in key order: some rows may be older than what there is. */
  private List<String> newRows() {
    List<String> rows = new ArrayList<>();
    if (ledger.keepsLateRows && random.nextInt(4) == 0) {
      for (int left = random.nextInt(4); left >= 0; left--) {
        long key = 1 + 2L * random.nextInt((int) (ledger.nextKey / 2));
        if (ledger.lateKeys.add(key)) {
          rows.add(key + " " + newValue(1) + " " + newValue(1));
        }
      }
      rows.sort(Comparator.comparingLong(row -> Long.parseLong(row.split(" ", 2)[0])));
    }
    rows.addAll(newestRows());
    return rows;
  }

  private List<String> newestRows() {
    int rowCount =
        switch (random.nextInt(40)) {
          case 0 -> 500 + random.nextInt(100);
          case 1, 2, 3, 4 -> 2 + random.nextInt(60);
          default -> 1 + random.nextInt(4);
        };
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < rowCount; i++) {
      if (i == 0 || random.nextInt(8) > 0) {
        ledger.nextKey += 2 + 2 * random.nextInt(3);
      }
      rows.add(ledger.nextKey + " " + newValue(rowCount) + " " + newValue(rowCount));
    }
    return rows;
  }

  private String newValue(int rowCount) {
    int sizeBytes =
        switch (random.nextInt(rowCount > 60 ? 20 : 400)) {
          case 0, 1, 2 -> 0;
          case 20, 21, 22, 23 -> 500 + random.nextInt(5000);
          case 24 -> random.nextInt(20) == 0 ? 400_000 + random.nextInt(300_000) : 20_000;
          default -> 1 + random.nextInt(20);
        };
    if (sizeBytes == 0) {
      return "-";
    }
    byte[] value = new byte[sizeBytes];
    random.nextBytes(value);
    return HexFormat.of().formatHex(value);
  }

  private void append(StoreWriter writer, List<String> rows) throws IOException {
    int done = 0;
    while (done < rows.size()) {
      int count = random.nextBoolean() ? rows.size() - done : 1;
      Batch batch = Rows.batch(rows.subList(done, done + count));
      byte[][] values = new byte[TABLES.size()][];
      for (int i = 0; i < values.length; i++) {
        values[i] = batch.column(i).bytesAt(0);
      }
      if (count > 1) {
        writer.append(batch);
      } else if (random.nextBoolean()) {
        writer.append(batch.key(0), values);
      } else {
        List<InputStream> streams = new ArrayList<>();
        for (byte[] value : values) {
          streams.add(new ByteArrayInputStream(value));
        }
        writer.append(batch.key(0), streams);
      }
      done += count;
    }
  }

  private WriterOptions options() {
    WriterOptions options = WriterOptions.defaults().withBufferMemoryBytes(1);
    return ledger.keepsLateRows ? options.withLateRows(LateRows.KEEP) : options;
  }

  private Store open(SimulatedProcess process) throws IOException {
    if (ledger.created && random.nextInt(4) > 0) {
      return Store.open(process, entropy, STORE);
    }
    Schema schema = Schema.ofTables(TABLES);
    schema = new Schema(newId(), schema.key(), schema.columns(), schema.flink());
    Store store = Store.openOrCreate(process, entropy, STORE, schema);
    if (!creationIsInDoubt) {
      acknowledgeCreation(store);
    }
    return store;
  }

  private void acknowledgeCreation(Store store) {
    ledger.created = true;
    ledger.storeId = store.id();
    creationIsInDoubt = false;
  }

  private void openDirect() throws IOException {
    SimulatedProcess process = process();
    survives(process, () -> direct = new Direct(process, open(process).writer(options())));
  }

  private void interfere() {
    if (direct != null) {
      direct.interfered = true;
    }
    if (sink != null) {
      sink.interfered = true;
    }
  }

  private void commitDirect() throws IOException {
    if (direct == null) {
      openDirect();
    }
    Direct run = direct;
    if (run == null) {
      return;
    }
    int entry = ledger.begin(newRows());
    boolean interfered = run.interfered;
    boolean goesOn = false;
    try {
      goesOn =
          survives(
              run.process,
              () -> {
                append(run.writer, ledger.entry(entry).rows());
                ledger.publishing(List.of(ledger.entry(entry)));
                run.writer.commit();
                ledger.set(entry, State.VISIBLE);
                ledger.created = true;
              });
    } catch (ConflictException e) {
      if (!interfered) {
        throw e;
      }
      ledger.set(entry, State.VOID);
      run.writer.close();
    }
    interfere();
    run.interfered = false;
    if (!goesOn) {
      endBatch(entry);
      direct = null;
    }
  }

  private void endBatch(int entry) {
    if (ledger.entry(entry).state() == State.WRITTEN) {
      ledger.set(entry, State.VOID);
    }
  }

  /** Rows that are appended, and never committed. */
  private void abandonBatch() throws IOException {
    Direct run = direct;
    if (run == null || run.interfered) {
      return;
    }
    int entry = ledger.begin(newRows());
    survives(
        run.process,
        () -> {
          append(run.writer, ledger.entry(entry).rows());
          run.writer.close();
        });
    interfere();
    endBatch(entry);
    direct = null;
  }

  /** A process ends without a word, or stands still for ever and keeps its locks. */
  private void leave() {
    boolean isKilled = random.nextInt(4) > 0;
    if (sink != null && (direct == null || random.nextBoolean())) {
      if (isKilled) {
        sink.process.kill();
      }
      sink = null;
    } else if (direct != null) {
      if (isKilled) {
        direct.process.kill();
      }
      direct = null;
    }
  }

  private void closeDirect() throws IOException {
    Direct run = direct;
    if (run != null) {
      survives(run.process, run.writer::close);
      interfere();
      direct = null;
    }
  }

  // Sinks.

  private WriterOptions sinkOptions(UUID lineage, UUID submission) {
    return WriterOptions.ofSink(DirectIo.AUTO, 1, lineage, submission);
  }

  private UUID newSubmission() {
    return new UUID(ledger.nextSubmission++, random.nextLong());
  }

  private void startSink() throws IOException {
    if (ledger.registering != null) {
      // It may have registered before it died, and so fenced what was prepared after it.
      voidAbove(ledger.registering.checkpointId(), State.VOID);
    }
    UUID lineage = newId();
    ledger.lineage = lineage;
    ledger.submission = newSubmission();
    ledger.firstCheckpoint = ledger.nextCheckpoint - 1;
    ledger.endCheckpoint = -1;
    ledger.registering = null;
    SimulatedProcess process = process();
    survives(
        process,
        () -> {
          Store store = open(process);
          Publisher publisher = store.publisher();
          if (publisher.startWithoutState(ledger.submission)) {
            throw new AssertionError("a new submission is said to have ended");
          }
          StoreWriter writer = store.writer(sinkOptions(lineage, ledger.submission));
          sink = new Sink(process, writer, publisher);
        });
  }

  private void checkpoint() throws IOException {
    if (sink == null) {
      startSink();
    }
    Sink run = sink;
    if (run == null) {
      return;
    }
    int entry = ledger.begin(newRows());
    long checkpoint = ledger.nextCheckpoint++;
    boolean goesOn = false;
    try {
      goesOn =
          survives(
              run.process,
              () -> {
                append(run.writer, ledger.entry(entry).rows());
                Commit commit = run.writer.prepare(false, Long.MIN_VALUE).orElseThrow();
                ledger.prepared(entry, commit.ofCheckpoint(checkpoint, false));
              });
    } catch (ConflictException e) {
      if (!run.interfered) {
        throw e;
      }
      run.writer.close();
    }
    if (direct != null) {
      direct.interfered = true;
    }
    if (!goesOn) {
      endBatch(entry);
      sink = null;
    }
  }

  private void publishByCommitter() throws IOException {
    Sink run = sink;
    if (run == null) {
      return;
    }
    if (!survives(run.process, () -> publishPending(run.publisher, false))) {
      sink = null;
    }
  }

  /** All that is prepared, oldest first; by one rename each, or by one for several. */
  private void publishPending(Publisher publisher, boolean verifyBytes) throws IOException {
    List<Entry> again =
        ledger.all(State.IN_DOUBT).stream().filter(entry -> entry.commit() != null).toList();
    while (!again.isEmpty()) {
      int number = again.get(0).group();
      List<Entry> group = again.stream().filter(entry -> entry.group() == number).toList();
      again = again.stream().filter(entry -> entry.group() != number).toList();
      publish(publisher, group, verifyBytes);
    }
    List<Entry> done =
        ledger.all(State.VISIBLE).stream().filter(entry -> entry.commit() != null).toList();
    if (!done.isEmpty() && random.nextBoolean()) {
      // Restored state may hold what was published, and who publishes can't always know.
      publisher.publish(List.of(done.get(done.size() - 1).commit()), verifyBytes);
    }
    // A committer that lives on has no reason to look at the bytes, and so leaves these alone.
    Set<UUID> left =
        ledger.all(State.PREPARED).stream()
            .filter(Entry::overwritten)
            .map(entry -> entry.commit().run())
            .collect(Collectors.toSet());
    List<Entry> pending =
        ledger.all(State.PREPARED).stream()
            .filter(entry -> verifyBytes || !left.contains(entry.commit().run()))
            .toList();
    if (random.nextInt(4) == 0 && pending.stream().allMatch(e -> e.isOf(ledger.lineage))) {
      publish(publisher, pending, verifyBytes);
    }
    for (Entry entry : pending) {
      if (ledger.entry(entry.id()).state() == State.PREPARED) {
        publish(publisher, List.of(entry), verifyBytes);
      }
    }
  }

  private void publish(Publisher publisher, List<Entry> group, boolean verifyBytes)
      throws IOException {
    if (group.isEmpty()) {
      return;
    }
    boolean isOverwritten = group.stream().anyMatch(Entry::overwritten);
    ledger.publishing(group);
    try {
      publisher.publish(group.stream().map(Entry::commit).toList(), verifyBytes);
    } catch (ConflictException e) {
      if (!isOverwritten) {
        throw e;
      }
      group.forEach(entry -> giveUp(entry));
      return;
    }
    group.forEach(entry -> ledger.set(entry.id(), State.VISIBLE));
    ledger.created = true;
    interfere();
  }

  /** What follows in the same lane can't be published either. */
  private void giveUp(Entry entry) {
    ledger.set(entry.id(), State.VOID);
    for (Entry later : ledger.all(State.PREPARED)) {
      if (later.commit().run().equals(entry.commit().run())) {
        ledger.set(later.id(), State.VOID);
      }
    }
  }

  private void endSink() throws IOException {
    Sink run = sink;
    if (run == null) {
      return;
    }
    survives(
        run.process,
        () -> {
          publishPending(run.publisher, false);
          var end = run.writer.prepare(true, Long.MIN_VALUE);
          if (end.isPresent()) {
            Commit commit = end.get().ofCheckpoint(ledger.nextCheckpoint++, false);
            ledger.endCheckpoint = commit.checkpointId();
            run.publisher.publish(List.of(commit), false);
          }
          run.writer.close();
        });
    interfere();
    sink = null;
    ledger.lineage = null;
  }

  /** A failover, or a restore by a new submission, from the newest checkpoint or an older one. */
  private void restoreSink(boolean bySuccessor) throws IOException {
    if (ledger.lineage == null) {
      return;
    }
    if (sink != null && random.nextBoolean()) {
      sink.process.kill();
    }
    sink = null;
    long newest = ledger.nextCheckpoint - 1;
    long oldest = Math.max(ledger.firstCheckpoint, ledger.publishedCheckpoint());
    long restored =
        random.nextBoolean() ? newest : oldest + random.nextInt((int) (newest - oldest) + 1);
    if (ledger.registering == null) {
      ledger.registering =
          new Restored(
              ledger.lineage,
              ledger.submission,
              bySuccessor ? newSubmission() : ledger.submission,
              restored);
    }
    resumeSink();
  }

  private void resumeSink() throws IOException {
    SimulatedProcess process = process();
    survives(
        process,
        () -> {
          Store store = open(process);
          Publisher publisher = store.publisher();
          register(publisher);
          publishPending(publisher, true);
          if (ledger.lineage != null) {
            StoreWriter writer = store.writer(sinkOptions(ledger.lineage, ledger.submission));
            sink = new Sink(process, writer, publisher);
          }
        });
    interfere();
  }

  private void register(Publisher publisher) throws IOException {
    Restored restored = ledger.registering;
    if (restored == null) {
      return;
    }
    boolean isSuccessor = !restored.submission().equals(restored.stateSubmission());
    if (!isSuccessor) {
      voidAbove(restored.checkpointId(), State.VOID);
    }
    restored = registerBy(publisher, restored);
    if (isSuccessor) {
      voidAbove(restored.checkpointId(), State.FENCED);
      ledger.firstCheckpoint = restored.checkpointId();
    }
    ledger.submission = restored.submission();
    ledger.registering = null;
    ledger.created = true;
  }

  /** Returns what it was registered with: where it can't go back, the newest checkpoint. */
  private Restored registerBy(Publisher publisher, Restored restored) throws IOException {
    List<Entry> newer =
        ledger.all(State.VISIBLE).stream()
            .filter(e -> e.isOf(ledger.lineage) && e.checkpoint() > restored.checkpointId())
            .toList();
    newer.forEach(entry -> ledger.set(entry.id(), State.GOING));
    try {
      publisher.register(restored);
    } catch (ConflictException e) {
      if (!e.getMessage().contains("can't go back to checkpoint")) {
        throw e;
      }
      newer.forEach(entry -> ledger.set(entry.id(), State.VISIBLE));
      Restored newest =
          new Restored(
              restored.lineage(),
              restored.stateSubmission(),
              restored.submission(),
              ledger.publishedCheckpoint());
      ledger.registering = newest;
      publisher.register(newest);
      return newest;
    }
    if (!newer.isEmpty()) {
      campaign.wentBack();
    }
    ledger.all(State.GOING).forEach(entry -> ledger.set(entry.id(), State.FENCED));
    if (ledger.endCheckpoint > restored.checkpointId()) {
      ledger.endCheckpoint = -1;
    }
    return restored;
  }

  /** A new submission from a checkpoint before the newest published one. */
  private void restoreOlder() throws IOException {
    long newest = ledger.publishedCheckpoint();
    if (ledger.lineage == null
        || ledger.registering != null
        || ledger.isInDoubt()
        || newest <= ledger.firstCheckpoint) {
      return;
    }
    if (sink != null && random.nextBoolean()) {
      sink.process.kill();
    }
    sink = null;
    long span = newest - ledger.firstCheckpoint;
    ledger.registering =
        new Restored(
            ledger.lineage,
            ledger.submission,
            newSubmission(),
            ledger.firstCheckpoint + random.nextInt((int) span),
            RestoreMode.TRUNCATE);
    resumeSink();
  }

  private void voidAbove(long checkpoint, State state) {
    for (Entry entry : ledger.all(State.PREPARED)) {
      if (entry.isOf(ledger.lineage) && entry.checkpoint() > checkpoint) {
        ledger.set(entry.id(), state);
      }
    }
  }

  /** A zombie, or state that is newer than the store. */
  private void publishRefused() throws IOException {
    List<Entry> fenced = ledger.all(State.FENCED);
    List<Entry> refused = fenced.isEmpty() ? ledger.all(State.LOST) : fenced;
    if (refused.isEmpty()) {
      return;
    }
    Entry entry = refused.get(random.nextInt(refused.size()));
    SimulatedProcess process = process();
    survives(
        process,
        () -> {
          try (Publisher publisher = Store.open(process, entropy, STORE).publisher()) {
            boolean verifyBytes = fenced.isEmpty() || random.nextBoolean();
            // The reference may have written in its place: then it counts as done, and is not seen.
            if (publisher.publish(List.of(entry.commit()), verifyBytes).contains(PUBLISHED)) {
              throw new AssertionError(entry.state() + " was published: " + entry + "\n" + ledger);
            }
          } catch (ConflictException e) {
            campaign.refused();
          }
        });
  }

  /** A batch job: one checkpoint, no state. */
  private void insertStateless() throws IOException {
    UUID submission = newSubmission();
    int entry = ledger.begin(newRows());
    SimulatedProcess process = process();
    survives(
        process,
        () -> {
          Store store = open(process);
          Publisher publisher = store.publisher();
          try (StoreWriter writer = store.writer(sinkOptions(newId(), submission))) {
            append(writer, ledger.entry(entry).rows());
            Commit commit = writer.prepare(true, Long.MIN_VALUE).orElseThrow();
            ledger.prepared(entry, commit.ofCheckpoint(1, true));
          }
          publish(publisher, List.of(ledger.entry(entry)), false);
          if (ledger.entry(entry).state() == State.VISIBLE
              && !publisher.startWithoutState(submission)) {
            throw new AssertionError("a submission that ended is not known");
          }
        });
    interfere();
    endBatch(entry);
  }

  /** All rows are written anew, and hidden ones go. */
  private void compact() throws IOException {
    if (!ledger.created) {
      return;
    }
    SimulatedProcess process = process();
    survives(
        process,
        () -> {
          Store.Compacted unused = Store.open(process, entropy, STORE).compact();
        });
    interfere();
  }

  // The reference.

  private void createByReference() throws IOException {
    SimulatedProcess reference = disk.process();
    for (Path path : List.of(STORE.getParent().getParent(), STORE.getParent(), STORE)) {
      reference.createDirectory(path);
    }
    reference.writeVolatile(STORE.resolve("keys"), ByteBuffer.allocate(0));
    for (String table : TABLES) {
      reference.createDirectory(STORE.resolve(table));
      reference.writeVolatile(STORE.resolve(table).resolve("offsets"), ByteBuffer.allocate(0));
      reference.writeVolatile(STORE.resolve(table).resolve("data"), ByteBuffer.allocate(0));
    }
    reference.writeVolatile(STORE.resolve("length"), ByteBuffer.allocate(8));
    for (int i = random.nextInt(3); i > 0; i--) {
      int entry = ledger.begin(newestRows());
      new Crate(reference, STORE, TABLES).append(ledger.entry(entry).rows());
      ledger.set(entry, State.VISIBLE);
    }
    disk = disk.copy();
  }

  /** The reference's turn, if all is settled and there are no lanes. */
  private void appendByReference() throws IOException {
    boolean isOurTurn =
        !ledger.created || ledger.isInDoubt() || disk.process().exists(STORE.resolve("new_length"));
    List<Entry> pending =
        ledger.all(State.PREPARED).stream().filter(entry -> entry.isInLane(0)).toList();
    if (isOurTurn || (!pending.isEmpty() && random.nextInt(4) == 0)) {
      return;
    }
    pending.forEach(entry -> ledger.overwrite(entry));
    interfere();
    int entry = ledger.begin(newestRows());
    // What the reference is writing has no checksums: garbage in it can't be found.
    SimulatedProcess process = campaign.garbage() ? disk.process() : process(Operation::run);
    boolean isDone =
        survives(
            process,
            () -> {
              ledger.publishing(List.of(ledger.entry(entry)));
              new Crate(process, STORE, TABLES).append(ledger.entry(entry).rows());
            });
    Sink run = sink;
    if (isDone && run != null && !pending.isEmpty()) {
      // A committer that notices nothing.
      Entry overwritten = ledger.entry(pending.get(0).id());
      survives(run.process, () -> publish(run.publisher, List.of(overwritten), false));
    }
  }

  // Backups.

  /** Copies the store while nobody writes, or brings the copy back. */
  private void backUp() throws IOException {
    if (depth > 0 || !ledger.created || ledger.isInDoubt()) {
      return;
    }
    Backup taken = backup;
    if (taken == null || random.nextInt(3) == 0) {
      backup = new Backup(disk.copy(), new Ledger(ledger));
      return;
    }
    direct = null;
    sink = null;
    disk = taken.disk.copy();
    ledger = ledger.broughtBack(taken.ledger);
    observed = null;
    look();
  }
}
