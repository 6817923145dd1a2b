package io.timestore.flink.types;

import io.timestore.format.Column;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.flink.streaming.api.lineage.LineageDatasetFacet;

/**
 * The columns of a store, for Flink's lineage.
 *
 * @param fields each column's SQL type, the key's first
 */
public record SchemaFacet(Map<String, String> fields) implements LineageDatasetFacet {
  public static final String NAME = "schema";

  public SchemaFacet {
    fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
  }

  public static SchemaFacet of(TableLayout layout) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put(layout.key().name(), layout.key().type() + " NOT NULL");
    for (Column column : layout.columns()) {
      fields.put(column.name(), column.sqlType());
    }
    return new SchemaFacet(fields);
  }

  @Override
  public String name() {
    return NAME;
  }
}
