package io.timestore.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows of JSON lines: an object a line, whose missing fields are NULL. */
final class JsonSource implements RowSource {
  private final BufferedReader reader;
  private final List<String> wanted;
  private final JsonFactory json =
      JsonFactory.builder().build().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
  private long line;

  JsonSource(Reader reader, List<String> wanted) {
    this.reader = new BufferedReader(reader);
    this.wanted = wanted;
  }

  @Override
  public List<String> missing() {
    return List.of();
  }

  @Override
  public @Nullable Row next() throws IOException {
    String text = reader.readLine();
    line++;
    while (text != null && text.isBlank()) {
      text = reader.readLine();
      line++;
    }
    if (text == null) {
      return null;
    }
    List<@Nullable String> fields = Arrays.asList(new String[wanted.size()]);
    try {
      return new Row(line, fields, read(text, fields), text);
    } catch (JsonProcessingException e) {
      return new Row(line, fields, "no JSON: " + e.getOriginalMessage(), text);
    }
  }

  /** Fills in the fields; returns what is wrong, or null. */
  private @Nullable String read(String text, List<@Nullable String> fields) throws IOException {
    try (JsonParser parser = json.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return "no JSON object";
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        int index = wanted.indexOf(name);
        if (index < 0) {
          return "'" + name + "' is no column of the store, expected " + wanted;
        }
        fields.set(index, value(parser));
      }
      return parser.nextToken() == null ? null : "something behind the JSON object";
    }
  }

  private @Nullable String value(JsonParser parser) throws IOException {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return null;
    }
    if (!parser.currentToken().isStructStart()) {
      return parser.getText();
    }
    StringWriter text = new StringWriter(); // Of a column in the format json.
    try (JsonGenerator generator = json.createGenerator(text)) {
      generator.copyCurrentStructure(parser);
    }
    return text.toString();
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
