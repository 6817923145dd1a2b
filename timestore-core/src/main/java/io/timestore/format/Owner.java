package io.timestore.format;

import java.util.UUID;

/**
 * Who may append to a lane.
 *
 * @param kind nobody, a run that prepares and leaves publishing to others, or a direct one
 * @param run the run's UUID: one attempt of one job, or one open of a core writer
 */
public record Owner(Kind kind, UUID run) {

  /** How an owner holds its lane. */
  public enum Kind {
    /** Released: a writer that needs a lane may take it. */
    NONE(0),
    /** What it prepared may be published later, by others: nobody else ever appends here. */
    RUN(1),
    /** It prepares and publishes in one process: what it left unpublished when it died is void. */
    DIRECT(2);

    private final int code;

    Kind(int code) {
      this.code = code;
    }

    /** The kind in a commit record. */
    int code() {
      return code;
    }

    static Kind ofCode(int code) {
      for (Kind kind : values()) {
        if (kind.code == code) {
          return kind;
        }
      }
      throw new IllegalArgumentException("owner kind " + code);
    }
  }

  /** No owner: the lane is released. */
  public static final Owner NONE = new Owner(Kind.NONE, new UUID(0, 0));

  /** Whether this is the run of that UUID, direct or not. */
  public boolean is(UUID otherRun) {
    return kind != Kind.NONE && run.equals(otherRun);
  }
}
