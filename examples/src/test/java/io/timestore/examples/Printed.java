package io.timestore.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What a program prints. */
record Printed(String text) {
  private static final DateTimeFormatter TIMESTAMP =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** A program's main method. */
  @FunctionalInterface
  interface Program {
    void run() throws Exception;
  }

  static Printed by(Program program) throws Exception {
    PrintStream out = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, UTF_8));
    try {
      program.run();
    } finally {
      System.setOut(out);
    }
    return new Printed(bytes.toString(UTF_8));
  }

  /** The rows of the table that is printed below a statement. */
  List<List<String>> tableBelow(String statement) {
    String below = text.substring(text.indexOf(statement) + statement.length());
    return below
        .lines()
        .dropWhile(line -> !line.startsWith("+-"))
        .takeWhile(line -> line.startsWith("+-") || line.startsWith("|"))
        .filter(line -> line.startsWith("|"))
        .skip(1) // the names
        .map(line -> Arrays.stream(line.split("\\|", -1)).map(String::strip).toList())
        .map(cells -> cells.subList(1, cells.size() - 1))
        .toList();
  }

  /** The commands of one name, as they stand. */
  List<String> commands(String name) {
    return text.lines().filter(line -> line.startsWith(name + " ")).toList();
  }

  static String cell(Instant time) {
    return TIMESTAMP.format(time);
  }
}
