package io.timestore.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * What {@code schema.json} says of a store.
 *
 * @param storeId the store's UUID; a copy of a store keeps it
 * @param key what the keys mean
 * @param columns the columns, in SQL order without the key
 * @param flink what a catalog keeps here; the core carries it along unread
 */
public record Schema(UUID storeId, Key key, List<Column> columns, Map<String, Object> flink) {

  /** The only version of {@code schema.json} so far. */
  public static final int FORMAT_VERSION = 1;

  /** Keeps no buffers in the threads that call, which would keep this class's loader, too. */
  private static final JSON FORMAT =
      JSON.builder(JsonFactory.builder().recyclerPool(JsonRecyclerPools.nonRecyclingPool()).build())
          .build();

  public Schema {
    columns = List.copyOf(columns);
    Set<String> tables = new HashSet<>();
    Set<String> names = new HashSet<>(Set.of(key.name()));
    for (Column column : columns) {
      if (!names.add(column.name())) {
        throw new IllegalArgumentException("two columns are named '" + column.name() + "'");
      }
      if (!tables.add(column.table())) {
        throw new IllegalArgumentException("two columns use the table '" + column.table() + "'");
      }
    }
  }

  /** A new store's schema, with a UUID of its own. */
  public static Schema create(Key key, List<Column> columns) {
    return new Schema(UUID.randomUUID(), key, columns, Map.of());
  }

  /**
   * The schema of a store of plain bytes: u64 keys, and tables of any values. The key's name is
   * {@code key}, with underscores in front where a table has that name.
   */
  public static Schema ofTables(List<String> tables) {
    String keyName = "key";
    while (tables.contains(keyName)) {
      keyName = "_" + keyName;
    }
    return create(Key.of(keyName, Key.WHOLE_RANGE), tables.stream().map(Column::ofTable).toList());
  }

  /**
   * This schema with columns more, behind its own.
   *
   * @param added a column that is there already stays as it is
   * @throws IllegalArgumentException if rows can't lack one of them, or its name or table is taken
   */
  public Schema withColumns(List<Column> added) {
    List<Column> all = new ArrayList<>(columns);
    for (Column column : added) {
      Optional<Column> same = all.stream().filter(c -> c.name().equals(column.name())).findFirst();
      if (same.isPresent() && !same.get().equals(column)) {
        throw new IllegalArgumentException(
            "column "
                + column.name()
                + ": "
                + text(column)
                + ", but the store has it as "
                + text(same.get()));
      }
      if (same.isEmpty() && !column.mayBeAbsent()) {
        throw new IllegalArgumentException(
            "column "
                + column.name()
                + ": "
                + column.sqlType()
                + " can't be added, since the rows that are there have no value of it; expected a"
                + " nullable type");
      }
      if (same.isEmpty()) {
        all.add(column);
      }
    }
    return new Schema(storeId, key, all, flink);
  }

  private static String text(Column column) {
    return column.sqlType()
        + (column.format() == null ? "" : " in the format '" + column.encoding() + "'")
        + (column.endianness() == Endianness.LITTLE ? "" : " in big-endian bytes")
        + " in table '"
        + column.table()
        + "'";
  }

  /** The tables' names, in column order. */
  public List<String> tables() {
    return columns.stream().map(Column::table).toList();
  }

  /** The bytes of {@code schema.json}. */
  public byte[] toJson() {
    Map<String, Object> keyJson = new LinkedHashMap<>();
    keyJson.put("name", key.name());
    keyJson.put("type", key.type().toString());
    if (key.unit() != null) {
      keyJson.put("unit", key.unit().symbol());
    }
    List<Map<String, Object>> columnsJson = new ArrayList<>();
    for (Column column : columns) {
      Map<String, Object> columnJson = new LinkedHashMap<>();
      columnJson.put("name", column.name());
      columnJson.put("table", column.table());
      columnJson.put("type", column.typeText());
      columnJson.put("nullable", column.nullable());
      columnJson.put("encoding", column.encoding());
      columnJson.put("endianness", column.endianness().toString());
      columnsJson.add(columnJson);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("formatVersion", FORMAT_VERSION);
    json.put("uuid", storeId.toString());
    json.put("key", keyJson);
    json.put("columns", columnsJson);
    json.put("flink", flink);
    try {
      String text =
          FORMAT
              .with(JSON.Feature.PRETTY_PRINT_OUTPUT)
              .without(JSON.Feature.WRITE_NULL_PROPERTIES)
              .asString(json);
      return (text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalArgumentException("schema can't be written as JSON: " + e.getMessage(), e);
    }
  }

  /**
   * The schema in the bytes of a {@code schema.json}.
   *
   * @param file named in errors
   * @throws CorruptStoreException if they are no schema of a version that is known here
   */
  public static Schema fromJson(byte[] bytes, String file) throws CorruptStoreException {
    try {
      Map<String, Object> json = FORMAT.mapFrom(bytes);
      if (json == null) {
        throw new IllegalArgumentException("null, expected an object");
      }
      int version = field(json, "formatVersion", Integer.class);
      if (version != FORMAT_VERSION) {
        throw new CorruptStoreException(
            file
                + ": written in format version "
                + version
                + ", this software reads version "
                + FORMAT_VERSION);
      }
      Map<?, ?> keyJson = field(json, "key", Map.class);
      Object unit = keyJson.get("unit");
      Key key =
          new Key(
              field(keyJson, "name", String.class),
              CellType.parse(field(keyJson, "type", String.class)),
              unit == null ? null : TimeUnit.ofSymbol(unit.toString()));
      List<Column> columns = new ArrayList<>();
      for (Object element : field(json, "columns", List.class)) {
        columns.add(column(element));
      }
      Map<String, Object> flink = new LinkedHashMap<>();
      if (json.get("flink") instanceof Map<?, ?> map) {
        map.forEach((name, value) -> flink.put(name.toString(), value));
      }
      UUID storeId = UUID.fromString(field(json, "uuid", String.class));
      return new Schema(storeId, key, columns, flink);
    } catch (CorruptStoreException e) {
      throw e;
    } catch (IOException | IllegalArgumentException e) {
      throw new CorruptStoreException(file + ": no schema of a store: " + e.getMessage(), e);
    }
  }

  private static Column column(Object json) {
    if (!(json instanceof Map<?, ?> map)) {
      throw new IllegalArgumentException("'columns' holds " + json + ", expected an object");
    }
    String name = field(map, "name", String.class);
    String table = field(map, "table", String.class);
    String type = field(map, "type", String.class);
    boolean nullable = field(map, "nullable", Boolean.class);
    String encoding = field(map, "encoding", String.class);
    String endianness = field(map, "endianness", String.class);
    try {
      Column column =
          encoding.equals(Column.Format.PLAIN)
              ? new Column(name, table, CellType.parse(type), nullable)
              : new Column(name, table, new Column.Format(encoding, type), nullable);
      return column.withEndianness(Endianness.of(endianness));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("column " + name + ": " + e.getMessage(), e);
    }
  }

  private static <T> T field(Map<?, ?> json, String name, Class<T> type) {
    Object value = json.get(name);
    if (!type.isInstance(value)) {
      throw new IllegalArgumentException(
          "field '" + name + "' is " + value + ", expected a " + type.getSimpleName());
    }
    return type.cast(value);
  }
}
