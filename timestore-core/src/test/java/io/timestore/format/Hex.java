package io.timestore.format;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/** Golden bytes as text: hex digits, blanks anywhere, and a comment behind {@code #}. */
final class Hex {
  private Hex() {}

  static byte[] read(String name) throws IOException {
    StringBuilder digits = new StringBuilder();
    for (String line : Files.readAllLines(Path.of("src/test/resources/golden-own", name))) {
      digits.append(line.replaceFirst("#.*", "").replace(" ", ""));
    }
    return HexFormat.of().parseHex(digits);
  }
}
