package io.timestore.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalDiskTest {
  private final LocalDisk disk = new LocalDisk();

  @TempDir Path directory;

  /** A zip file is a file system of the JDK's that has no direct I/O. */
  private FileSystem withoutDirectIo() throws IOException {
    return FileSystems.newFileSystem(directory.resolve("files.zip"), Map.of("create", "true"));
  }

  @Test
  void aFileSystemWithoutDirectIoIsWrittenBuffered() throws IOException {
    try (FileSystem zip = withoutDirectIo()) {
      AppendMode mode = disk.probe(zip.getPath("/"), DirectIo.AUTO);

      assertThat(mode.direct()).isFalse();
      assertThat(mode.blockBytes()).isPositive();
      assertThat(mode.reason()).contains("the file system refused direct I/O");
    }
  }

  @Test
  void directIoThatIsRequiredAndCanNotBeHadIsAnError() throws IOException {
    try (FileSystem zip = withoutDirectIo()) {
      assertThatThrownBy(() -> disk.probe(zip.getPath("/"), DirectIo.REQUIRED))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("direct I/O is required and can't be had");
    }
  }

  @Test
  void directBlocksAreThoseOfTheFileSystem() throws IOException {
    AppendMode mode = disk.probe(directory, DirectIo.AUTO);

    if (mode.direct()) {
      assertThat((long) mode.blockBytes()).isEqualTo(Files.getFileStore(directory).getBlockSize());
    } else {
      assertThat(mode.reason()).isNotEmpty();
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void directIoThatIsOffIsNotTried() throws IOException {
    assertThat(disk.probe(directory, DirectIo.OFF).direct()).isFalse();
  }
}
