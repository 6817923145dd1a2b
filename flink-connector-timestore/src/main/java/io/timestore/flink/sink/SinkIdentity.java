package io.timestore.flink.sink;

import java.io.Serializable;
import java.util.UUID;

/**
 * Who writes.
 *
 * @param lineage the family of sinks
 * @param submission the sink as it was built once in a client
 */
record SinkIdentity(UUID lineage, UUID submission) implements Serializable {}
