package io.timestore.cli;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What becomes of rows that are none: the first one is an error, or all are collected. */
final class BadRows implements Closeable {
  private final @Nullable Unfinished file;
  private final @Nullable Writer writer;
  private long count;

  /**
   * @param path a file that gets a JSON object for each of them; null: there must be none
   */
  BadRows(@Nullable Path path) throws IOException {
    file = path == null ? null : new Unfinished(path);
    writer =
        file == null
            ? null
            : new BufferedWriter(
                new OutputStreamWriter(
                    new FileOutputStream(file.path().toFile()), StandardCharsets.UTF_8));
  }

  /** How many there were. */
  long count() {
    return count;
  }

  void add(String source, RowSource.Row row, String error, @Nullable Exception cause)
      throws IOException {
    if (writer == null) {
      throw new IllegalArgumentException(
          source + ":" + row.line() + ": " + error + " (--bad-rows collects such rows)", cause);
    }
    count++;
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("file", source);
    json.put("line", row.line());
    json.put("error", error);
    json.put("row", row.raw());
    writer.write(JSON.std.asString(json));
    writer.write('\n');
  }

  /** Puts the file where it was wanted. */
  void finish() throws IOException {
    if (file != null && writer != null) {
      writer.close();
      file.finish();
    }
  }

  @Override
  public void close() throws IOException {
    if (file != null && writer != null) {
      try (file) {
        writer.close();
      }
    }
  }
}
