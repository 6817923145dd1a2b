package io.timestore.cli;

import io.timestore.format.Batch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows below one another. The first ones say how wide columns are; a later one that is wider moves
 * what stands right of it.
 */
final class TablePrinter implements RowPrinter {
  private static final int ROWS_MEASURED = 200;
  private static final int WIDTH_MAX = 60;
  private static final String NULL = "NULL";

  private final Columns columns;
  private final Output output;
  private final Terminal terminal;
  private final int[] widths;
  private final boolean[] isRight;
  private final List<List<String>> held = new ArrayList<>();
  private boolean isMeasured;

  TablePrinter(Columns columns, Output output, Terminal terminal) {
    this.columns = columns;
    this.output = output;
    this.terminal = terminal;
    widths = new int[columns.names().size()];
    isRight = new boolean[widths.length];
    int column = 0;
    for (int i = 0; i < widths.length; i++) {
      boolean isKey = columns.isKey(columns.names().get(i));
      isRight[i] = isKey ? columns.key().unit() == null : columns.cells().get(column).isNumber();
      column += isKey ? 0 : 1;
    }
  }

  @Override
  public void print(Batch batch, int row) throws IOException {
    List<String> texts = new ArrayList<>();
    int column = 0;
    for (String name : columns.names()) {
      if (columns.isKey(name)) {
        texts.add(columns.keyText().text(batch.key(row)));
      } else {
        @Nullable String text = columns.cells().get(column).text(batch.column(column), row);
        texts.add(text == null ? NULL : shown(text));
        column++;
      }
    }
    if (isMeasured) {
      output.line(line(texts));
      return;
    }
    held.add(texts);
    if (held.size() == ROWS_MEASURED) {
      printHeld();
    }
  }

  /** On one line, and not for ever: who wants all of it asks for CSV or JSON. */
  private static String shown(String text) {
    String line = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t");
    return line.codePointCount(0, line.length()) <= WIDTH_MAX
        ? line
        : line.substring(0, line.offsetByCodePoints(0, WIDTH_MAX - 1)) + "…";
  }

  private void printHeld() {
    isMeasured = true;
    held.add(0, columns.names());
    for (List<String> row : held) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], width(row.get(i)));
      }
    }
    output.line(terminal.bold(line(held.get(0))));
    held.stream().skip(1).forEach(row -> output.line(line(row)));
    held.clear();
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }

  private String line(List<String> texts) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String blanks = " ".repeat(Math.max(0, widths[i] - width(texts.get(i))));
      line.append(isRight[i] ? blanks + texts.get(i) : texts.get(i) + blanks).append("  ");
    }
    return line.toString().stripTrailing();
  }

  @Override
  public void flush() {
    if (!isMeasured) {
      printHeld();
    }
    output.flush();
  }

  @Override
  public void close() {
    if (!isMeasured) {
      printHeld();
    }
  }
}
