package io.timestore.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.MinimalPrettyPrinter;
import io.timestore.format.Batch;
import io.timestore.format.CellType;
import java.io.IOException;
import java.io.Writer;

/** JSON lines: an object for each row. */
final class JsonPrinter implements RowPrinter {
  private final Columns columns;
  private final JsonGenerator json;

  JsonPrinter(Columns columns, Writer writer) throws IOException {
    this.columns = columns;
    json = new JsonFactory().createGenerator(writer);
    json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    json.disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM);
    json.setPrettyPrinter(new MinimalPrettyPrinter(""));
  }

  @Override
  public void print(Batch batch, int row) throws IOException {
    json.writeStartObject();
    int column = 0;
    for (String name : columns.names()) {
      json.writeFieldName(name);
      if (columns.isKey(name)) {
        writeKey(batch.key(row));
      } else {
        columns.cells().get(column).writeJson(json, batch.column(column), row);
        column++;
      }
    }
    json.writeEndObject();
    json.writeRaw('\n');
  }

  private void writeKey(long key) throws IOException {
    boolean isNumber = columns.key().type().kind() == CellType.Kind.BIGINT && key >= 0;
    if (isNumber) {
      json.writeNumber(key);
    } else {
      json.writeString(columns.keyText().text(key));
    }
  }

  @Override
  public void flush() throws IOException {
    json.flush();
  }

  @Override
  public void close() throws IOException {
    json.flush(); // Whose writer it is closes it.
  }
}
