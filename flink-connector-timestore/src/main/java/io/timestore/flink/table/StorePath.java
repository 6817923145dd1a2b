package io.timestore.flink.table;

import io.timestore.disk.FileNames;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.table.api.ValidationException;

/** The directory that the option {@code path} means. */
final class StorePath {
  private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):.*");
  private static final String SUPPORTED =
      "expected a plain path ('/data/ticks', 'data/ticks') or a file: URI ('file:///data/ticks')";

  private StorePath() {}

  /**
   * The absolute path; a relative one starts at the directory that the client runs in.
   *
   * @throws ValidationException if it is none on a local or mounted file system
   */
  static Path of(String option) {
    if (option.isBlank()) {
      throw new ValidationException("option 'path' is empty, " + SUPPORTED);
    }
    if (option.startsWith("~")) {
      throw new ValidationException(
          "option 'path' = '" + option + "': a shell's '~' means nothing here, " + SUPPORTED);
    }
    Matcher scheme = SCHEME.matcher(option);
    try {
      Path path = scheme.matches() ? ofUri(option, scheme.group(1)) : FileNames.path(option);
      return FileNames.absolute(path);
    } catch (InvalidPathException e) {
      throw Refusal.of("option 'path' = '" + option + "' is no path: " + e.getMessage(), e);
    }
  }

  private static Path ofUri(String option, String scheme) {
    if (!scheme.equalsIgnoreCase("file")) {
      throw new ValidationException(
          "option 'path' = '"
              + option
              + "': the scheme '"
              + scheme
              + "' is not supported, "
              + SUPPORTED
              + "; a store lives on a local or mounted file system");
    }
    URI uri;
    try {
      uri = new URI(option);
    } catch (URISyntaxException e) {
      throw Refusal.of(
          "option 'path' = '" + option + "' is no URI: " + e.getMessage() + "; " + SUPPORTED, e);
    }
    try {
      return Path.of(uri);
    } catch (IllegalArgumentException e) {
      throw Refusal.of(
          "option 'path' = '"
              + option
              + "' is no file: URI of a directory: "
              + e.getMessage()
              + "; "
              + SUPPORTED,
          e);
    }
  }
}
