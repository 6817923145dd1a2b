package io.timestore.cli;

import de.siegmar.fastcsv.reader.AbstractBaseCsvCallbackHandler;
import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows of CSV: nothing between two commas is NULL, a pair of quotes an empty text. */
final class CsvSource implements RowSource {
  private static final int FIELD_CHARS_MAX = 256 * 1024 * 1024;

  private final String file;
  private final List<String> wanted;
  private final CsvReader<Line> csv;
  private final CloseableIterator<Line> lines;
  private final List<String> header;
  private final int[] wantedIndexes;

  /** A line, or several if a text has some. */
  private record Line(long number, List<@Nullable String> fields) {}

  private static final class Lines extends AbstractBaseCsvCallbackHandler<Line> {
    private List<@Nullable String> fields = new ArrayList<>();

    @Override
    protected void handleBegin(long startingLineNumber) {
      fields = new ArrayList<>();
    }

    @Override
    protected void handleField(int index, char[] chars, int offset, int length, boolean quoted) {
      fields.add(length == 0 && !quoted ? null : new String(chars, offset, length));
    }

    @Override
    protected Line buildRecord() {
      return new Line(getStartingLineNumber(), fields);
    }
  }

  /**
   * @param wanted the columns
   * @param order in which the file has them; empty: its first line says it
   */
  CsvSource(String file, Reader reader, char separator, List<String> order, List<String> wanted)
      throws IOException {
    this.file = file;
    this.wanted = wanted;
    csv =
        CsvReader.builder()
            .fieldSeparator(separator)
            .maxBufferSize(FIELD_CHARS_MAX)
            .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
            .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
            .build(new Lines(), reader);
    lines = csv.iterator();
    header = order.isEmpty() ? header() : order;
    wantedIndexes = header.stream().mapToInt(wanted::indexOf).toArray();
  }

  private List<String> header() throws IOException {
    if (!hasNext()) {
      return wanted; // An empty file has no rows, whatever their columns.
    }
    List<String> names = new ArrayList<>();
    for (@Nullable String name : lines.next().fields()) {
      String known = name == null ? "" : names.isEmpty() ? withoutMark(name) : name;
      if (!wanted.contains(known) || names.contains(known)) {
        throw new IllegalArgumentException(
            file
                + ":1: '"
                + known
                + "' is "
                + (names.contains(known) ? "there twice" : "no column of the store")
                + ", expected the names "
                + wanted);
      }
      names.add(known);
    }
    return names;
  }

  /** Some programs begin UTF-8 with a mark. */
  private static String withoutMark(String text) {
    return text.startsWith("\uFEFF") ? text.substring(1) : text;
  }

  private boolean hasNext() throws IOException {
    try {
      return lines.hasNext();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (CsvParseException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  @Override
  public List<String> missing() {
    return wanted.stream().filter(name -> !header.contains(name)).toList();
  }

  @Override
  public @Nullable Row next() throws IOException {
    if (!hasNext()) {
      return null;
    }
    Line line = lines.next();
    @Nullable String[] fields = new String[wanted.size()];
    String error = null;
    if (line.fields().size() != header.size()) {
      error = line.fields().size() + " fields, expected " + header.size();
    } else {
      for (int i = 0; i < wantedIndexes.length; i++) {
        fields[wantedIndexes[i]] = line.fields().get(i);
      }
    }
    return new Row(line.number(), Arrays.asList(fields), error, line.fields());
  }

  @Override
  public void close() throws IOException {
    csv.close();
  }
}
