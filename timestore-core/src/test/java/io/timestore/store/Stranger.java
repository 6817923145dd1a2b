package io.timestore.store;

import io.timestore.format.Schema;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;

/** Somebody else's process, which prints what comes of one thing that it does to a store. */
public final class Stranger {
  private Stranger() {}

  /** Arguments: what to do, the store. */
  public static void main(String[] arguments) {
    try {
      System.out.println(work(arguments[0], Path.of(arguments[1])));
    } catch (IOException | RuntimeException e) {
      System.out.println(e + (e.getCause() == null ? "" : " with a cause"));
    }
  }

  private static String work(String work, Path path) throws IOException {
    return switch (work) {
      case "read" -> Rows.read(Store.open(path), List.of("a", "b")).size() + " rows";
      case "open" -> {
        try (StoreWriter writer = Store.open(path).writer(WriterOptions.defaults())) {
          yield writer.mode().toString();
        }
      }
      case "write" -> {
        try (StoreWriter writer = Store.open(path).writer(WriterOptions.defaults())) {
          writer.append(Rows.batch(Rows.ofKeys(LongStream.range(1000, 1100))));
          yield writer.commit() + " rows";
        }
      }
      case "publish" -> {
        try (Publisher publisher = Store.open(path).publisher()) {
          yield "" + publisher.startWithoutState(new UUID(1, 1));
        }
      }
      case "create" ->
          Store.openOrCreate(path, Schema.ofTables(List.of("a", "b"))).directory().toString();
      default -> throw new IllegalArgumentException(work);
    };
  }
}
