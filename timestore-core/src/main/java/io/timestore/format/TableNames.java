package io.timestore.format;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/** Which names a table may have: it is a directory beside the store's own files. */
final class TableNames {
  private static final Set<String> RESERVED =
      Set.of("length", "new_length", "keys", "schema.json", "record", "commits", "lanes");
  private static final List<String> RESERVED_ENDINGS = List.of(".crc", ".lock", ".holder");
  private static final int NAME_BYTES_MAX = 255;

  private TableNames() {}

  static void check(String table) {
    String fault = fault(table);
    if (fault != null) {
      throw new IllegalArgumentException("table name '" + table + "': " + fault);
    }
  }

  @org.jspecify.annotations.Nullable
  private static String fault(String table) {
    if (table.isEmpty()) {
      return "empty";
    }
    if (table.startsWith(".")) {
      return "begins with a dot";
    }
    if (table.indexOf('/') >= 0 || table.indexOf('\0') >= 0) {
      return "holds a character that no file name has";
    }
    if (table.getBytes(StandardCharsets.UTF_8).length > NAME_BYTES_MAX) {
      return "is longer than " + NAME_BYTES_MAX + " bytes";
    }
    if (RESERVED.contains(table) || RESERVED_ENDINGS.stream().anyMatch(table::endsWith)) {
      return "is one of the store's own names";
    }
    return null;
  }
}
