package io.timestore.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.timestore.format.CellType;
import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.CorruptStoreException;
import io.timestore.format.Int128;
import io.timestore.format.TimeUnit;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A column's values as text, so that what is printed can be read again: ISO dates and times,
 * numbers as Java prints them, bytes as hexadecimal digits, intervals as SQL writes them. Times
 * that have no name, since they lie beyond the years of Java, are their number.
 */
final class CellText {
  private static final int MILLIS_PER_DAY = 86_400_000;
  private static final Pattern MONTHS = Pattern.compile("([+-]?)(\\d{1,9})-(\\d{1,2})");
  private static final Pattern DAYS =
      Pattern.compile("([+-]?)(\\d{1,12}) (\\d{1,2}):(\\d{2}):(\\d{2})(?:\\.(\\d{1,3}))?");
  private static final Pattern STEPS = Pattern.compile("-?\\d{1,19}");

  private final Column column;
  private final CellType type;
  private final boolean isText;
  private final boolean isTyped;
  private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();

  private CellText(Column column, boolean isTyped) {
    this.column = column;
    this.type = column.type();
    this.isTyped = isTyped;
    this.isText =
        switch (type.kind()) {
          case CHAR, VARCHAR -> true;
          case BINARY, VARBINARY ->
              column.format() != null && column.format().name().equals("json");
          case BOOLEAN,
              TINYINT,
              SMALLINT,
              INT,
              BIGINT,
              FLOAT,
              DOUBLE,
              DATE,
              TIME,
              TIMESTAMP,
              TIMESTAMP_LTZ,
              INTERVAL_YEAR_MONTH,
              INTERVAL_DAY_TIME,
              DECIMAL ->
              false;
        };
  }

  static CellText of(Column column) {
    return new CellText(column, true);
  }

  /** Of a table that nobody gave a type: printable text as it is, all else as {@code 0x…}. */
  static CellText ofTable(String table) {
    return new CellText(Column.ofTable(table), false);
  }

  Column column() {
    return column;
  }

  /** Whether texts of it stand flush right. */
  boolean isNumber() {
    return switch (type.kind()) {
      case TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, DECIMAL -> true;
      case BOOLEAN,
          DATE,
          TIME,
          TIMESTAMP,
          TIMESTAMP_LTZ,
          INTERVAL_YEAR_MONTH,
          INTERVAL_DAY_TIME,
          CHAR,
          VARCHAR,
          BINARY,
          VARBINARY ->
          false;
    };
  }

  /** The value of a row; null for NULL. */
  @Nullable String text(ColumnData cells, int row) throws CorruptStoreException {
    if (column.nullable() && cells.isEmpty(row)) {
      return null;
    }
    checkWidth(cells, row);
    return switch (type.kind()) {
      case BOOLEAN -> Boolean.toString(cells.booleanAt(row));
      case TINYINT -> Byte.toString(cells.byteAt(row));
      case SMALLINT -> Short.toString(cells.shortAt(row));
      case INT -> Integer.toString(cells.intAt(row));
      case BIGINT -> Long.toString(cells.longAt(row));
      case FLOAT -> Float.toString(cells.floatAt(row));
      case DOUBLE -> Double.toString(cells.doubleAt(row));
      case DATE -> LocalDate.ofEpochDay(cells.intAt(row)).toString();
      case TIME -> time(cells.intAt(row));
      case TIMESTAMP, TIMESTAMP_LTZ -> timestamp(cells.longAt(row));
      case INTERVAL_YEAR_MONTH -> months(cells.intAt(row));
      case INTERVAL_DAY_TIME -> days(cells.longAt(row));
      case DECIMAL ->
          new BigDecimal(
                  Int128.toBigInteger(cells.highLongAt(row), cells.lowLongAt(row)), type.scale())
              .toPlainString();
      case CHAR, VARCHAR, BINARY, VARBINARY -> bytes(cells, row);
    };
  }

  private void checkWidth(ColumnData cells, int row) throws CorruptStoreException {
    int width = type.widthBytes().orElse(-1);
    int found = cells.end(row) - cells.start(row);
    if (width >= 0 && found != width) {
      throw new CorruptStoreException(what() + ": found " + found + " bytes, expected " + width);
    }
  }

  private String what() {
    return "column " + column.name() + ", " + column.sqlType();
  }

  private String time(int millis) throws CorruptStoreException {
    if (millis < 0 || millis >= MILLIS_PER_DAY) {
      throw new CorruptStoreException(what() + ": found " + millis + " ms since midnight");
    }
    return LocalTime.ofNanoOfDay(millis * 1_000_000L).toString();
  }

  private String timestamp(long steps) {
    TimeUnit unit = type.timeUnit();
    long seconds = Math.floorDiv(steps, unit.stepsPerSecond());
    long nanos = Math.floorMod(steps, unit.stepsPerSecond()) * unit.nanosPerStep();
    try {
      return type.kind() == CellType.Kind.TIMESTAMP_LTZ
          ? Instant.ofEpochSecond(seconds, nanos).toString()
          : LocalDateTime.ofEpochSecond(seconds, (int) nanos, ZoneOffset.UTC).toString();
    } catch (DateTimeException e) {
      return Long.toString(steps);
    }
  }

  private static String months(int months) {
    long absolute = Math.abs((long) months);
    return (months < 0 ? "-" : "") + absolute / 12 + "-" + absolute % 12;
  }

  private static String days(long millis) {
    long days = Math.abs(millis / MILLIS_PER_DAY);
    long rest = Math.abs(millis % MILLIS_PER_DAY);
    return String.format(
        Locale.ROOT,
        "%s%d %02d:%02d:%02d.%03d",
        millis < 0 ? "-" : "",
        days,
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1_000 % 60,
        rest % 1_000);
  }

  private String bytes(ColumnData cells, int row) throws CorruptStoreException {
    int start = cells.start(row);
    int length = column.nullable() ? cells.nullableLength(row) : cells.end(row) - start;
    if (!isTyped) {
      return anyBytes(cells, start, length);
    }
    if (!isText) {
      return HexFormat.of().formatHex(cells.data(), start, start + length);
    }
    try {
      return decoder.decode(ByteBuffer.wrap(cells.data(), start, length)).toString();
    } catch (CharacterCodingException e) {
      throw new CorruptStoreException(
          what()
              + ": found bytes that are no UTF-8: 0x"
              + HexFormat.of().formatHex(cells.data(), start, start + length),
          e);
    }
  }

  private String anyBytes(ColumnData cells, int start, int length) {
    String hex = "0x" + HexFormat.of().formatHex(cells.data(), start, start + length);
    try {
      String text = decoder.decode(ByteBuffer.wrap(cells.data(), start, length)).toString();
      boolean isPrintable =
          text.chars().noneMatch(c -> c < ' ' || c == 0x7F) && !text.startsWith("0x");
      return isPrintable ? text : hex;
    } catch (CharacterCodingException e) {
      return hex;
    }
  }

  /** Writes the value as JSON: numbers as such, as far as others read them exactly. */
  void writeJson(JsonGenerator json, ColumnData cells, int row) throws IOException {
    String text = text(cells, row);
    if (text == null) {
      json.writeNull();
      return;
    }
    switch (type.kind()) {
      case BOOLEAN -> json.writeBoolean(cells.booleanAt(row));
      case TINYINT, SMALLINT, INT, BIGINT -> json.writeNumber(text);
      case FLOAT -> writeFinite(json, text, Float.isFinite(cells.floatAt(row)));
      case DOUBLE -> writeFinite(json, text, Double.isFinite(cells.doubleAt(row)));
      case DATE,
          TIME,
          TIMESTAMP,
          TIMESTAMP_LTZ,
          INTERVAL_YEAR_MONTH,
          INTERVAL_DAY_TIME,
          DECIMAL,
          CHAR,
          VARCHAR,
          BINARY,
          VARBINARY ->
          json.writeString(text);
    }
  }

  private static void writeFinite(JsonGenerator json, String text, boolean isFinite)
      throws IOException {
    if (isFinite) {
      json.writeNumber(text);
    } else {
      json.writeString(text); // JSON has no such number.
    }
  }

  /**
   * Appends the value of a text.
   *
   * @param text null for NULL
   * @throws IllegalArgumentException if it is no value of the column
   */
  void append(@Nullable String text, ColumnData cells) {
    if (text == null) {
      if (!column.nullable()) {
        throw new IllegalArgumentException(what() + ": no value");
      }
      cells.appendEmpty();
      return;
    }
    try {
      appendValue(text, cells);
    } catch (NumberFormatException | DateTimeException | ArithmeticException e) {
      throw new IllegalArgumentException(fault(text, ""), e);
    }
  }

  private String fault(String text, String fault) {
    String shown = text.length() > 60 ? text.substring(0, 60) + "…" : text;
    return what() + ": '" + shown + "' is no value of it" + fault;
  }

  private void appendValue(String text, ColumnData cells) {
    switch (type.kind()) {
      case BOOLEAN -> cells.appendBoolean(parseBoolean(text));
      case TINYINT -> cells.appendByte(Byte.parseByte(text));
      case SMALLINT -> cells.appendShort(Short.parseShort(text));
      case INT -> cells.appendInt(Integer.parseInt(text));
      case BIGINT -> cells.appendLong(Long.parseLong(text));
      case FLOAT -> cells.appendFloat(Float.parseFloat(checkedNumber(text)));
      case DOUBLE -> cells.appendDouble(Double.parseDouble(checkedNumber(text)));
      case DATE -> cells.appendInt(Math.toIntExact(LocalDate.parse(text).toEpochDay()));
      case TIME -> cells.appendInt(parseTime(text));
      case TIMESTAMP, TIMESTAMP_LTZ -> cells.appendLong(parseTimestamp(text));
      case INTERVAL_YEAR_MONTH -> cells.appendInt(parseMonths(text));
      case INTERVAL_DAY_TIME -> cells.appendLong(parseDays(text));
      case DECIMAL -> appendDecimal(text, cells);
      case CHAR, VARCHAR -> {
        if (text.codePointCount(0, text.length()) > type.length()) {
          throw new IllegalArgumentException(fault(text, ", it is too long"));
        }
        appendBytes(text.getBytes(StandardCharsets.UTF_8), cells);
      }
      case BINARY, VARBINARY -> {
        byte[] bytes = isText ? text.getBytes(StandardCharsets.UTF_8) : parseBytes(text);
        if (bytes.length > type.length()) {
          throw new IllegalArgumentException(fault(text, ", it is too long"));
        }
        appendBytes(bytes, cells);
      }
    }
  }

  private void appendBytes(byte[] bytes, ColumnData cells) {
    if (column.nullable()) {
      cells.appendNullableBytes(bytes, 0, bytes.length);
    } else {
      cells.appendBytes(bytes, 0, bytes.length);
    }
  }

  private boolean parseBoolean(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException(fault(text, ", expected true or false"));
    };
  }

  /** Java would also take blanks, hexadecimal digits, and letters for types behind it. */
  private String checkedNumber(String text) {
    if (!text.matches("[+-]?(\\d+\\.?\\d*([eE][+-]?\\d+)?|\\.\\d+([eE][+-]?\\d+)?|NaN|Infinity)")) {
      throw new IllegalArgumentException(fault(text, ""));
    }
    return text;
  }

  private int parseTime(String text) {
    long nanos = LocalTime.parse(text).toNanoOfDay();
    if (nanos % 1_000_000 != 0) {
      throw new IllegalArgumentException(fault(text, ": it is finer than ms"));
    }
    return (int) (nanos / 1_000_000);
  }

  private long parseTimestamp(String text) {
    if (STEPS.matcher(text).matches()) {
      return Long.parseLong(text);
    }
    String iso = text.replace(' ', 'T');
    Instant instant = instant(iso);
    long seconds = instant.getEpochSecond();
    int nanos = instant.getNano();
    TimeUnit unit = type.timeUnit();
    if (nanos % unit.nanosPerStep() != 0) {
      throw new IllegalArgumentException(fault(text, ": it is finer than " + unit.symbol()));
    }
    long fraction = nanos / unit.nanosPerStep();
    if (seconds < 0 && fraction > 0) {
      // So that the smallest of all does not overflow on the way.
      return Math.addExact(
          Math.multiplyExact(seconds + 1, unit.stepsPerSecond()), fraction - unit.stepsPerSecond());
    }
    return Math.addExact(Math.multiplyExact(seconds, unit.stepsPerSecond()), fraction);
  }

  /** Of a wall clock's time as if that were UTC's. */
  private Instant instant(String iso) {
    if (type.kind() == CellType.Kind.TIMESTAMP_LTZ) {
      return iso.endsWith("Z") ? Instant.parse(iso) : OffsetDateTime.parse(iso).toInstant();
    }
    LocalDateTime time =
        iso.contains("T") ? LocalDateTime.parse(iso) : LocalDate.parse(iso).atStartOfDay();
    return time.toInstant(ZoneOffset.UTC);
  }

  private int parseMonths(String text) {
    Matcher matcher = MONTHS.matcher(text);
    if (!matcher.matches() || Integer.parseInt(matcher.group(3)) > 11) {
      throw new IllegalArgumentException(fault(text, ", expected years-months, such as 1-6"));
    }
    long months = Long.parseLong(matcher.group(2)) * 12 + Long.parseLong(matcher.group(3));
    return Math.toIntExact(matcher.group(1).equals("-") ? -months : months);
  }

  private long parseDays(String text) {
    Matcher matcher = DAYS.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          fault(text, ", expected days hours:minutes:seconds, such as 1 12:00:00"));
    }
    int hours = Integer.parseInt(matcher.group(3));
    int minutes = Integer.parseInt(matcher.group(4));
    int seconds = Integer.parseInt(matcher.group(5));
    if (hours > 23 || minutes > 59 || seconds > 59) {
      throw new IllegalArgumentException(
          fault(text, ", its hours, minutes or seconds are too many"));
    }
    String fraction = matcher.group(6) == null ? "" : matcher.group(6);
    int millis = Integer.parseInt((fraction + "000").substring(0, 3));
    long rest = ((hours * 60L + minutes) * 60 + seconds) * 1000 + millis;
    long sign = matcher.group(1).equals("-") ? -1 : 1;
    return Math.addExact(
        Math.multiplyExact(sign * Long.parseLong(matcher.group(2)), (long) MILLIS_PER_DAY),
        sign * rest);
  }

  private void appendDecimal(String text, ColumnData cells) {
    BigInteger unscaled = new BigDecimal(text).setScale(type.scale()).unscaledValue();
    Int128 bound = Int128.ofNines(type.length());
    Int128 parts = Int128.of(unscaled);
    if (unscaled.bitLength() > 127 || !bound.isBoundOf(parts.high(), parts.low())) {
      throw new IllegalArgumentException(fault(text, ", it is too large"));
    }
    cells.appendInt128(parts.high(), parts.low());
  }

  private byte[] parseBytes(String text) {
    try {
      return HexFormat.of().parseHex(text.startsWith("0x") ? text.substring(2) : text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(fault(text, ", expected hexadecimal digits"), e);
    }
  }
}
