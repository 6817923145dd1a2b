package io.timestore.arrow;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code docs/arrow.md} shows compiles, runs, and prints what it says. */
class ArrowDocumentationTest {
  private static final Path DOCUMENT = Path.of("../docs/arrow.md");
  private static final Pattern FENCED = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$");

  @TempDir Path directory;

  @Test
  void theSnippetsPrintWhatStandsBelowThem() throws Exception {
    StringBuilder code = new StringBuilder();
    StringBuilder expected = new StringBuilder();
    Matcher matcher = FENCED.matcher(Files.readString(DOCUMENT));
    int snippetCount = 0;
    while (matcher.find()) {
      if (matcher.group(1).equals("java")) {
        code.append(matcher.group(2));
        snippetCount++;
      } else if (matcher.group(1).isEmpty()) {
        expected.append(matcher.group(2));
      }
    }
    assertThat(snippetCount).isEqualTo(3);

    assertThat(run(code.toString().replace("/tmp/ticks-arrow", directory.resolve("s").toString())))
        .isEqualTo(expected.toString());
  }

  /** Compiles statements as the body of a method, and runs it. */
  private String run(String statements) throws Exception {
    String source =
        """
        import static java.nio.charset.StandardCharsets.UTF_8;
        import io.timestore.arrow.*;
        import io.timestore.format.*;
        import io.timestore.store.*;
        import java.io.ByteArrayOutputStream;
        import java.nio.channels.Channels;
        import java.nio.file.Path;
        import java.util.List;
        import org.apache.arrow.memory.*;
        import org.apache.arrow.vector.*;
        import org.apache.arrow.vector.ipc.*;
        public class Snippets {
          public static void main(String[] arguments) throws Exception {
            %s
          }
        }
        """
            .formatted(statements);
    Path file = Files.writeString(directory.resolve("Snippets.java"), source);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter complaints = new StringWriter();
    boolean compiled =
        compiler
            .getTask(
                complaints,
                null,
                null,
                List.of("-d", directory.toString(), "-cp", System.getProperty("java.class.path")),
                null,
                compiler
                    .getStandardFileManager(null, null, UTF_8)
                    .getJavaFileObjects(file.toFile()))
            .call();
    assertThat(compiled).as(complaints.toString()).isTrue();
    return printed(directory);
  }

  private static String printed(Path classes) throws IOException, ReflectiveOperationException {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream before = System.out;
    try (URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()})) {
      System.setOut(new PrintStream(printed, true, UTF_8));
      Object arguments = new String[0];
      loader.loadClass("Snippets").getMethod("main", String[].class).invoke(null, arguments);
    } finally {
      System.setOut(before);
    }
    return printed.toString(UTF_8);
  }
}
