package io.timestore.format;

/** The order of the bytes of a cell of fixed width. */
public enum Endianness {
  LITTLE("little"),
  BIG("big");

  private final String text;

  Endianness(String text) {
    this.text = text;
  }

  static Endianness of(String text) {
    for (Endianness endianness : values()) {
      if (endianness.text.equals(text)) {
        return endianness;
      }
    }
    throw new IllegalArgumentException("endianness '" + text + "', expected 'little' or 'big'");
  }

  /** As {@code schema.json} spells it. */
  @Override
  public String toString() {
    return text;
  }
}
