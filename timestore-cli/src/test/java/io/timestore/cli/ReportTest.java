package io.timestore.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import io.timestore.store.Store;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReportTest {
  private static final Pattern DATA =
      Pattern.compile("(?s)<script type=\"application/json\" id=\"data\">(.*?)</script>");

  @TempDir Path directory;

  private Path page(Path store, Object... options) throws Exception {
    Path page = directory.resolve("report.html");
    List<Object> call = new ArrayList<>(List.of("report", store, "-o", page));
    call.addAll(List.of(options));
    Run run = Run.of(call.toArray());
    assertThat(run.errors()).isEmpty();
    assertThat(run.status()).isZero();
    return page;
  }

  private static Map<String, Object> data(Path page) throws Exception {
    Matcher matcher = DATA.matcher(Files.readString(page));
    assertThat(matcher.find()).isTrue();
    return JSON.std.mapFrom(matcher.group(1));
  }

  private static List<?> ofEach(Map<String, Object> data, String list, String field) {
    return ((List<?>) data.get(list)).stream().map(one -> ((Map<?, ?>) one).get(field)).toList();
  }

  @Test
  void holdsWhatItDrawsAndLoadsNothing() throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), 10_000);
    Stores.addLateRows(store, 3_000);

    Path page = page(store.directory());

    assertThat(Files.readString(page))
        .contains("default-src 'none'")
        .contains("The MIT License (MIT)")
        .doesNotContainPattern("(?i)(src|href)\\s*=|@import|url\\(")
        .doesNotContain("{{");
    Map<String, Object> data = data(page);
    assertThat(data.get("facts").toString())
        .contains("[rows, 13,000]")
        .contains("[lanes with rows, 2]");
    List<?> x = (List<?>) data.get("x");
    assertThat(x).hasSize(2000);
    assertThat(ofEach(data, "lanes", "rowCount")).hasToString("[10000, 3000]");
    assertThat(ofEach(data, "columns", "name")).hasToString("[price, size]");
    assertThat(((Map<?, ?>) data.get("commits")).get("late").toString())
        .as("the late rows' commit is as late as its oldest row")
        .isEqualTo("[0.0, 9998.5]");
  }

  @Test
  void columnsAndOutputAreChosen() throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), 100);
    Path page = page(store.directory(), "--columns", "size", "--buckets", "10");
    assertThat((List<?>) data(page).get("columns")).hasSize(1);
    assertThat((List<?>) data(page).get("x")).hasSize(10);

    Run wrong = Run.of("report", store.directory(), "-o", page, "--columns", "sym");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.errors())
        .contains("'sym' is no numeric column of " + store.directory() + ", found [price, size]");
    Run nowhere = Run.of("report", store.directory(), "-o", directory.resolve("no/page.html"));
    assertThat(nowhere.status()).isEqualTo(2);
    assertThat(nowhere.errors()).contains("there is no directory " + directory.resolve("no"));
  }

  /** More rows than fit into the memory that the program is given. */
  @Test
  void aStoreLargerThanMemoryIsSummedUpWhileItIsRead() throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), 6_000_000);
    assertThat(store.snapshot().sizeBytes(store.tables())).isGreaterThan(256L << 20);
    Map<String, Object> data = data(page(store.directory()));
    assertThat(ofEach(data, "lanes", "rowCount")).hasToString("[6000000]");
  }

  @Test
  void aDamagedRowIsTheStoresFaultAndLeavesNoPage() throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), 1000);
    byte[] keys = Files.readAllBytes(store.directory().resolve("keys"));
    keys[17] ^= 1;
    Files.write(store.directory().resolve("keys"), keys);
    Path page = directory.resolve("report.html");
    Run run = Run.of("report", store.directory(), "-o", page);
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.errors()).contains("keys: chunk 0").hasLineCount(1);
    assertThat(page).doesNotExist();
  }

  /** Every kind of store: none, few and many rows, hidden ones, keys that are numbers. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "empty",
        "types",
        "nulls",
        "keys-unsigned",
        "many-commits",
        "lanes",
        "lineage",
        "truncated",
        "compacted",
        "crash-creating"
      })
  void aBrowserDrawsEachGoldenStore(String name) throws Exception {
    String dom = Chromium.draw(page(Golden.own(name)), directory);
    assertThat(dom).contains("data-charts=").contains("data-is-too-wide=\"false\"");
  }

  @Test
  void aBrowserDrawsAllChartsAndZoomsThemTogether() throws Exception {
    Store store = Stores.ofRows(directory.resolve("s"), 200_000);
    Stores.addLateRows(store, 70_000);

    String dom = Chromium.draw(page(store.directory()), directory);

    // Rows, lanes, gaps, two columns; commits, their lag and lateness.
    assertThat(dom)
        .contains("data-charts=\"8\"")
        .contains("data-is-too-wide=\"false\"")
        .contains("data-loaded=\"0\"")
        .contains("data-zoomed=\"5\"")
        .contains("lane 1: 70,000 rows");
  }

  /** A browser that is a package of the system. */
  private static final class Chromium {
    /** What is looked at in the page, after it was drawn: added for the test. */
    private static final String PROBE =
        """
        <script>
        (async () => {
          const picture = () => [...document.querySelectorAll('canvas')].map(c => c.toDataURL());
          const drawn = () => new Promise(done => setTimeout(done, 100));
          await drawn();
          const before = picture();
          const over = document.querySelector('.u-over');
          if (over) {
            const box = over.getBoundingClientRect();
            for (const [type, target, at] of [['mouseenter', over, 0.3], ['mousemove', over, 0.3], ['mousedown', over, 0.3],
                ['mousemove', over, 0.4], ['mousemove', over, 0.5], ['mouseup', document, 0.5]]) {
              target.dispatchEvent(new MouseEvent(type, {bubbles: true, button: 0, buttons: 1, movementX: 9,
                  clientX: box.left + box.width * at, clientY: box.top + box.height / 2}));
              await drawn();
            }
          }
          await drawn();
          document.body.dataset.zoomed = picture().filter((p, i) => p !== before[i]).length;
          document.body.dataset.isTooWide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
          document.body.dataset.loaded = performance.getEntriesByType('resource').length;
        })();
        </script></body>
        """;

    static String draw(Path page, Path directory) throws Exception {
      Optional<Path> program = program();
      assumeTrue(program.isPresent(), "no chromium is installed: the page was drawn by nobody");
      Path probed = directory.resolve("probed.html");
      Files.writeString(probed, Files.readString(page).replace("</body>", PROBE));
      Process process =
          new ProcessBuilder(
                  program.get().toString(),
                  "--headless=new",
                  "--no-sandbox",
                  "--disable-gpu",
                  "--disable-dev-shm-usage",
                  "--window-size=1280,1600",
                  "--virtual-time-budget=5000",
                  "--user-data-dir=" + Files.createDirectory(directory.resolve("profile")),
                  "--dump-dom",
                  probed.toUri().toString())
              .start();
      Run run = Run.of(process);
      assertThat(run.status()).as(run.errors()).isZero();
      return run.output();
    }

    private static Optional<Path> program() {
      return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
          .flatMap(path -> Stream.of("chromium", "chromium-browser").map(Path.of(path)::resolve))
          .filter(Files::isExecutable)
          .findFirst();
    }
  }
}
