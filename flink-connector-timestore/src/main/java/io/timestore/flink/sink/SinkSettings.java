package io.timestore.flink.sink;

import io.timestore.disk.DirectIo;
import java.io.Serializable;

/**
 * How a sink uses memory and disk.
 *
 * @param reorderBufferBytes rows held for ordering
 * @param bufferMemoryBytes all write buffers of one writer
 * @param directIo whether writes go past the page cache
 */
public record SinkSettings(long reorderBufferBytes, long bufferMemoryBytes, DirectIo directIo)
    implements Serializable {}
