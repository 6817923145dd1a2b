package io.timestore.cli;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import de.siegmar.fastcsv.writer.QuoteStrategies;
import io.timestore.format.Batch;
import java.io.IOException;
import java.io.Writer;
import org.jspecify.annotations.Nullable;

/** CSV with a line of names: NULL is nothing, an empty text a pair of quotes. */
final class CsvPrinter implements RowPrinter {
  private final Columns columns;
  private final CsvWriter csv;
  private final @Nullable String[] fields;

  CsvPrinter(Columns columns, Writer writer) {
    this.columns = columns;
    csv =
        CsvWriter.builder()
            .quoteStrategy(QuoteStrategies.EMPTY)
            .lineDelimiter(LineDelimiter.LF)
            .build(writer);
    fields = new String[columns.names().size()];
    csv.writeRecord(columns.names());
  }

  @Override
  public void print(Batch batch, int row) throws IOException {
    int column = 0;
    for (int i = 0; i < fields.length; i++) {
      boolean isKey = columns.isKey(columns.names().get(i));
      fields[i] =
          isKey
              ? columns.keyText().text(batch.key(row))
              : columns.cells().get(column).text(batch.column(column), row);
      column += isKey ? 0 : 1;
    }
    csv.writeRecord(fields);
  }

  @Override
  public void flush() throws IOException {
    csv.flush();
  }

  @Override
  public void close() throws IOException {
    csv.flush(); // Whose writer it is closes it.
  }
}
