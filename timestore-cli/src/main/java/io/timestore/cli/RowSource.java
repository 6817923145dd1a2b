package io.timestore.cli;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows of a file, as texts. */
interface RowSource extends Closeable {
  /**
   * A row.
   *
   * @param line of the file that it begins in, from 1 on
   * @param fields the texts of the wanted columns, null for NULL
   * @param error why it is no row; null if it is one
   * @param raw as the file has it: its text, or a list of texts
   */
  record Row(long line, List<@Nullable String> fields, @Nullable String error, Object raw) {}

  /** The wanted columns that this file has none of. */
  List<String> missing();

  /** The next row; null at the end. */
  @Nullable Row next() throws IOException;
}
