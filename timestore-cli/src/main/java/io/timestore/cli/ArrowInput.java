package io.timestore.cli;

import io.timestore.arrow.ArrowAppender;
import io.timestore.arrow.ArrowMemory;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryEncoder;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.arrow.vector.types.pojo.Schema;

/** Rows of Arrow's IPC: a file with an index at its end, or a stream. */
final class ArrowInput implements Closeable {
  private static final byte[] MAGIC = "ARROW1".getBytes(StandardCharsets.US_ASCII);

  private final String name;
  private final BufferAllocator allocator;
  private final ArrowReader reader;

  private ArrowInput(String name, BufferAllocator allocator, ArrowReader reader) {
    this.name = name;
    this.allocator = allocator;
    this.reader = reader;
  }

  static ArrowInput ofFile(Path file) throws IOException {
    BufferAllocator allocator = ArrowMemory.newAllocator();
    try {
      return new ArrowInput(
          file.toString(),
          allocator,
          isFile(file)
              ? new ArrowFileReader(Files.newByteChannel(file), allocator)
              : new ArrowStreamReader(
                  new BufferedInputStream(new FileInputStream(file.toFile())), allocator));
    } catch (IOException | RuntimeException e) {
      allocator.close();
      throw e;
    }
  }

  static ArrowInput ofStream(String name, InputStream in) {
    BufferAllocator allocator = ArrowMemory.newAllocator();
    return new ArrowInput(name, allocator, new ArrowStreamReader(in, allocator));
  }

  private static boolean isFile(Path file) throws IOException {
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      ByteBuffer start = ByteBuffer.allocate(MAGIC.length);
      while (start.hasRemaining() && channel.read(start) >= 0) {
        // Until it is full, or the file ends.
      }
      return start.flip().equals(ByteBuffer.wrap(MAGIC));
    }
  }

  /** Of its rows, with the values of dictionaries in place of their indexes. */
  Schema schema() throws IOException {
    return reading(
        () -> {
          try (Decoded decoded = new Decoded(reader)) {
            return new Schema(
                decoded.root().getSchema().getFields(),
                reader.getVectorSchemaRoot().getSchema().getCustomMetadata());
          }
        });
  }

  /** Appends all rows. */
  void appendTo(ArrowAppender appender) throws IOException {
    while (reading(reader::loadNextBatch)) {
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("stopped by a signal");
      }
      try (Decoded decoded = new Decoded(reader)) {
        appender.append(decoded.root());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
      }
    }
  }

  private interface Reading<T> {
    T from() throws IOException;
  }

  /** Arrow tells of broken files in many ways. */
  private <T> T reading(Reading<T> work) throws IOException {
    try {
      return work.from();
    } catch (IOException | RuntimeException e) {
      if (Thread.currentThread().isInterrupted()) {
        InterruptedIOException stopped = new InterruptedIOException("stopped by a signal");
        stopped.initCause(e);
        throw stopped;
      }
      throw new IllegalArgumentException(name + ": no Arrow IPC: " + e.getMessage(), e);
    }
  }

  /** A batch whose vectors hold values; those that it made itself are released with it. */
  private static final class Decoded implements Closeable {
    private final List<FieldVector> made = new ArrayList<>();
    private final VectorSchemaRoot root;

    Decoded(ArrowReader reader) throws IOException {
      VectorSchemaRoot encoded = reader.getVectorSchemaRoot();
      List<FieldVector> vectors = new ArrayList<>();
      for (FieldVector vector : encoded.getFieldVectors()) {
        if (vector.getField().getDictionary() == null) {
          vectors.add(vector);
        } else {
          Dictionary dictionary = reader.lookup(vector.getField().getDictionary().getId());
          FieldVector values = (FieldVector) DictionaryEncoder.decode(vector, dictionary);
          made.add(values);
          vectors.add(values);
        }
      }
      root =
          new VectorSchemaRoot(
              vectors.stream().map(FieldVector::getField).toList(), vectors, encoded.getRowCount());
    }

    VectorSchemaRoot root() {
      return root;
    }

    @Override
    public void close() {
      made.forEach(FieldVector::close);
    }
  }

  @Override
  public void close() throws IOException {
    try (allocator) {
      reader.close();
    }
  }
}
