package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.timestore.disk.ChildJvm;
import io.timestore.disk.DirectIo;
import io.timestore.disk.LocalDisk;
import io.timestore.disk.Strace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A process is killed, or gets an error, at every system call in turn that changes something on
 * disk, from the creation of a store to the end of its second sink.
 */
@Tag("kernel")
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SystemCallTest {
  private static final String CALLS =
      "trace=?write,?pwrite64,?fsync,?fdatasync,?mkdir,?mkdirat,?unlink,?unlinkat"
          + ",?link,?linkat,?rename,?renameat,?renameat2";

  private static final Pattern CALL = Pattern.compile("(\\w+)\\((.*)\\) += (.*)");

  /** In quotes, or in angle brackets behind a descriptor. */
  private static final Pattern PATH = Pattern.compile("[\"<](/[^\">]*)[\">]");

  @TempDir Path directory;

  /** The n-th call of its name, as strace wrote it down. */
  private record Call(String name, int n, String arguments, String result) {
    /** The files that it names. */
    List<String> paths() {
      return PATH.matcher(arguments).results().map(path -> path.group(1)).toList();
    }

    /** A probe that fails is an answer, and a lane's own length is for the crate alone. */
    boolean isHarmless() {
      boolean probes = name.equals("pwrite64") && arguments.contains("/.probe.");
      return probes || arguments.contains("/lanes/00001/.length");
    }

    /** What an error that it got must say. */
    String operation() {
      return switch (name) {
        case "write", "pwrite64" -> "write";
        case "fsync", "fdatasync" -> name + " failed: ";
        default -> name.startsWith("unlink") ? "can't (delete|create) " : "can't (create|rename) ";
      };
    }

    boolean isSync() {
      return name.equals("fsync") || name.equals("fdatasync");
    }

    String injecting(String what) {
      return "inject=" + name + ":" + what + ":when=" + n;
    }
  }

  /** What the process told and which calls it made. */
  private record Trace(List<String> lines, List<Call> calls) {
    String failure() {
      return only(Turns.FAILED);
    }

    String refusal() {
      return only(Turns.REFUSED);
    }

    private String only(String kind) {
      List<String> found = lines.stream().filter(line -> line.startsWith(kind)).toList();
      assertThat(found).as("%s", lines).hasSizeLessThan(2);
      return found.isEmpty() ? "" : found.get(0);
    }
  }

  /** All calls, or about as many of them as were asked for. */
  private static List<Integer> tried(List<Call> calls) {
    long seed = Long.getLong("timestore.seed", System.nanoTime());
    System.out.println("Replay with -Dtimestore.seed=" + seed);
    int stride = Math.max(1, calls.size() / Integer.getInteger("cuts", calls.size()));
    int first = new Random(seed).nextInt(stride);
    return IntStream.iterate(first, i -> i < calls.size(), i -> i + stride).boxed().toList();
  }

  private static ChildJvm start() throws IOException {
    ChildJvm child = ChildJvm.start(TurnsUnderStrace.class);
    child.awaitLine(TurnsUnderStrace.READY);
    return child;
  }

  /** Has the child make a new store, its calls tampered with. */
  private static Trace trace(ChildJvm child, Path store, String... injections)
      throws IOException, InterruptedException {
    child.send(store);
    List<String> options = new ArrayList<>(List.of("-e", CALLS));
    for (String injection : injections) {
      options.addAll(List.of("-e", injection));
    }
    Path log = store.resolveSibling(store.getFileName() + ".strace");
    try (Strace strace = Strace.attach(child.readLine(), log, options)) {
      child.send("go");
      List<String> lines = child.linesUpTo(TurnsUnderStrace.DONE);
      return new Trace(lines, calls(strace.calls()));
    }
  }

  private static List<Call> calls(List<String> log) {
    Map<String, Integer> counts = new HashMap<>();
    List<Call> calls = new ArrayList<>();
    for (String line : log) {
      Matcher call = CALL.matcher(line);
      if (call.matches()) {
        int n = counts.merge(call.group(1), 1, Integer::sum);
        calls.add(new Call(call.group(1), n, call.group(2), call.group(3)));
      }
    }
    return calls;
  }

  /** The calls of a process that nobody hinders. */
  private List<Call> calls() throws IOException, InterruptedException {
    try (ChildJvm child = start()) {
      Path path = directory.resolve("sound");
      Trace trace = trace(child, path);
      assertThat(Told.of(0, trace.lines).batchCount()).isEqualTo(TurnsUnderStrace.BATCHES);
      assertThat(Told.of(0, trace.lines).check(path, "nothing injected"))
          .isEqualTo(TurnsUnderStrace.BATCHES + 1);
      assertThat(trace.calls.stream().map(Call::name))
          .contains("write", "pwrite64", "fsync", "fdatasync", "mkdir", "link", "rename");
      return trace.calls;
    }
  }

  @Test
  void aKillAtAnyCallLosesNothingAcknowledgedAndTheStoreGoesOn() throws Exception {
    List<Call> calls = calls();
    List<Integer> tried = tried(calls);
    for (int i : tried) {
      Call call = calls.get(i);
      Path path = directory.resolve("killed-" + i);
      try (ChildJvm child = start()) {
        Trace trace = trace(child, path, call.injecting("signal=SIGKILL"));
        String when = "killed before " + call + ", told " + trace.lines;
        assertThat(trace.lines).as(when).doesNotContain(TurnsUnderStrace.DONE);
        assertThat(trace.calls).as(when).hasSize(i + 1);
        Told.of(0, trace.lines).check(path, when);
      }
    }
    System.out.printf("Killed at %d of %d calls%n", tried.size(), calls.size());
  }

  @ParameterizedTest
  @CsvSource({
    "error=EIO, .*, Input/output error",
    "error=ENOSPC, pwrite64|write|mkdir|link|rename, No space left on device",
    "retval=100, pwrite64, short write of 100 bytes"
  })
  void anErrorOfAnyCallIsReportedAndNothingIsAcknowledgedAfterIt(
      String injection, String names, String message) throws Exception {
    assumeTrue(
        new LocalDisk().probe(directory, DirectIo.AUTO).direct() || injection.startsWith("error"),
        "only direct I/O can tell that a write was short");
    int count = 0;
    int poisoned = 0;
    List<Call> calls = calls();
    try (ChildJvm child = start()) {
      for (int i : tried(calls)) {
        Call call = calls.get(i);
        if (call.name.matches(names)) {
          Trace trace = trace(child, directory.resolve("failed-" + i), call.injecting(injection));
          check(directory.resolve("failed-" + i), i, call.name, trace, message);
          count++;
          poisoned += trace.refusal().isEmpty() ? 0 : 1;
        }
      }
    }
    System.out.printf("%s at %d calls, %d of a writer's%n", injection, count, poisoned);
  }

  private static void check(Path path, int index, String name, Trace trace, String message)
      throws IOException {
    assertThat(trace.calls).hasSizeGreaterThan(index);
    Call failed = trace.calls.get(index);
    String when = failed + ", told " + trace.lines;
    assertThat(failed.name).as(when).isEqualTo(name);
    assertThat(failed.result).as(when).contains("(INJECTED)");
    Told told = Told.of(0, trace.lines);
    assertThat(trace.lines).as(when).doesNotContain(Turns.WENT_ON);
    if (failed.isHarmless()) {
      assertThat(trace.failure()).as(when).isEmpty();
      assertThat(told.batchCount()).as(when).isEqualTo(TurnsUnderStrace.BATCHES);
    } else {
      assertThat(trace.failure()).as(when).containsPattern(failed.operation()).contains(message);
      assertThat(failed.paths()).as(when).anyMatch(trace.failure()::contains);
      assertThat(trace.refusal()).as(when).matches("|.*failed before and can't go on.*");
      if (failed.name.matches("pwrite64|fdatasync")) {
        assertThat(trace.refusal()).as(when).isNotEmpty();
      }
    }
    if (failed.isSync()) {
      List<Call> later = trace.calls.subList(index + 1, trace.calls.size());
      assertThat(later.stream().filter(Call::isSync).flatMap(call -> call.paths().stream()))
          .as(when)
          .doesNotContainAnyElementsOf(failed.paths());
    }
    told.check(path, when);
  }
}
