package io.timestore.cli;

import io.timestore.cli.CommitHistory.Point;
import io.timestore.cli.RowAggregate.WatchedRows;
import io.timestore.format.Key;
import io.timestore.format.Lane;
import io.timestore.format.TimeUnit;
import io.timestore.store.Snapshot;
import io.timestore.store.Store;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * One HTML file that holds all it needs: the numbers as JSON, the program that draws them ({@code
 * report.js}), and the chart library.
 */
final class ReportPage {
  /** As in the parent pom. */
  private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/";

  private final Store store;
  private final Snapshot snapshot;
  private final @Nullable RowAggregate rows;
  private final CommitHistory history;
  private final WatchedRows watched;
  private final int columnsLeftOut;
  private final String madeBy;
  private final KeyText keys;

  /**
   * @param rows null if the store has none
   */
  ReportPage(
      Store store,
      Snapshot snapshot,
      @Nullable RowAggregate rows,
      CommitHistory history,
      WatchedRows watched,
      int columnsLeftOut,
      String madeBy) {
    this.store = store;
    this.snapshot = snapshot;
    this.rows = rows;
    this.history = history;
    this.watched = watched;
    this.columnsLeftOut = columnsLeftOut;
    this.madeBy = madeBy;
    this.keys = KeyText.of(store.schema());
  }

  String html() throws IOException {
    String html = resource("report.html");
    // Each once: what is put in place is not looked at again.
    return fill(
        html,
        Map.of(
            "title", escaped(store.directory().getFileName() + ": a timestore"),
            "uplot-license", resource(UPLOT + "LICENSE").replace("--", "- -"),
            "uplot-css", resource(UPLOT + "dist/uPlot.min.css"),
            "uplot-js", resource(UPLOT + "dist/uPlot.iife.min.js"),
            "report-css", resource("report.css"),
            "report-js", resource("report.js"),
            // In a script, only the beginning of another tag means something.
            "data", Output.JSON_WITH_NULLS.asString(data()).replace("<", "\\u003c")));
  }

  private static String fill(String template, Map<String, String> parts) {
    StringBuilder filled = new StringBuilder();
    int position = 0;
    while (true) {
      int start = template.indexOf("{{", position);
      if (start < 0) {
        return filled.append(template.substring(position)).toString();
      }
      int end = template.indexOf("}}", start);
      filled.append(template, position, start);
      filled.append(parts.get(template.substring(start + 2, end)));
      position = end + 2;
    }
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new FileNotFoundException(name + " is missing from this program");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private Map<String, @Nullable Object> data() throws IOException {
    Map<String, @Nullable Object> data = new LinkedHashMap<>();
    data.put("store", store.directory().toString());
    data.put("facts", facts());
    data.put("key", Map.of("name", keyName(), "isTime", keys.unit() != null));
    data.put("x", rows == null ? List.of() : doubles(i -> x(rows.buckets().start(i)), i -> true));
    data.put("bucketWidth", rows == null ? "" : bucketWidth(rows.buckets()));
    data.put("lanes", rows == null ? List.of() : lanes(rows));
    data.put("gaps", rows == null ? null : gaps(rows.gaps()));
    data.put(
        "columns", rows == null ? List.of() : rows.columns().stream().map(this::column).toList());
    data.put("columnsLeftOut", columnsLeftOut);
    data.put("commits", commits());
    data.put("sizes", sizes());
    data.put("madeBy", madeBy);
    data.put("madeAt", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    return data;
  }

  private String keyName() {
    Key key = keys.key();
    return key == null ? "key" : key.name();
  }

  private List<List<String>> facts() throws IOException {
    List<List<String>> facts = new ArrayList<>();
    facts.add(List.of("rows", count(snapshot.rowCount())));
    if (rows != null) {
      long smallest = snapshot.smallestKey().orElseThrow();
      long largest = snapshot.largestKey().orElseThrow();
      facts.add(List.of("from", keys.text(smallest)));
      facts.add(List.of("to", keys.text(largest)));
      facts.add(List.of("range", keys.distance(smallest, largest)));
    }
    long bytes = snapshot.record().lanes().stream().mapToLong(Lane::sizeBytes).sum();
    facts.add(List.of("committed", new Bytes(bytes).toString()));
    facts.add(List.of("in all files", new Bytes(DiskUsage.of(store.directory())).toString()));
    facts.add(List.of("lanes with rows", count(snapshot.ranges().size())));
    facts.add(List.of("commits", count(snapshot.record().commitCount())));
    facts.add(List.of("key", Describe.keyDescription(store.schema())));
    facts.add(
        List.of("UUID", Optional.ofNullable(Describe.uuid(snapshot.storeId())).orElse("none")));
    return facts;
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private String bucketWidth(Buckets buckets) {
    return keys.unit() == null
        ? count(buckets.width()) + " keys"
        : keys.distance(0, buckets.width());
  }

  /** A key on the axis: seconds since 1970, or the number. */
  private double x(long key) {
    TimeUnit unit = keys.unit();
    return unit == null ? unsigned(key) : (double) key / unit.stepsPerSecond();
  }

  private static double unsigned(long number) {
    return (number >>> 1) * 2.0 + (number & 1);
  }

  /** A number for each bucket; null where it has none. */
  private List<@Nullable Double> doubles(IntToDoubleFunction values, IntPredicate isThere) {
    List<@Nullable Double> list = new ArrayList<>();
    int bucketCount = rows == null ? 0 : rows.buckets().count();
    for (int i = 0; i < bucketCount; i++) {
      list.add(isThere.test(i) ? values.applyAsDouble(i) : null);
    }
    return list;
  }

  private static List<Map<String, @Nullable Object>> lanes(RowAggregate rows) {
    List<Map<String, @Nullable Object>> lanes = new ArrayList<>();
    List<long[]> counts = rows.rowsOfLanes().toList();
    for (int i = 0; i < counts.size(); i++) {
      Map<String, @Nullable Object> lane = new LinkedHashMap<>();
      boolean isOne = i < rows.lanes().size();
      lane.put("name", isOne ? "lane " + rows.lanes().get(i) : "all other lanes");
      lane.put("rowCount", Arrays.stream(counts.get(i)).sum());
      lane.put("rows", counts.get(i));
      lanes.add(lane);
    }
    return lanes;
  }

  private Map<String, @Nullable Object> gaps(Gaps gaps) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("longest", doubles(i -> x(gaps.longest(i)), i -> gaps.longest(i) != 0));
    json.put(
        "largest",
        gaps.largest().stream()
            .map(
                gap ->
                    Map.of(
                        "from", keys.text(gap.from()),
                        "to", keys.text(gap.to()),
                        "length", keys.distance(gap.from(), gap.to())))
            .toList());
    return json;
  }

  private Map<String, @Nullable Object> column(NumericColumn column) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    IntPredicate isThere = i -> !column.isEmpty(i);
    json.put("name", column.column().name());
    json.put("type", column.column().sqlType());
    json.put("nulls", column.nullCount());
    json.put("notFinite", column.notFiniteCount());
    json.put("min", doubles(column::min, isThere));
    json.put("max", doubles(column::max, isThere));
    json.put("mean", doubles(column::mean, isThere));
    return json;
  }

  private Map<String, @Nullable Object> commits() {
    List<Point> points = history.points(watched, keys.unit());
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("count", points.stream().mapToInt(Point::commitCount).sum());
    json.put("x", points.stream().map(point -> point.millis() / 1000.0).toList());
    json.put("change", points.stream().map(Point::change).toList());
    json.put("lag", seconds(points, Point::lagMillis));
    json.put("watermarkLag", seconds(points, Point::watermarkLagMillis));
    json.put("late", seconds(points, Point::lateMillis));
    return json;
  }

  private static List<@Nullable Double> seconds(
      List<Point> points, Function<Point, @Nullable Double> millis) {
    List<@Nullable Double> seconds = new ArrayList<>();
    for (Point point : points) {
      Double value = millis.apply(point);
      seconds.add(value == null ? null : value / 1000);
    }
    return seconds;
  }

  private List<Map<String, Object>> sizes() throws IOException {
    List<Map<String, Object>> sizes = new ArrayList<>();
    List<Lane> lanes = snapshot.record().lanes();
    long keysBytes = lanes.stream().mapToLong(lane -> lane.rows() * Long.BYTES).sum();
    sizes.add(size(keyName(), keysBytes, 0, 0));
    for (String table : store.tables()) {
      long offsets = 0;
      long values = 0;
      for (Lane lane : lanes) {
        if (lane.table(table).isPresent()) {
          offsets += lane.rows() * Long.BYTES;
          values += lane.table(table).get().dataBytes();
        }
      }
      sizes.add(size(table, 0, offsets, values));
    }
    return sizes;
  }

  private static Map<String, Object> size(String name, long keys, long offsets, long values) {
    return Map.of("name", name, "keys", keys, "offsets", offsets, "values", values);
  }
}
