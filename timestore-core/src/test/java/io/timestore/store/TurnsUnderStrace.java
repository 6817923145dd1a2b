package io.timestore.store;

import io.timestore.disk.CallingThread;
import io.timestore.disk.Disk;
import io.timestore.disk.IoThreads;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Schema;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Takes the same {@link Turns} with each new store whose path it reads. All I/O of a store is done
 * by one thread of its own, which prints its id and waits for a line before it begins; what it
 * tells is printed by another one, so that its system calls are those of the store alone.
 */
public final class TurnsUnderStrace {
  static final int BATCHES = 4;
  static final String READY = "ready";
  static final String DONE = "done";

  private final Disk disk =
      Around.calls(
          Disk.class,
          new LocalDisk(),
          (method, arguments, original) ->
              method.getName().equals("threads")
                  ? new IoThreads(new CallingThread())
                  : original.call());
  private final ExecutorService teller;
  private final BufferedReader input =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

  private TurnsUnderStrace(ExecutorService teller) {
    this.teller = teller;
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    ExecutorService teller = Executors.newSingleThreadExecutor();
    TurnsUnderStrace turns = new TurnsUnderStrace(teller);
    System.out.println(READY);
    String path = turns.input.readLine();
    while (path != null) {
      Path store = Path.of(path);
      Thread thread = new Thread(() -> turns.take(store));
      thread.start();
      thread.join();
      System.out.println(DONE);
      path = turns.input.readLine();
    }
    teller.shutdown();
  }

  private void take(Path path) {
    try {
      tell(Path.of("/proc/thread-self").toRealPath().getFileName().toString());
      input.readLine();
      Store store = Store.openOrCreate(disk, path, Schema.ofTables(Appender.TABLES));
      Turns turns = new Turns(store, this::tell);
      turns.core(2);
      turns.sink(1, false);
      turns.sink(1, true); // in a lane of its own
    } catch (IOException e) {
      tell(Turns.FAILED + e.getMessage());
    }
  }

  private void tell(String line) {
    try {
      teller.submit(() -> System.out.println(line)).get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
