package io.timestore.store;

import io.timestore.disk.Disk;
import io.timestore.disk.LocalDisk;
import io.timestore.format.Schema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Acknowledges one batch, without step P7, and then waits for its end. */
public final class TurnsWithoutDirectorySync {
  private TurnsWithoutDirectorySync() {}

  /** Arguments: the store. */
  public static void main(String[] arguments) throws IOException {
    Disk disk =
        Around.calls(
            Disk.class,
            new LocalDisk(),
            (method, values, original) ->
                method.getName().equals("syncDirectory") ? null : original.call());
    Store store = Store.openOrCreate(disk, Path.of(arguments[0]), Schema.ofTables(Appender.TABLES));
    new Turns(store, TurnsWithoutDirectorySync::tellAndWait).core(1);
  }

  private static void tellAndWait(String line) {
    System.out.println(line);
    try {
      System.in.read();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
