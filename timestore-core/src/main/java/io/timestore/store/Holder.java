package io.timestore.store;

import io.timestore.format.Commit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How this process names itself to others: in holder files, commits and errors. */
public final class Holder {
  private static final String HOST = findHost();

  private Holder() {}

  /** This machine's name. */
  public static String host() {
    return HOST;
  }

  private static String findHost() {
    String host = System.getenv("HOSTNAME");
    if (host == null || host.isBlank()) {
      host = hostFile();
    }
    return host == null || host.isBlank() ? "unknown host" : host.trim();
  }

  private static @Nullable String hostFile() {
    try {
      return Files.readString(Path.of("/etc/hostname"));
    } catch (IOException e) {
      return null;
    }
  }

  /** How a run of a submission is called, where its lanes' locks are. */
  static String nameOf(UUID run, UUID submission) {
    String ofSubmission = submission.equals(Commit.NO_ID) ? "" : " of submission " + submission;
    return "run " + run + ofSubmission;
  }

  static String describe(String purpose) {
    return "pid "
        + ProcessHandle.current().pid()
        + " on host "
        + host()
        + " since "
        + Instant.now().truncatedTo(ChronoUnit.MILLIS)
        + " ("
        + purpose
        + ")";
  }
}
