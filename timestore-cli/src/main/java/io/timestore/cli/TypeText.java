package io.timestore.cli;

import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.Key;
import io.timestore.format.Schema;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** SQL types as people write them, with the names and the parameters that may be left out. */
final class TypeText {
  private static final String NOT_NULL = "NOT NULL";

  private TypeText() {}

  static CellType parse(String text) {
    String type = text.trim().toUpperCase(Locale.ROOT).replaceAll("\\s+", " ");
    return CellType.parse(
        switch (type) {
          case "STRING", "VARCHAR", "TEXT" -> CellType.string().toString();
          case "BYTES", "VARBINARY" -> CellType.bytes().toString();
          case "CHAR" -> "CHAR(1)";
          case "BINARY" -> "BINARY(1)";
          case "INTEGER" -> "INT";
          case "DOUBLE PRECISION" -> "DOUBLE";
          case "TIME" -> "TIME(0)";
          case "TIMESTAMP" -> "TIMESTAMP(6)";
          case "TIMESTAMP_LTZ" -> "TIMESTAMP_LTZ(6)";
          case "DECIMAL" -> "DECIMAL(10, 0)";
          default -> type.replaceFirst("^DECIMAL\\((\\d+)\\)$", "DECIMAL($1, 0)");
        });
  }

  /**
   * A schema as SQL writes it: {@code ts TIMESTAMP_LTZ(3), sym STRING NOT NULL, price DOUBLE}.
   *
   * @param keyName the column that is the key; empty: the first one
   */
  static Schema schema(String text, Optional<String> keyName) {
    List<Column> columns = new ArrayList<>();
    for (String part : parts(text)) {
      String[] words = part.trim().split("\\s+", 2);
      if (words.length != 2) {
        throw new IllegalArgumentException(
            "--schema: '"
                + part.trim()
                + "' is no column, expected NAME TYPE or NAME TYPE NOT NULL");
      }
      String name = words[0].replace("`", "");
      String type = words[1].trim();
      boolean nullable = !type.toUpperCase(Locale.ROOT).endsWith(NOT_NULL);
      String bare = nullable ? type : type.substring(0, type.length() - NOT_NULL.length());
      columns.add(new Column(name, name, parse(bare), nullable));
    }
    String key = keyName.orElse(columns.get(0).name());
    Column keyColumn =
        columns.stream()
            .filter(column -> column.name().equals(key))
            .findFirst()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "--key: no column '"
                            + key
                            + "' in --schema, found "
                            + columns.stream().map(Column::name).toList()));
    columns.remove(keyColumn);
    return Schema.create(Key.of(key, keyColumn.type()), columns);
  }

  /** The columns of a schema, the key among them, as they stand there. */
  static List<String> names(String schema) {
    return parts(schema).stream()
        .map(part -> part.trim().split("\\s+", 2)[0].replace("`", ""))
        .toList();
  }

  /** {@code sym=STRING,price=DOUBLE}: a type for each table that has none. */
  static Map<String, CellType> types(String text) {
    Map<String, CellType> types = new LinkedHashMap<>();
    for (String part : parts(text)) {
      int equals = part.indexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            "--types: '" + part + "' is no type of a table, expected TABLE=TYPE");
      }
      types.put(part.substring(0, equals).trim(), parse(part.substring(equals + 1)));
    }
    return types;
  }

  /** What stands between commas that are in no parentheses. */
  private static List<String> parts(String text) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (c == ',' && depth == 0) {
        parts.add(text.substring(start, i));
        start = i + 1;
      }
    }
    parts.add(text.substring(start));
    return parts;
  }
}
