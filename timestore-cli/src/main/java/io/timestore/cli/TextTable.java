package io.timestore.cli;

import java.util.ArrayList;
import java.util.List;

/** Columns of text that stand below one another: numbers flush right, all else flush left. */
final class TextTable {
  private final List<String> header;
  private final boolean[] isRight;
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * @param header the columns' names; those that end with {@code >} are flush right
   */
  TextTable(String... header) {
    this.header = new ArrayList<>();
    this.isRight = new boolean[header.length];
    for (int i = 0; i < header.length; i++) {
      isRight[i] = header[i].endsWith(">");
      this.header.add(isRight[i] ? header[i].substring(0, header[i].length() - 1) : header[i]);
    }
  }

  void row(String... cells) {
    if (cells.length != header.size()) {
      throw new IllegalArgumentException(cells.length + " cells of " + header.size());
    }
    rows.add(List.of(cells));
  }

  /** Each indented by two blanks, the header first. */
  void print(Output output, Terminal terminal) {
    int[] widths = new int[header.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = width(header.get(i));
      for (List<String> row : rows) {
        widths[i] = Math.max(widths[i], width(row.get(i)));
      }
    }
    output.line("  " + terminal.bold(line(header, widths)));
    rows.forEach(row -> output.line("  " + line(row, widths)));
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }

  private String line(List<String> cells, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String blanks = " ".repeat(widths[i] - width(cells.get(i)));
      line.append(isRight[i] ? blanks + cells.get(i) : cells.get(i) + blanks).append("  ");
    }
    return line.toString().stripTrailing();
  }
}
