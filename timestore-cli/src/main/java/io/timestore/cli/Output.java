package io.timestore.cli;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/**
 * Where a command's result goes, as UTF-8: lines of text for people, JSON for programs. Whoever
 * reads it may leave early, as {@code head} does, which ends the command without a word.
 */
final class Output {
  /** What is not known is null, and not left out. */
  static final JSON JSON_WITH_NULLS = JSON.std.with(JSON.Feature.WRITE_NULL_PROPERTIES);

  static final JSON PRETTY = JSON_WITH_NULLS.with(JSON.Feature.PRETTY_PRINT_OUTPUT);

  private final Pipe pipe;
  private final Writer writer;

  Output(OutputStream out) {
    this.pipe = new Pipe(out);
    this.writer = new BufferedWriter(new OutputStreamWriter(pipe, StandardCharsets.UTF_8));
  }

  /** Nobody reads the output any more. */
  static final class ClosedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ClosedException(IOException cause) {
      super("nobody reads the output any more", cause);
    }
  }

  /** Tells a reader who left from a disk that is full. */
  private static final class Pipe extends OutputStream {
    private final OutputStream out;
    private boolean isBroken;

    Pipe(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (isBroken) {
        return; // It was told of once.
      }
      try {
        out.write(bytes, offset, length);
      } catch (IOException e) {
        isBroken = true;
        if ("Broken pipe".equals(e.getMessage())) {
          throw new ClosedException(e);
        }
        throw new IOException("the output can't be written: " + e.getMessage(), e);
      }
    }
  }

  /** What others print to, such as picocli its help. */
  Writer asWriter() {
    return writer;
  }

  /** For results that are no text. */
  OutputStream asStream() {
    return pipe;
  }

  void line() {
    line("");
  }

  void line(String text) {
    try {
      writer.write(text);
      writer.write('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One JSON value on lines of its own: maps, lists, strings, numbers, booleans, null. */
  void json(Object value) {
    try {
      line(PRETTY.asString(value));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One JSON value on one line, to be read before the next one comes. */
  void jsonLine(Object value) {
    try {
      line(JSON_WITH_NULLS.asString(value));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void flush() {
    try {
      writer.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
