package io.timestore.format;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which names a table may have: it is a directory beside the store's own files. */
public final class TableNames {
  private static final Set<String> RESERVED =
      Set.of("length", "new_length", "keys", "schema.json", "record", "commits", "lanes");
  private static final List<String> RESERVED_ENDINGS = List.of(".crc", ".lock", ".holder");
  private static final int NAME_BYTES_MAX = 255;

  private TableNames() {}

  /** Whether a table may have this name. */
  public static boolean isValid(String table) {
    return fault(table) == null;
  }

  /**
   * Refuses a name that a table can't have, or that would lead out of the store.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  public static void check(String table) {
    String fault = fault(table);
    if (fault != null) {
      throw new IllegalArgumentException("table name '" + table + "': " + fault);
    }
  }

  private static @Nullable String fault(String table) {
    if (table.isEmpty()) {
      return "empty";
    }
    if (table.startsWith(".")) {
      return "begins with a dot";
    }
    if (table.indexOf('/') >= 0 || table.indexOf('\0') >= 0) {
      return "holds a character that no file name has";
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(table)) {
      return "holds half of a character";
    }
    int nameBytes = table.getBytes(StandardCharsets.UTF_8).length;
    if (nameBytes > NAME_BYTES_MAX) {
      return "has " + nameBytes + " bytes in UTF-8, a file name has at most " + NAME_BYTES_MAX;
    }
    if (RESERVED.contains(table) || RESERVED_ENDINGS.stream().anyMatch(table::endsWith)) {
      return "is one of the store's own names";
    }
    return null;
  }
}
