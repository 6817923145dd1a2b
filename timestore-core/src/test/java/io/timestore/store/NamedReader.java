package io.timestore.store;

import io.timestore.disk.FileNames;
import io.timestore.format.Batch;
import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Works with a table whose name is not ASCII, and prints what comes of it. */
public final class NamedReader {
  static final List<String> WORKS = List.of("read", "list", "create", "path");

  private NamedReader() {}

  /** Arguments: the store, what to do. */
  public static void main(String[] arguments) {
    try {
      work(Path.of(arguments[0]), arguments[1]);
      System.out.println("done");
    } catch (IOException | RuntimeException e) {
      System.out.println(e);
    }
  }

  private static void work(Path path, String work) throws IOException {
    switch (work) {
      case "read" -> {
        Snapshot snapshot = Store.open(path).snapshot();
        try (Scan scan = snapshot.scan(snapshot.ranges(), List.of(NamesTest.NOT_ASCII))) {
          scan.next(new Batch(1));
        }
      }
      case "list" -> System.out.println(Store.open(path).tables());
      case "create" ->
          Store.openOrCreate(
              path.resolveSibling("other"), Schema.ofTables(List.of(NamesTest.NOT_ASCII)));
      case "path" -> System.out.println(FileNames.path(NamesTest.NOT_ASCII));
      default -> throw new IllegalArgumentException(work);
    }
  }
}
