package io.timestore.store;

import io.timestore.disk.SimulatedProcess.Fate;
import io.timestore.disk.SimulatedProcess.Kind;
import io.timestore.disk.SimulatedProcess.Operation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** A step of the protocol that is left out, or done too late, wherever the engine does it. */
enum SkippedStep implements Supplier<Fate> {
  C1_SYNC_OF_THE_SCHEMA(leftOut(syncOf(name -> name.startsWith(".schema.json.")))),
  C1_SYNC_OF_THE_PARENTS(leftOut(directorySyncBy(Store.class, "createDirectories"))),
  C1_SYNC_OF_THE_DIRECTORY(
      leftOut(directorySyncBy(Store.class, "openOrCreate").and(SkippedStep::isRoot))),
  C2_SYNC_OF_THE_TABLES(leftOut(directorySyncBy(Store.class, "openOrCreate").and(o -> !isRoot(o)))),
  W3_SYNC_OF_KEYS(leftOut(syncOf("keys"::equals))),
  W3_SYNC_OF_OFFSETS(leftOut(syncOf("offsets"::equals))),
  W3_SYNC_OF_DATA(leftOut(syncOf("data"::equals))),
  W3_AFTER_P6(late(syncOf(n -> List.of("keys", "offsets", "data").contains(n)))),
  W4_SYNC_OF_THE_TABLES(leftOut(namesSync().and(SkippedStep::isTable))),
  W4_SYNC_OF_THE_LANE(leftOut(namesSync().and(SkippedStep::isLane))),
  W4_SYNC_OF_THE_LANES(leftOut(namesSync().and(o -> isNamed(o, "lanes")))),
  W4_SYNC_OF_THE_ROOT(leftOut(namesSync().and(SkippedStep::isRoot))),
  W4_AFTER_P6(late(namesSync())),
  P2_SYNC_OF_THE_DIRECTORY(leftOut(directorySyncBy(Publisher.class, "underLock"))),
  P4_SYNC_OF_THE_RECORD(leftOut(syncOf(name -> name.startsWith(".length.")))),
  P4_SYNC_AFTER_P6(late(syncOf(name -> name.startsWith(".length.")))),
  P5_LINK(leftOut(SkippedStep::isLinkOfRecord)),
  P7_SYNC_OF_THE_DIRECTORY(leftOut(directorySyncBy(RecordFile.class, "replace")));

  private static final StackWalker STACK = StackWalker.getInstance();

  @SuppressWarnings("ImmutableEnumChecker") // makes a new one for each process
  private final Supplier<Fate> fate;

  SkippedStep(Supplier<Fate> fate) {
    this.fate = fate;
  }

  /** For one process. */
  @Override
  public Fate get() {
    return fate.get();
  }

  private static Supplier<Fate> leftOut(Predicate<Operation> step) {
    return () ->
        operation -> {
          if (!step.test(operation)) {
            operation.run();
          }
        };
  }

  /** The step comes behind the rename that is the commit. */
  private static Supplier<Fate> late(Predicate<Operation> step) {
    return () -> {
      List<Operation> held = new ArrayList<>();
      return operation -> {
        if (step.test(operation)) {
          held.add(operation);
          return;
        }
        operation.run();
        if (operation.kind() == Kind.RENAME && isNamed(operation, "length")) {
          runAll(held);
        }
      };
    };
  }

  private static void runAll(List<Operation> held) throws IOException {
    for (Operation operation : held) {
      operation.run();
    }
    held.clear();
  }

  private static Predicate<Operation> syncOf(Predicate<String> name) {
    return operation -> operation.kind() == Kind.SYNC && name.test(name(operation.path()));
  }

  private static Predicate<Operation> directorySyncBy(Class<?> type, String method) {
    return operation ->
        operation.kind() == Kind.SYNC_DIRECTORY
            && STACK.walk(frames -> frames.filter(SkippedStep::isEngine).findFirst()).stream()
                .anyMatch(
                    frame ->
                        frame.getClassName().equals(type.getName())
                            && frame.getMethodName().equals(method));
  }

  /** Not the disks, nor the campaign on whose behalf this is asked. */
  private static boolean isEngine(StackWalker.StackFrame frame) {
    return Stream.of(Store.class, LaneWriter.class, Publisher.class, RecordFile.class)
        .anyMatch(type -> frame.getClassName().equals(type.getName()));
  }

  private static Predicate<Operation> namesSync() {
    return directorySyncBy(LaneWriter.class, "syncNames");
  }

  private static boolean isLinkOfRecord(Operation operation) {
    String name = name(operation.path());
    return (operation.kind() == Kind.LINK && name.startsWith(".record."))
        || (operation.kind() == Kind.RENAME && name.equals("record"));
  }

  private static boolean isRoot(Operation operation) {
    return isNamed(operation, "store");
  }

  private static boolean isTable(Operation operation) {
    return isNamed(operation, "a") || isNamed(operation, "b");
  }

  private static boolean isLane(Operation operation) {
    return name(operation.path()).matches("\\d{5}");
  }

  private static boolean isNamed(Operation operation, String name) {
    return name(operation.path()).equals(name);
  }

  private static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }
}
