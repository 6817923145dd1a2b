package io.timestore.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** What files of rows look like. */
enum FileForm {
  CSV("csv"),
  JSONL("jsonl,ndjson,json"),
  ARROW("arrow,arrows,ipc,feather");

  private final String endings;

  FileForm(String endings) {
    this.endings = endings;
  }

  /** By the end of a file's name. */
  static Optional<FileForm> of(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    for (FileForm form : values()) {
      for (String ending : form.endings.split(",", -1)) {
        if (name.endsWith("." + ending)) {
          return Optional.of(form);
        }
      }
    }
    return Optional.empty();
  }
}
