package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.timestore.disk.AppendMode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WriteBuffersTest {
  private static final AppendMode MODE = new AppendMode(true, 4096, "test");
  private static final int BUFFER_COUNT = 14;

  /** Each of them, whether in use or free. */
  private final Set<ByteBuffer> all = Collections.newSetFromMap(new IdentityHashMap<>());

  private ByteBuffer seen(ByteBuffer buffer) {
    all.add(buffer);
    return buffer;
  }

  private long sizeBytes() {
    return all.stream().mapToLong(ByteBuffer::capacity).sum();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100_000, 600_000, 1 << 20, 4 << 20, 16 << 20, 32 << 20, 64 << 20})
  void togetherTheyAreNoMoreThanWasSaidHoweverFilesGrow(int memoryBytes) {
    WriteBuffers buffers = new WriteBuffers(MODE, memoryBytes, BUFFER_COUNT);
    Random random = new Random(memoryBytes);
    for (int round = 0; round < 20; round++) {
      List<ByteBuffer> inUse = new ArrayList<>();
      for (int i = 0; i < BUFFER_COUNT; i++) {
        inUse.add(seen(buffers.first()));
      }
      for (int step = random.nextInt(100); step > 0; step--) {
        int at = random.nextInt(BUFFER_COUNT);
        inUse.set(at, seen(buffers.larger(inUse.get(at))));
      }
      inUse.forEach(buffers::give);
    }
    int blocks = BUFFER_COUNT * MODE.blockBytes();
    assertThat(sizeBytes())
        .isBetween(Math.min(memoryBytes / 2L, blocks), (long) Math.max(memoryBytes, blocks));
  }

  @ParameterizedTest
  @ValueSource(ints = {1 << 20, 8 << 20, 32 << 20, 50 << 20})
  void mostOfTheMemoryIsInThoseThatFilesGrowTo(int memoryBytes) {
    WriteBuffers buffers = new WriteBuffers(MODE, memoryBytes, BUFFER_COUNT);
    ByteBuffer buffer = buffers.first();
    for (int i = 0; i < 10; i++) {
      buffer = buffers.larger(buffer);
    }
    assertThat((long) buffer.capacity() * BUFFER_COUNT).isGreaterThan(memoryBytes / 2);
  }
}
