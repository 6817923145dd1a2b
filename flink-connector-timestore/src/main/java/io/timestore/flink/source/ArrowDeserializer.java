package io.timestore.flink.source;

import java.io.IOException;
import java.io.Serializable;
import org.apache.arrow.vector.VectorSchemaRoot;

/** Makes an element of a record batch. */
@FunctionalInterface
public interface ArrowDeserializer<T> extends Serializable {

  /**
   * The element of a batch.
   *
   * @param rows one or more, in key order: the key's vector, and those of the columns in the order
   *     in which they were given. They are released when the call ends: keep copies, or bytes
   */
  T deserialize(VectorSchemaRoot rows) throws IOException;
}
