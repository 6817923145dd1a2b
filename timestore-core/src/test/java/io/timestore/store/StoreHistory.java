package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.timestore.disk.SimulatedDisk;
import io.timestore.disk.SimulatedProcess;
import io.timestore.format.Commit;
import io.timestore.format.Schema;
import io.timestore.store.Publisher.Outcome;
import io.timestore.store.WriterOptions.LateRows;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * One history of a store on a simulated disk, beside a model of it in memory: a list of rows. After
 * each step the store holds the rows of the model.
 *
 * <p>An operation in which the program dies may have happened or not; the model takes what is
 * found, and anything else is a fault. What was acknowledged has happened.
 */
final class StoreHistory {
  private static final Path PATH = Path.of("/store");
  private static final int TABLES_MIN = 2;
  private static final int TABLES_MAX = 4;
  private static final int WRITERS_MAX = 3;
  private static final int SNAPSHOTS_MAX = 3;

  /** Keys cross 2^63, where signed numbers begin anew. */
  private static final long FIRST_KEY = Long.MAX_VALUE - 10;

  /** What somebody does; numbers that are too large for it are taken modulo. */
  enum Kind {
    OPEN_DIRECT,
    OPEN_PREPARING,
    /** A writer that keeps late rows, in lanes that overlap. */
    OPEN_KEEPING,
    APPEND,
    COMMIT,
    CLOSE,
    PUBLISH,
    PUBLISH_RESTORED,
    TRUNCATE,
    PREPARE_OVERWRITE,
    COMPACT,
    ADD_TABLE,
    APPEND_AS_THE_CRATE,
    KEEP_SNAPSHOT,
    READ,
    REOPEN,
    KILL,
    CUT_POWER,
    /** The program dies at a later operation on the disk. */
    KILL_SOON,
    CUT_POWER_SOON
  }

  record Step(Kind kind, int first, int second) {
    @Override
    public String toString() {
      return kind + "(" + first + ", " + second + ")";
    }
  }

  private static final Comparator<Row> BY_KEY =
      Comparator.comparing(Row::key, Long::compareUnsigned);

  /** Values in the tables that the row came with; in others it has none. */
  private record Row(long key, List<String> values) {
    String text(int tableCount) {
      StringBuilder text = new StringBuilder(Long.toUnsignedString(key));
      for (int i = 0; i < tableCount; i++) {
        text.append(' ').append(value(i));
      }
      return text.toString();
    }

    String value(int table) {
      return table < values.size() ? values.get(table) : "-";
    }

    byte[] bytes(int table) {
      return HexFormat.of().parseHex(value(table).replace("-", ""));
    }
  }

  /**
   * The model.
   *
   * @param published which prepared commits are in
   */
  private record State(List<Row> rows, int tableCount, Set<Prepared> published) {
    List<String> text() {
      return rows.stream().map(row -> row.text(tableCount)).toList();
    }

    State truncated(int rowCount) {
      return new State(rows.subList(0, rowCount), tableCount, published);
    }

    State widened() {
      return new State(rows, tableCount + 1, published);
    }

    State with(Prepared commit) {
      Set<Prepared> more = new HashSet<>(published);
      more.add(commit);
      return new State(rows, tableCount, more);
    }

    /** With rows of any keys. */
    State extended(List<Row> batch) {
      List<Row> more = new ArrayList<>(rows);
      more.addAll(batch);
      more.sort(BY_KEY);
      return new State(more, tableCount, published);
    }

    State overwritten(List<Row> batch) {
      return new State(List.of(), tableCount, published).extended(batch);
    }

    /**
     * These rows in the order in which they were found, if they are the same but for equal keys.
     */
    Optional<State> as(List<String> found) {
      List<Row> inOrder = new ArrayList<>();
      Map<String, Row> byText = new HashMap<>();
      rows.forEach(row -> byText.put(row.text(tableCount), row));
      for (String text : found) {
        Row row = byText.remove(text);
        if (row == null) {
          return Optional.empty();
        }
        inOrder.add(row);
      }
      List<Row> sorted = new ArrayList<>(inOrder);
      sorted.sort(BY_KEY);
      return byText.isEmpty() && sorted.equals(inOrder)
          ? Optional.of(new State(inOrder, tableCount, published))
          : Optional.empty();
    }
  }

  /** One open of a writer. */
  private static final class Run {
    private final StoreWriter writer;
    private final boolean direct;
    private final boolean keeps;
    private final List<Row> batch = new ArrayList<>();
    private final List<Prepared> prepared = new ArrayList<>();

    /** Whether others published or truncated since it was opened, so that it may be refused. */
    private boolean disturbed;

    Run(StoreWriter writer, boolean direct, boolean keeps) {
      this.writer = writer;
      this.direct = direct;
      this.keeps = keeps;
    }
  }

  /** Compared by identity. */
  private static final class Prepared {
    private final Run run;
    private final byte[] bytes;
    private final List<Row> rows;
    private final boolean overwrites;

    Prepared(Run run, byte[] bytes, List<Row> rows, boolean overwrites) {
      this.run = run;
      this.bytes = bytes;
      this.rows = rows;
      this.overwrites = overwrites;
    }
  }

  /**
   * A snapshot.
   *
   * @param mayBeReplaced whether its rows may have been written anew and removed since
   */
  private record Kept(Snapshot snapshot, State state, boolean mayBeReplaced) {}

  private final Random random = new Random(1);
  private SimulatedDisk disk = new SimulatedDisk();
  private SimulatedProcess process = disk.process();
  private Store store;
  private Publisher publisher;
  private State state = new State(List.of(), TABLES_MIN, Set.of());

  /** What may be found: what is, or what the operation that is under way may make of it. */
  private List<State> allowed = List.of(state);

  /** What a power cut may bring back: an operation was seen, and never acknowledged. */
  private final List<State> unsettled = new ArrayList<>();

  private final List<Run> open = new ArrayList<>();
  private final List<Prepared> prepared = new ArrayList<>();
  private final List<Kept> kept = new ArrayList<>();
  private int operationsLeft = -1;
  private boolean cutsPower;
  private boolean died;
  private long nextValue;

  StoreHistory() throws IOException {
    store = Store.openOrCreate(process, PATH, Schema.ofTables(tables(TABLES_MIN)));
    publisher = store.publisher();
  }

  private static List<String> tables(int count) {
    return IntStream.range(0, count).mapToObj(i -> "t" + i).toList();
  }

  void run(List<Step> steps) throws IOException {
    for (Step step : steps) {
      try {
        apply(step);
      } catch (IOException e) {
        if (!died) {
          throw e;
        }
      }
      if (died) {
        die(cutsPower);
      }
      allowed = List.of(state);
      assertThat(observed()).as("after %s", step).isEqualTo(state.text());
    }
    operationsLeft = -1;
    readByEveryWay(0, 0);
  }

  private void apply(Step step) throws IOException {
    int first = step.first;
    int second = step.second;
    switch (step.kind) {
      case OPEN_DIRECT -> openWriter(true, false);
      case OPEN_PREPARING -> openWriter(false, false);
      case OPEN_KEEPING -> openWriter(first % 2 == 0, true);
      case APPEND -> append(first, second);
      case COMMIT -> commit(first, second);
      case CLOSE -> close(first);
      case PUBLISH -> publish(first, second, false);
      case PUBLISH_RESTORED -> publish(first, second, true);
      case TRUNCATE -> truncate(first, second);
      case PREPARE_OVERWRITE -> prepareOverwrite(first, second);
      case COMPACT -> compact();
      case ADD_TABLE -> addTable();
      case APPEND_AS_THE_CRATE -> appendAsTheCrate(second);
      case KEEP_SNAPSHOT -> keepSnapshot();
      case READ -> readByEveryWay(first, second);
      case REOPEN -> reopen();
      case KILL -> die(false);
      case CUT_POWER -> die(true);
      case KILL_SOON -> dieSoon(first, false);
      case CUT_POWER_SOON -> dieSoon(first, true);
    }
  }

  private List<String> observed() throws IOException {
    Store fresh = Store.open(process, PATH);
    assertThat(fresh.tables()).isEqualTo(tables(state.tableCount));
    return Rows.read(fresh, fresh.tables());
  }

  private void reopen() throws IOException {
    store = Store.open(process, PATH);
    publisher = store.publisher();
  }

  // Deaths.

  private void dieSoon(int operations, boolean byPowerCut) {
    operationsLeft = operations;
    cutsPower = byPowerCut;
    process.withFate(this::decide);
  }

  private void decide(SimulatedProcess.Operation operation) throws IOException {
    if (operation.kind().changesDisk() && operationsLeft-- == 0) {
      died = true;
      process.kill();
      operation.run(operation.byteCount() * random.nextInt(3) / 2);
      return;
    }
    operation.run();
  }

  private void die(boolean byPowerCut) throws IOException {
    process.kill();
    open.clear();
    kept.clear();
    died = false;
    operationsLeft = -1;
    disk = byPowerCut ? disk.afterPowerCut(random) : disk;
    process = disk.process();
    List<State> possible = new ArrayList<>(allowed);
    if (byPowerCut) {
      possible.addAll(unsettled);
      unsettled.clear();
    }
    State before = state;
    settle(possible);
    if (!state.equals(before)) {
      disturbAllBut(null);
      if (!byPowerCut && allowed.contains(before)) {
        unsettled.add(before);
      }
    }
    // A creator goes on with what is there.
    store = Store.openOrCreate(process, PATH, Schema.ofTables(List.of("other")));
    publisher = store.publisher();
  }

  /** Takes what is found for what is. */
  private void settle(List<State> possible) throws IOException {
    Store fresh = Store.open(process, PATH);
    List<String> tables = fresh.tables();
    List<String> found = Rows.read(fresh, tables);
    state =
        possible.stream()
            .filter(s -> tables(s.tableCount).equals(tables))
            .flatMap(s -> s.as(found).stream())
            .findFirst()
            .orElseThrow(
                () ->
                    new AssertionError(
                        "found "
                            + tables
                            + found
                            + ", expected one of "
                            + possible.stream().map(s -> s.tableCount + " " + s.text()).toList()));
  }

  private interface Operation {
    void run() throws IOException;
  }

  /** An operation on the record or the schema, which may die half way. */
  private void operate(List<State> after, Operation operation) throws IOException {
    allowed = new ArrayList<>(after);
    allowed.add(0, state);
    operation.run();
    allowed = after; // It is acknowledged.
    unsettled.clear();
    if (!died) {
      settle(after);
    }
  }

  private void disturbAllBut(@Nullable Run run) {
    for (Run other : open) {
      other.disturbed |= other != run;
    }
    for (Prepared commit : prepared) {
      commit.run.disturbed |= commit.run != run;
    }
  }

  // Writing.

  private static WriterOptions options(boolean direct, boolean keeps) {
    return (direct ? WriterOptions.defaults() : WriterOptions.preparing())
        .withBufferMemoryBytes(1 << 16)
        .withLateRows(keeps ? LateRows.KEEP : LateRows.REFUSE);
  }

  private void openWriter(boolean direct, boolean keeps) throws IOException {
    if (open.size() < WRITERS_MAX) {
      open.add(new Run(store.writer(options(direct, keeps)), direct, keeps));
    }
  }

  private Optional<Run> writer(int index) {
    return open.isEmpty() ? Optional.empty() : Optional.of(open.get(index % open.size()));
  }

  private OptionalLong largestKey() {
    return state.rows.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(state.rows.get(state.rows.size() - 1).key);
  }

  private long keyFor(Run run, int seed) {
    if (run.keeps) {
      return FIRST_KEY + seed * 7 % 40;
    }
    long key = run.writer.lastKey().orElse(FIRST_KEY);
    OptionalLong largest = largestKey();
    // A batch that was begun before others committed does not know of their keys.
    boolean isBehind = largest.isPresent() && Long.compareUnsigned(largest.getAsLong(), key) > 0;
    return isBehind && run.batch.isEmpty() ? largest.getAsLong() : key;
  }

  private List<Row> newRows(long firstKey, int columns, int seed) {
    List<Row> rows = new ArrayList<>();
    long key = firstKey;
    for (int i = 0; i <= seed % 5; i++) {
      key += (seed + i) % 3;
      List<String> values = new ArrayList<>(List.of(String.format("%06x", nextValue++)));
      for (int column = 1; column < columns; column++) {
        int[] sizes = {0, 1, 700, 0, 5000};
        int sizeBytes = sizes[(seed + i + column) % sizes.length];
        values.add(sizeBytes == 0 ? "-" : String.format("%02x", seed).repeat(sizeBytes));
      }
      rows.add(new Row(key, values));
    }
    return rows;
  }

  private void append(int index, int seed) throws IOException {
    Optional<Run> run = writer(index);
    if (run.isEmpty()) {
      return;
    }
    int columns = run.get().writer.tables().size();
    List<Row> rows = newRows(keyFor(run.get(), seed), columns, seed);
    try {
      append(run.get().writer, rows, columns, index % 3);
      run.get().batch.addAll(rows);
    } catch (ConflictException e) {
      refused(run.get(), e);
    }
  }

  private static void append(StoreWriter writer, List<Row> rows, int columns, int way)
      throws IOException {
    if (way == 0) {
      writer.append(Rows.batch(rows.stream().map(row -> row.text(columns)).toList()));
      return;
    }
    for (Row row : rows) {
      if (way == 1) {
        writer.append(
            row.key, IntStream.range(0, columns).mapToObj(row::bytes).toArray(byte[][]::new));
      } else {
        writer.append(
            row.key,
            IntStream.range(0, columns)
                .mapToObj(i -> new ByteArrayInputStream(row.bytes(i)))
                .toList());
      }
    }
  }

  /** A writer that nobody disturbed is never refused. */
  private void refused(Run run, ConflictException e) throws IOException {
    if (!run.disturbed) {
      throw new AssertionError("nobody else published or truncated", e);
    }
    allowed = List.of(state);
    open.remove(run);
    run.writer.close();
  }

  private void commit(int index, int second) throws IOException {
    Optional<Run> found = writer(index);
    if (found.isEmpty() || found.get().batch.isEmpty()) {
      return;
    }
    Run run = found.get();
    List<Row> rows = List.copyOf(run.batch);
    if (run.direct) {
      try {
        operate(
            List.of(state.extended(rows)),
            () -> assertThat(run.writer.commit()).isEqualTo(rows.size()));
        disturbAllBut(run);
      } catch (ConflictException e) {
        refused(run, e);
      }
    } else {
      try {
        prepare(run, rows, second % 4 == 0);
      } catch (ConflictException e) {
        refused(run, e);
      }
    }
    run.batch.clear();
  }

  private void prepare(Run run, List<Row> rows, boolean last) throws IOException {
    byte[] bytes = run.writer.prepare("commit " + nextValue, last).orElseThrow().toBytes();
    Prepared commit = new Prepared(run, bytes, rows, false);
    run.prepared.add(commit);
    prepared.add(commit);
    if (last) {
      open.remove(run);
      run.writer.close();
    }
  }

  private void prepareOverwrite(int first, int second) throws IOException {
    WriterOptions options = options(false, true).overwriting();
    try (StoreWriter writer = store.writer(options)) {
      int columns = writer.tables().size();
      List<Row> rows = newRows(FIRST_KEY + first % 40, columns, second);
      append(writer, rows, columns, first % 3);
      Run run = new Run(writer, false, true);
      byte[] bytes = writer.prepare("overwrite " + nextValue, true).orElseThrow().toBytes();
      Prepared commit = new Prepared(run, bytes, rows, true);
      run.prepared.add(commit);
      prepared.add(commit);
    }
  }

  /** What others prepared may be void then, and snapshots can't be read any more. */
  private void compact() throws IOException {
    disturbAllBut(null);
    kept.replaceAll(each -> new Kept(each.snapshot, each.state, true));
    operate(List.of(state), () -> store.compact());
  }

  private void close(int index) throws IOException {
    Optional<Run> run = writer(index);
    if (run.isPresent()) {
      open.remove(run.get());
      run.get().writer.close();
    }
  }

  private void publish(int index, int second, boolean restored) throws IOException {
    if (prepared.isEmpty()) {
      return;
    }
    Prepared commit = prepared.get(index % prepared.size());
    boolean done = state.published.contains(commit);
    List<Prepared> earlier = commit.run.prepared.subList(0, commit.run.prepared.indexOf(commit));
    boolean isNext = state.published.containsAll(earlier);
    List<Commit> commits = List.of(Commit.fromBytes(commit.bytes));
    // Of a run with several lanes a later commit need not wait for an earlier one.
    boolean mayBePublished = isNext || commit.run.keeps;
    commit.run.disturbed |= !isNext;
    List<State> after = List.of(state);
    if (!done && mayBePublished) {
      State extended =
          commit.overwrites ? state.overwritten(commit.rows) : state.extended(commit.rows);
      after = List.of(extended.with(commit));
    }
    try (Publisher own = store.publisher()) {
      operate(
          after,
          () -> {
            Outcome outcome = (second % 2 == 0 ? own : publisher).publish(commits, restored).get(0);
            assertThat(outcome).isEqualTo(done ? Outcome.ALREADY_PUBLISHED : Outcome.PUBLISHED);
          });
      if (!done) {
        disturbAllBut(commit.run);
      }
    } catch (ConflictException e) {
      allowed = List.of(state);
      if (isNext && !commit.run.disturbed) {
        throw new AssertionError("nobody else published or truncated", e);
      }
    }
  }

  private void truncate(int first, int second) throws IOException {
    int before = state.rows.size();
    if (first == 50) {
      assertThatThrownBy(() -> publisher.truncate(before + 1L))
          .isInstanceOf(died ? IOException.class : IllegalArgumentException.class);
      return;
    }
    int rowCount = cutAt(first, second);
    try (Publisher own = store.publisher()) {
      operate(
          List.of(state.truncated(rowCount)),
          () ->
              assertThat((second % 3 == 0 ? own : publisher).truncate(rowCount))
                  .isEqualTo(before - rowCount));
    }
    if (rowCount < before) {
      disturbAllBut(null);
    }
  }

  /** Any row, or where a prepared commit ends. */
  private int cutAt(int first, int second) {
    if (second % 2 == 1 && !prepared.isEmpty()) {
      List<Row> rows = prepared.get(first % prepared.size()).rows;
      int last = state.rows.indexOf(rows.get(rows.size() - 1));
      if (last >= 0) {
        return last + 1;
      }
    }
    return first % (state.rows.size() + 1);
  }

  private void addTable() throws IOException {
    if (state.tableCount < TABLES_MAX) {
      operate(
          List.of(state.widened()), () -> store = store.addTables(List.of("t" + state.tableCount)));
    }
  }

  /** Where there are no lanes and no hidden rows, and ours has nothing to do. */
  private void appendAsTheCrate(int seed) throws IOException {
    if (!open.isEmpty()) {
      return;
    }
    publisher.truncate(state.rows.size()); // Ours opens first, after a crash.
    unsettled.clear();
    if (process.isDirectory(PATH.resolve("new_length"))) {
      return;
    }
    prepared.removeIf(commit -> !state.published.contains(commit));
    operationsLeft = -1;
    List<String> present = new ArrayList<>();
    for (String table : tables(state.tableCount)) {
      if (process.exists(PATH.resolve(table).resolve("offsets"))) {
        present.add(table);
      }
    }
    if (!present.equals(tables(present.size()))) {
      return; // A power cut took the files of one of two added tables that never had rows.
    }
    List<Row> rows = newRows(largestKey().orElse(FIRST_KEY), present.size(), seed);
    State before = state;
    operate(
        List.of(state.extended(rows)),
        () ->
            new Crate(process, PATH, present)
                .append(rows.stream().map(r -> r.text(present.size())).toList()));
    if (!state.equals(before)) {
      unsettled.add(before); // The crate syncs no directory: a power cut may take its rename.
    }
  }

  // Reading.

  private void keepSnapshot() throws IOException {
    if (kept.size() < SNAPSHOTS_MAX) {
      kept.add(new Kept(Store.open(process, PATH).snapshot(), state, false));
    }
  }

  private void readByEveryWay(int first, int second) throws IOException {
    for (Kept each : kept) {
      List<String> tables = tables(each.state.tableCount);
      try {
        assertThat(Rows.read(each.snapshot, each.snapshot.ranges(), tables))
            .as("a snapshot that was kept")
            .isEqualTo(each.state.text());
      } catch (IOException e) {
        if (!each.mayBeReplaced || died) {
          throw e;
        }
        assertThat(e).hasMessageContaining("were replaced since this snapshot was taken");
      }
    }
    Store fresh = Store.open(process, PATH);
    List<Fault> faults = new ArrayList<>();
    fresh.verify(faults::add);
    assertThat(faults).isEmpty();
    try (StoreReader reader = fresh.reader()) {
      assertThat(reader.rowCount()).isEqualTo(state.rows.size());
      for (Kept each : kept.stream().filter(k -> !k.mayBeReplaced).toList()) {
        List<Row> known = each.state.rows;
        try (RowIterator rows = reader.iterateNew(each.snapshot, "t0")) {
          assertRows(rows, state.rows.stream().filter(row -> !known.contains(row)).toList());
        }
      }
      long low = FIRST_KEY + first % 40;
      long high = low + second % 20;
      for (KeyRange range :
          List.of(
              KeyRange.all(),
              KeyRange.atLeast(low),
              KeyRange.atMost(low),
              KeyRange.closedOpen(low, high),
              KeyRange.closed(low, high),
              KeyRange.covering(low, high))) {
        List<Row> expected = in(range);
        try (RowIterator rows = reader.iterate(range, "t1")) {
          assertRows(rows, expected);
        }
        int last = Math.min(second % 3, expected.size());
        try (RowIterator rows = reader.iterateLast(range, second % 3, "t0")) {
          assertRows(rows, expected.subList(expected.size() - last, expected.size()));
        }
      }
      readValues(reader, low);
    }
  }

  private void readValues(StoreReader reader, long key) throws IOException {
    List<Row> equal = in(KeyRange.closed(key, key));
    for (int table = 0; table < state.tableCount; table++) {
      int t = table;
      String name = "t" + table;
      Optional<byte[]> read = reader.read(name, key);
      assertThat(read.isPresent()).isEqualTo(!equal.isEmpty());
      if (read.isPresent()) {
        assertThat(read.get()).isEqualTo(equal.get(0).bytes(t));
        assertThat(reader.value(name, key).orElseThrow().bytes()).isEqualTo(read.get());
      }
      List<byte[]> values = new ArrayList<>();
      for (Value value : reader.values(name, key)) {
        values.add(value.newInputStream().readAllBytes());
      }
      assertThat(values)
          .usingRecursiveComparison()
          .isEqualTo(equal.stream().map(r -> r.bytes(t)).toList());
      for (int row = 0; row < state.rows.size(); row++) {
        byte[] expected = state.rows.get(row).bytes(t);
        ByteRange half = new ByteRange(0, expected.length / 2);
        assertThat(reader.valueAt(name, row).read(List.of(half)).get(0))
            .isEqualTo(Arrays.copyOf(expected, expected.length / 2));
        assertThat(reader.key(row)).isEqualTo(state.rows.get(row).key);
      }
    }
  }

  /** The rows of a range, by its definition. */
  private List<Row> in(KeyRange range) {
    Optional<Row> end =
        state.rows.stream().filter(r -> Long.compareUnsigned(r.key, range.to()) >= 0).findFirst();
    return state.rows.stream()
        .filter(
            row -> {
              int start = Long.compareUnsigned(row.key, range.from());
              int stop = Long.compareUnsigned(row.key, range.to());
              boolean begun = range.start() == KeyRange.Start.AT ? start >= 0 : start > 0;
              return begun
                  && switch (range.end()) {
                    case NONE -> true;
                    case BEFORE -> stop < 0;
                    case AT -> stop <= 0;
                    case COVERING -> stop < 0 || (end.isPresent() && row.key == end.get().key);
                  };
            })
        .toList();
  }

  private void assertRows(RowIterator rows, List<Row> expected) throws IOException {
    List<String> found = new ArrayList<>();
    while (rows.next()) {
      StringBuilder text = new StringBuilder(Long.toUnsignedString(rows.key()));
      for (int table = 0; table < state.tableCount; table++) {
        byte[] value = rows.read("t" + table);
        text.append(' ').append(value.length == 0 ? "-" : HexFormat.of().formatHex(value));
      }
      found.add(text.toString());
      int row = (int) rows.row();
      assertThat(rows.previousKey())
          .isEqualTo(
              row == 0
                  ? OptionalLong.empty()
                  : LongStream.of(state.rows.get(row - 1).key).findFirst());
    }
    assertThat(found).isEqualTo(expected.stream().map(r -> r.text(state.tableCount)).toList());
  }
}
