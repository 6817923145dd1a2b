package io.timestore.flink.types;

import io.timestore.disk.FileNames;
import io.timestore.store.Store;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A path that may name several stores: {@code *}, {@code ?}, <code>[abc]</code> and <code>{a,b}
 * </code> stand for parts of directories' names, as in a shell.
 *
 * @param path absolute
 */
public record StorePattern(String path) implements Serializable {
  private static final Pattern WILDCARDS = Pattern.compile("[*?\\[{]");

  /**
   * Whether the path stands for any number of stores: it has a wildcard, and no directory is named
   * just so.
   */
  public boolean hasWildcards() {
    return WILDCARDS.matcher(path).find() && !Files.isDirectory(FileNames.path(path));
  }

  /**
   * The directories that match and hold a store, ascending by path.
   *
   * @throws java.util.regex.PatternSyntaxException if a part of the path is no pattern
   */
  public List<String> stores() throws IOException {
    Path whole = FileNames.path(path);
    List<Path> matches = List.of(whole.getRoot());
    for (Path name : whole) {
      List<Path> next = new ArrayList<>();
      for (Path directory : matches) {
        next.addAll(matches(directory, name.toString()));
      }
      matches = next;
    }
    List<String> stores = new ArrayList<>();
    for (Path match : matches) {
      if (Files.isDirectory(match) && holdsStore(match)) {
        stores.add(match.toString());
      }
    }
    stores.sort(null);
    return stores;
  }

  private static List<Path> matches(Path directory, String name) throws IOException {
    if (!WILDCARDS.matcher(name).find()) {
      return List.of(directory.resolve(name));
    }
    List<Path> matches = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(directory, name)) {
      children.forEach(matches::add);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of(); // it went away, or is no directory: nothing in it matches
    }
    return matches;
  }

  /** What else matches, such as a directory that a store is about to be made in, is no store. */
  private static boolean holdsStore(Path directory) {
    return Files.exists(directory.resolve("schema.json"))
        || Files.exists(directory.resolve("length"));
  }

  /** Whether a store is at the path now, which has no wildcards. */
  public boolean isStore() throws IOException {
    return Store.exists(FileNames.path(path));
  }
}
