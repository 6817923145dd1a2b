package io.timestore.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.DirectIo;
import io.timestore.disk.IoThreads.IoCallable;
import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.disk.SimulatedProcess.Fate;
import io.timestore.disk.SimulatedProcess.Kind;
import io.timestore.disk.SimulatedProcess.Operation;
import io.timestore.format.Commit;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Restored;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A disk on which one operation fails while the program goes on: each operation of some work in
 * turn, in each way in which it can fail. Afterwards the store is opened again, on the machine as
 * it is and after power cuts.
 *
 * <p>The engine tells one error of a disk from another nowhere, so {@code EIO} stands for {@code
 * ENOSPC} and {@code EINTR} too.
 */
class FaultsTest {
  private static final List<String> TABLES = List.of("a", "b");
  private static final Schema SCHEMA = Schema.ofTables(TABLES);
  private static final Path PATH = Path.of("/data/store");
  private static final UUID LINEAGE = new UUID(1, 1);
  private static final UUID FIRST_SUBMISSION = new UUID(2, 1);
  private static final UUID SECOND_SUBMISSION = new UUID(2, 2);
  private static final int SECTOR_BYTES = 512;

  /** Methods that log a failure and go on: the commit stands without what they write. */
  private static final Set<String> ON_THE_SIDE =
      Set.of("writeLaneLength", "noteChunkCrcs", "fillInChunkCrcs");

  private final long seed = Long.getLong("timestore.seed", System.nanoTime());
  private final Random random = new Random(seed);

  /** How an operation fails. */
  private enum Fault {
    NOT_DONE {
      @Override
      boolean fits(Operation operation) {
        return operation.kind() != Kind.UNLOCK; // Closing a file drops its locks in any case.
      }

      @Override
      void strike(Operation operation) throws IOException {
        throw failure(operation, "Input/output error");
      }
    },
    DONE_BUT_REPORTED_AS_FAILED {
      @Override
      boolean fits(Operation operation) {
        return operation.kind().changesDisk() || operation.kind() == Kind.UNLOCK;
      }

      @Override
      void strike(Operation operation) throws IOException {
        operation.run();
        throw failure(operation, "Input/output error");
      }
    },
    HALF_DONE {
      @Override
      boolean fits(Operation operation) {
        return operation.kind() == Kind.WRITE && operation.byteCount() > SECTOR_BYTES;
      }

      @Override
      void strike(Operation operation) throws IOException {
        operation.run(operation.byteCount() / 2 / SECTOR_BYTES * SECTOR_BYTES);
        throw failure(operation, "Input/output error");
      }
    },
    NEVER_TO_BE_SYNCED {
      @Override
      boolean fits(Operation operation) {
        return operation.kind() == Kind.SYNC;
      }

      @Override
      void strike(Operation operation) throws IOException {
        operation.loseUnsynced();
        throw failure(operation, "Input/output error");
      }
    },
    SHORT_READ {
      @Override
      boolean fits(Operation operation) {
        return operation.kind() == Kind.READ && operation.byteCount() > 0;
      }

      @Override
      void strike(Operation operation) throws IOException {
        operation.run(Math.min(operation.byteCount() / 2, 5));
      }
    };

    abstract boolean fits(Operation operation);

    abstract void strike(Operation operation) throws IOException;
  }

  private static IOException failure(Operation operation, String reason) {
    return new IOException(operation.path() + ": " + operation.kind() + " failed: " + reason);
  }

  /** Strikes one operation, and notes them all. */
  private static final class Strike implements Fate {
    private final int target;
    private final @Nullable Fault fault;
    private final List<Operation> operations = new ArrayList<>();

    /** Whether it struck what may fail without a word. */
    private boolean isOnTheSide;

    Strike(int target, @Nullable Fault fault) {
      this.target = target;
      this.fault = fault;
    }

    @Override
    public void decide(Operation operation) throws IOException {
      operations.add(operation);
      if (fault != null && operations.size() == target + 1) {
        // Whoever compares the record with what it was before reads it again where it differs.
        boolean isComparison =
            fault == Fault.SHORT_READ && PATH.equals(operation.path().getParent());
        isOnTheSide = isComparison || isOnTheSide();
        fault.strike(operation);
      } else {
        operation.run();
      }
    }

    private static boolean isOnTheSide() {
      return StackWalker.getInstance()
          .walk(frames -> frames.anyMatch(frame -> ON_THE_SIDE.contains(frame.getMethodName())));
    }

    Operation struck() {
      return operations.get(target);
    }

    List<Operation> later() {
      return operations.subList(target + 1, operations.size());
    }

    @Override
    public String toString() {
      return fault
          + " at operation "
          + target
          + (target < operations.size() ? ", " + struck() : "");
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  /** A program that writes, and what it was told. */
  private static final class Program implements Closeable {
    private final SimulatedProcess process;
    private final Entropy entropy;
    private final List<StoreWriter> writers = new ArrayList<>();

    /** Rows that it was told are committed. */
    private final List<String> acknowledged = new ArrayList<>();

    /** Rows that a call was to commit which did not return. */
    private List<String> inDoubt = List.of();

    /** What was prepared, and not acknowledged as published. */
    private final List<Commit> prepared = new ArrayList<>();

    private final List<String> preparedRows = new ArrayList<>();
    private boolean isSink;
    private @Nullable StoreWriter failed;

    /** Whether its writer is being closed. */
    private boolean isEnding;

    Program(SimulatedProcess process, long firstId) {
      this.process = process;
      AtomicLong ids = new AtomicLong(firstId);
      this.entropy = new Entropy(InstantSource.system(), () -> new UUID(7, ids.getAndIncrement()));
    }

    Store store() throws IOException {
      return Store.openOrCreate(process, entropy, PATH, SCHEMA);
    }

    private void using(StoreWriter writer, Step step) throws IOException {
      try {
        step.run();
      } catch (IOException e) {
        failed = writer;
        throw e;
      }
    }

    void write(int fromBatch, int toBatch) throws IOException {
      StoreWriter writer = writer(WriterOptions.defaults().withBufferMemoryBytes(1));
      for (int i = fromBatch; i < toBatch; i++) {
        List<String> rows = batch(i);
        inDoubt = rows;
        using(
            writer,
            () -> {
              append(writer, rows);
              writer.commit();
            });
        acknowledged.addAll(rows);
        inDoubt = List.of();
      }
      isEnding = true;
      using(writer, writer::close);
    }

    /** Commits, or prepares in a sink. */
    void endBatch(StoreWriter writer) throws IOException {
      if (isSink) {
        writer.prepare(false, Long.MIN_VALUE);
      } else {
        writer.commit();
      }
    }

    private StoreWriter writer(WriterOptions options) throws IOException {
      StoreWriter writer = store().writer(options);
      writers.add(writer);
      return writer;
    }

    private static void append(StoreWriter writer, List<String> rows) throws IOException {
      if (rows.size() > 2) {
        writer.append(Rows.batch(rows));
        return;
      }
      for (String row : rows) {
        String[] fields = row.split(" ", -1);
        InputStream value = new ByteArrayInputStream(HexFormat.of().parseHex(fields[1]));
        writer.append(Long.parseLong(fields[0]), List.of(value, InputStream.nullInputStream()));
      }
    }

    StoreWriter sink(UUID submission) throws IOException {
      isSink = true;
      return writer(WriterOptions.ofSink(DirectIo.AUTO, 1, LINEAGE, submission));
    }

    /** Prepares a batch as the checkpoint of that number. */
    void prepare(StoreWriter sink, int batch) throws IOException {
      List<String> rows = batch(batch);
      using(
          sink,
          () -> {
            append(sink, rows);
            Commit commit = sink.prepare(false, Long.MIN_VALUE).orElseThrow();
            prepared.add(commit.ofCheckpoint(batch, false));
          });
      preparedRows.addAll(rows);
    }

    void publish(Publisher publisher, int batch) throws IOException {
      inDoubt = batch(batch);
      publisher.publish(List.of(prepared.get(0)), false);
      acknowledged.addAll(inDoubt);
      preparedRows.subList(0, inDoubt.size()).clear();
      inDoubt = List.of();
      prepared.remove(0);
    }

    void end(StoreWriter sink, Publisher publisher, int checkpointId) throws IOException {
      using(
          sink,
          () -> {
            Commit last = sink.prepare(true, Long.MIN_VALUE).orElseThrow();
            prepared.add(last.ofCheckpoint(checkpointId, false));
          });
      publisher.publish(prepared, false);
      prepared.clear();
      isEnding = true;
      using(sink, sink::close);
    }

    @Override
    public void close() throws IOException {
      for (StoreWriter writer : writers) {
        writer.close();
      }
    }
  }

  /** What programs do. */
  private enum Work {
    CREATION {
      @Override
      void begin(Program program) {}

      @Override
      void run(Program program) throws IOException {
        program.write(0, 1);
      }
    },
    SECOND_RUN {
      @Override
      void begin(Program program) throws IOException {
        program.write(0, 2);
      }

      @Override
      void run(Program program) throws IOException {
        program.write(2, 5);
      }
    },
    NEW_LANE {
      @Override
      void begin(Program program) throws IOException {
        // A run that came to no end: nobody else may go on with its lane.
        program.prepare(program.sink(FIRST_SUBMISSION), 0);
        try (Publisher publisher = program.store().publisher()) {
          program.publish(publisher, 0);
        }
      }

      @Override
      void run(Program program) throws IOException {
        program.write(1, 4);
      }
    },
    ADOPTION {
      @Override
      void begin(Program program) throws IOException {
        writeAsReference(program.process, batch(0));
        program.acknowledged.addAll(batch(0));
      }

      @Override
      void run(Program program) throws IOException {
        program.write(1, 2);
      }
    },
    SINK {
      @Override
      void begin(Program program) throws IOException {
        program.write(0, 1);
      }

      @Override
      void run(Program program) throws IOException {
        try (Publisher publisher = program.store().publisher()) {
          assertThat(publisher.startWithoutState(FIRST_SUBMISSION)).isFalse();
          StoreWriter sink = program.sink(FIRST_SUBMISSION);
          program.prepare(sink, 1);
          program.prepare(sink, 2);
          program.publish(publisher, 1);
          program.publish(publisher, 2);
          program.end(sink, publisher, 3);
        }
      }
    },
    RESTORED_SINK {
      @Override
      void begin(Program program) throws IOException {
        StoreWriter sink = program.sink(FIRST_SUBMISSION);
        program.prepare(sink, 1);
        try (Publisher publisher = program.store().publisher()) {
          program.publish(publisher, 1);
        }
        program.prepare(sink, 2); // Lost with its attempt.
        program.prepared.clear();
        program.preparedRows.clear();
      }

      @Override
      void run(Program program) throws IOException {
        try (Publisher publisher = program.store().publisher()) {
          register(publisher, 1);
          StoreWriter sink = program.sink(SECOND_SUBMISSION);
          program.prepare(sink, 3);
          program.publish(publisher, 3);
          program.end(sink, publisher, 4);
        }
      }

      /** From its newest checkpoint, whatever of it was published: an older one is refused. */
      @Override
      void settle(Publisher publisher) throws IOException {
        register(publisher, 4);
      }

      private static void register(Publisher publisher, long checkpointId) throws IOException {
        publisher.register(
            new Restored(LINEAGE, FIRST_SUBMISSION, SECOND_SUBMISSION, checkpointId));
      }
    };

    /** What was done before, without faults. */
    abstract void begin(Program program) throws IOException;

    abstract void run(Program program) throws IOException;

    /** What the next program does before it publishes. */
    void settle(Publisher publisher) throws IOException {}
  }

  /** Three rows with more than a block of values, a single row, or two. */
  private static List<String> batch(int index) {
    long firstKey = index * 1000L;
    return switch (index % 3) {
      case 0 ->
          LongStream.range(firstKey, firstKey + 3)
              .mapToObj(key -> key + " " + Rows.hex(("v" + key).repeat(500)) + " -")
              .toList();
      case 1 -> Rows.ofKeys(LongStream.of(firstKey));
      default -> Rows.ofKeys(LongStream.of(firstKey, firstKey + 1));
    };
  }

  /** A store as the Rust crate leaves it. */
  private static void writeAsReference(SimulatedProcess disk, List<String> rows)
      throws IOException {
    disk.createDirectory(PATH.getParent());
    disk.createDirectory(PATH);
    ByteBuffer keys = ByteBuffer.allocate(rows.size() * Long.BYTES);
    ByteBuffer ends = ByteBuffer.allocate(rows.size() * Long.BYTES);
    ByteBuffer data = ByteBuffer.allocate(4096 * rows.size());
    for (String row : rows) {
      String[] fields = row.split(" ", -1);
      keys.putLong(Long.parseLong(fields[0]));
      data.put(HexFormat.of().parseHex(fields[1]));
      ends.putLong(data.position());
    }
    disk.createDurably(PATH.resolve("keys"), keys.flip());
    for (String table : TABLES) {
      boolean isEmpty = table.equals("b");
      disk.createDirectory(PATH.resolve(table));
      ByteBuffer offsets = isEmpty ? ByteBuffer.allocate(ends.capacity()) : ends.flip();
      disk.createDurably(PATH.resolve(table).resolve("offsets"), offsets);
      disk.createDurably(
          PATH.resolve(table).resolve("data"), isEmpty ? ByteBuffer.allocate(0) : data.flip());
    }
    ByteBuffer length = ByteBuffer.allocate(Long.BYTES).putLong(0, rows.size());
    disk.createDurably(PATH.resolve("length"), length);
  }

  private static Program begun(Work work) throws IOException {
    try (Program program = new Program(new SimulatedDisk().process(), 1)) {
      work.begin(program);
      return program;
    }
  }

  private static Program start(Program begun, SimulatedDisk disk, Fate fate) {
    Program program = new Program(disk.process().withFate(fate), 1000);
    program.acknowledged.addAll(begun.acknowledged);
    return program;
  }

  @ParameterizedTest
  @EnumSource(Work.class)
  void aFailureIsNamedPoisonsAndCostsNothingThatWasAcknowledged(Work work) throws IOException {
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    Program begun = begun(work);
    Strike none = new Strike(-1, null);
    try (Program program = start(begun, begun.process.disk().copy(), none)) {
      work.run(program);
    }
    List<Strike> strikes = strikes(none.operations);
    for (Strike strike : strikes) {
      strike(work, begun, strike);
    }
    assertThat(strikes).hasSizeGreaterThan(150);
  }

  /** Each operation in turn, in each way in which it can fail. */
  private static List<Strike> strikes(List<Operation> operations) {
    List<Strike> strikes = new ArrayList<>();
    for (int i = 0; i < operations.size(); i++) {
      for (Fault fault : Fault.values()) {
        if (fault.fits(operations.get(i))) {
          strikes.add(new Strike(i, fault));
        }
      }
    }
    return strikes;
  }

  private void strike(Work work, Program begun, Strike strike) throws IOException {
    SimulatedDisk disk = begun.process.disk().copy();
    Program program = start(begun, disk, strike);
    IOException failure = null;
    try {
      work.run(program);
    } catch (IOException e) {
      failure = e;
    }
    String when = work + ", " + strike + ", seed " + seed;
    if (failure == null) {
      assertThat(strike.isOnTheSide).as(when).isTrue();
    } else {
      checkNamed(failure, strike, when);
      if (program.failed != null) {
        checkPoisoned(program, program.failed, failure, strike, when);
      }
      program.close();
      assertThat(strike.later()).as(when).allMatch(later -> isHarmless(later, strike));
    }
    assertThat(program.process.heldLockCount()).as(when).isZero();
    assertThat(program.process.openFileCount()).as(when).isZero();

    SimulatedDisk cut = disk.afterPowerCut(random);
    checkGoesOn(work, program, disk, when);
    checkGoesOn(work, program, cut, when + ", after a power cut");
  }

  private static void checkNamed(IOException failure, Strike strike, String when) {
    if (strike.fault == Fault.SHORT_READ) {
      // A prepared batch that is not all there is told of as one, with its lane.
      Path named = strike.struck().path();
      assertThat(failure)
          .as(when)
          .hasMessageContaining((failure instanceof ConflictException ? PATH : named).toString());
    } else {
      assertThat(failure)
          .as(when)
          .hasMessageContaining(failure(strike.struck(), "Input/output error").getMessage());
    }
  }

  private static void checkPoisoned(
      Program program, StoreWriter writer, IOException failure, Strike strike, String when) {
    int operations = strike.operations.size();
    List<ThrowingCallable> calls =
        List.of(
            () -> writer.append(Rows.batch(batch(1_000))),
            () -> writer.append(1_000_000, new byte[1], new byte[0]),
            () -> Program.append(writer, batch(1_001)),
            () -> program.endBatch(writer));
    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call)
          .as(when)
          .hasMessageContaining(
              program.isEnding
                  ? "this writer is closed"
                  : "this writer failed before and can't go on: " + failure.getMessage());
    }
    assertThat(strike.operations).as(when).hasSize(operations);
  }

  /** What is still done after a failure: what goes on beside it, and letting go. */
  private static boolean isHarmless(Operation later, Strike strike) {
    Operation struck = strike.struck();
    boolean isBeside =
        (later.kind() == struck.kind() || struck.kind() == Kind.WRITE)
            && !later.path().equals(struck.path())
            && List.of("keys", "offsets", "data").contains(struck.path().getFileName().toString());
    return switch (later.kind()) {
      case UNLOCK -> true;
      case WRITE, SYNC -> isBeside;
      case DELETE ->
          isOfLane(later) // which no record names
              || (struck.kind() == Kind.RENAME && later.path().toString().contains("/.record."));
      // Was it replaced meanwhile? And a write beside the caller is not known to have failed yet.
      case READ ->
          strike.fault == Fault.SHORT_READ || struck.kind() == Kind.WRITE || isOfLane(later);
      case CREATE, LINK, RENAME, MAKE_DIRECTORY, SYNC_DIRECTORY, LOCK -> false;
    };
  }

  private static boolean isOfLane(Operation operation) {
    return operation.path().startsWith(PATH.resolve("lanes"));
  }

  private void checkGoesOn(Work work, Program before, SimulatedDisk disk, String when)
      throws IOException {
    SimulatedProcess process = disk.process();
    try (Program program = new Program(process, 2000)) {
      Store store = program.store();
      List<String> found = Rows.read(store, TABLES);
      List<String> withInDoubt = new ArrayList<>(before.acknowledged);
      withInDoubt.addAll(before.inDoubt);
      assertThat(found).as(when).isIn(before.acknowledged, withInDoubt);

      try (Publisher publisher = store.publisher()) {
        work.settle(publisher);
        for (Commit commit : before.prepared) {
          publisher.publish(List.of(commit), true);
        }
      }
      List<String> expected = before.prepared.isEmpty() ? found : before.acknowledged;
      List<String> settled = new ArrayList<>(expected);
      settled.addAll(before.preparedRows);
      assertThat(Rows.read(store, TABLES)).as(when).isEqualTo(settled);
      if (!before.prepared.isEmpty()) {
        checkDurable(disk, settled, when + ", published again");
      }

      program.write(1_000, 1_001);
      settled.addAll(program.acknowledged);
      assertThat(Rows.read(store, TABLES)).as(when).isEqualTo(settled);
      checkDurable(disk, settled, when + ", gone on");
    }
    assertThat(process.list(PATH))
        .as(when)
        .noneMatch(name -> name.startsWith(".length.") || name.startsWith(".record."));
    assertThat(process.heldLockCount()).as(when).isZero();
    assertThat(process.openFileCount()).as(when).isZero();
  }

  private void checkDurable(SimulatedDisk disk, List<String> rows, String when) throws IOException {
    SimulatedProcess process = disk.afterPowerCut(random).process();
    assertThat(Rows.read(Store.open(process, PATH), TABLES))
        .as("%s, after a power cut", when)
        .isEqualTo(rows);
  }

  private static Publisher publisher(SimulatedDisk disk, Fate fate) throws IOException {
    SimulatedProcess process = disk.process();
    Store store = Store.open(process, PATH);
    process.withFate(fate);
    return store.publisher();
  }

  @Test
  void aPublisherTriesAgainAfterAnyFailureAndNeverSyncsAFileTwice() throws IOException {
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    Program begun = begun(Work.SINK);
    begun.prepare(begun.sink(FIRST_SUBMISSION), 1);
    List<Commit> commits = begun.prepared;
    List<String> rows = new ArrayList<>(begun.acknowledged);
    rows.addAll(begun.preparedRows);
    Strike none = new Strike(-1, null);
    try (Publisher publisher = publisher(begun.process.disk().copy(), none)) {
      publisher.publish(commits, true);
    }
    int failures = 0;
    for (Strike strike : strikes(none.operations)) {
      SimulatedDisk disk = begun.process.disk().copy();
      String when = strike + ", seed " + seed;
      try (Publisher publisher = publisher(disk, strike)) {
        try {
          publisher.publish(commits, true);
        } catch (IOException e) {
          failures++;
          publisher.publish(commits, true);
        }
      }
      checkDurable(disk, rows, when);
      assertThat(strike.operations.stream().filter(o -> o.kind() == Kind.SYNC).map(Operation::path))
          .as(when)
          .doesNotHaveDuplicates();
    }
    assertThat(failures).isGreaterThan(30);
  }

  /** Of a disk that is full: bytes can be written over, and no new ones. */
  private static final class Space implements Fate {
    private long left;
    private final List<Operation> refused = new ArrayList<>();

    Space(long left) {
      this.left = left;
    }

    @Override
    public void decide(Operation operation) throws IOException {
      boolean takesSpace =
          operation.kind() == Kind.WRITE || operation.kind() == Kind.MAKE_DIRECTORY;
      if (takesSpace && operation.byteCount() > left) {
        operation.run((int) left / SECTOR_BYTES * SECTOR_BYTES);
        refused.add(operation);
        throw failure(operation, "No space left on device");
      }
      left -= takesSpace ? operation.byteCount() : 0;
      operation.run();
    }
  }

  @Test
  void aFullDiskCostsTheBatchThatDoesNotFitAndNothingWhenThereIsSpaceAgain() throws IOException {
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    Program begun = begun(Work.SECOND_RUN);
    boolean fits = false;
    long leftovers = 0;
    int bytes = 0;
    for (; !fits; bytes += SECTOR_BYTES / 2) {
      SimulatedDisk disk = begun.process.disk().copy();
      Space space = new Space(bytes);
      Program program = start(begun, disk, space);
      String when = bytes + " bytes left, seed " + seed;
      try {
        program.write(3, 4);
        fits = true;
      } catch (IOException e) {
        Operation refused = space.refused.get(0);
        assertThat(e)
            .as(when)
            .hasMessageContaining(failure(refused, "No space left on device").getMessage());
        byte[] length = disk.process().readUpTo(PATH.resolve("length"), 1 << 20);
        assertThat(ByteBuffer.wrap(length).getLong())
            .as(when)
            .isEqualTo(program.acknowledged.size());
        program.close();
      }
      leftovers +=
          disk.process().list(PATH).stream().anyMatch(n -> n.startsWith(".length.")) ? 1 : 0;
      if (fits) {
        program.inDoubt = List.of();
      }
      checkGoesOn(Work.SECOND_RUN, program, disk, when);
    }
    assertThat(bytes).isGreaterThan(8192);
    assertThat(leftovers).isPositive();
  }

  /** One call of a reader. */
  private interface Look {
    Object at(StoreReader reader) throws IOException;
  }

  private static List<String> rest(RowIterator rows) throws IOException {
    try (rows) {
      List<String> found = new ArrayList<>();
      while (rows.next()) {
        found.add(Long.toUnsignedString(rows.key()) + " " + new String(rows.read("a"), UTF_8));
      }
      return found;
    }
  }

  @Test
  void aReadThatFailsIsNamedAndTheNextOneFindsEverything() throws IOException {
    Program begun = begun(Work.NEW_LANE);
    begun.write(1, 4);
    SimulatedDisk disk = begun.process.disk();
    List<Look> looks =
        List.of(
            reader -> reader.snapshot().record().lanes().size(),
            reader -> HexFormat.of().formatHex(reader.read("a", 3001).orElseThrow()),
            reader -> reader.values("a", 2001).size(),
            reader -> reader.key(2),
            reader -> rest(reader.iterate(KeyRange.closedOpen(1, 3002), "a")),
            reader -> rest(reader.iterateLast(KeyRange.atMost(2000), 3, "a")),
            reader -> reader.refresh());
    Strike none = new Strike(-1, null);
    List<Object> expected = read(disk, none, looks);
    int strikes = 0;
    for (Strike strike : strikes(none.operations)) {
      assertThat(read(disk, strike, looks)).as(strike::toString).isEqualTo(expected);
      strikes++;
    }
    assertThat(strikes).isGreaterThan(100);
  }

  private static List<Object> read(SimulatedDisk disk, Strike strike, List<Look> looks)
      throws IOException {
    SimulatedProcess process = disk.process().withFate(strike);
    List<Object> found = new ArrayList<>();
    Store store = again(strike, () -> Store.open(process, PATH));
    found.add(again(strike, store::tables));
    found.add(again(strike, () -> Rows.read(store, TABLES)));
    found.add(again(strike, () -> store.snapshot().ranges(KeyRange.atLeast(1))));
    try (StoreReader reader = again(strike, store::reader)) {
      for (Look look : looks) {
        found.add(again(strike, () -> look.at(reader)));
      }
    }
    assertThat(process.openFileCount()).as(strike::toString).isZero();
    return found;
  }

  private static <T> T again(Strike strike, IoCallable<T> look) throws IOException {
    try {
      return look.call();
    } catch (IOException e) {
      assertThat(e).as(strike::toString).hasMessageContaining(strike.struck().path().toString());
      return look.call();
    }
  }
}
