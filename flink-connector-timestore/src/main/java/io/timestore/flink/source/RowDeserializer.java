package io.timestore.flink.source;

import java.io.IOException;
import java.io.Serializable;
import org.apache.flink.table.data.RowData;

/** Makes an element of a row. */
@FunctionalInterface
public interface RowDeserializer<T> extends Serializable {

  /**
   * The element of a row.
   *
   * @param key an unsigned number: steps of the key's unit since 1970, or the number itself
   * @param cells of the columns, in the order in which they were given; the next call changes it,
   *     as well as what it hands out in place of copies: keep none of them
   */
  T deserialize(long key, RowData cells) throws IOException;
}
