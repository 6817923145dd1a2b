package io.timestore.flink.table;

import io.timestore.disk.DirectIo;
import io.timestore.flink.sink.LateRows;
import io.timestore.flink.sink.Ordering;
import io.timestore.flink.sink.SinkSettings;
import io.timestore.store.Publisher.RestoreMode;
import java.time.Duration;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.DescribedEnum;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.description.InlineElement;
import org.apache.flink.configuration.description.TextElement;
import org.apache.flink.table.connector.source.lookup.LookupOptions;
import org.apache.flink.table.factories.FactoryUtil;

/**
 * The options of a timestore table. Beside them there are {@code fields.COL.table}, {@code
 * fields.COL.endianness}, {@code fields.COL.format} and {@code fields.COL.FORMAT.*}.
 */
public final class TimestoreOptions {

  public static final ConfigOption<String> PATH =
      ConfigOptions.key("path")
          .stringType()
          .noDefaultValue()
          .withDescription("The store's directory: a plain path or a file: URI.");

  public static final ConfigOption<String> KEY_FIELD =
      ConfigOptions.key("key.field")
          .stringType()
          .noDefaultValue()
          .withDescription(
              "The key column. Default: the WATERMARK column if it is physical, else the first"
                  + " physical column.");

  public static final ConfigOption<String> KEY_UNIT =
      ConfigOptions.key("key.unit")
          .stringType()
          .noDefaultValue()
          .withDescription(
              "What a step of a timestamp key is: s, ms, us or ns. Default: from the key's type.");

  public static final ConfigOption<Integer> SCAN_PARALLELISM = FactoryUtil.SOURCE_PARALLELISM;

  public static final ConfigOption<MemorySize> SCAN_SPLIT_SIZE =
      ConfigOptions.key("scan.split.size")
          .memoryType()
          .defaultValue(MemorySize.ofMebiBytes(64))
          .withDescription("About how many bytes one reader takes at a time.");

  public static final ConfigOption<Boolean> SCAN_VERIFY_CHECKSUMS =
      ConfigOptions.key("scan.verify-checksums")
          .booleanType()
          .defaultValue(true)
          .withDescription("Whether to check all bytes that a scan reads.");

  /** Where a scan begins. */
  enum StartupMode implements DescribedEnum {
    EARLIEST("earliest", "the first row"),
    LATEST("latest", "behind the rows that are there when the job starts"),
    TIMESTAMP("timestamp", "the first row at or after 'scan.startup.timestamp'"),
    KEY("key", "the first row whose key is 'scan.startup.key' or above"),
    ROW("row", "the row of the number 'scan.startup.row'");

    private final String value;
    private final String description;

    StartupMode(String value, String description) {
      this.value = value;
      this.description = description;
    }

    @Override
    public String toString() {
      return value;
    }

    @Override
    public InlineElement getDescription() {
      return TextElement.text(description);
    }
  }

  /** Where a scan ends. */
  enum BoundedMode implements DescribedEnum {
    LATEST("latest", "behind the rows that are there when the job starts"),
    UNBOUNDED("unbounded", "never"),
    TIMESTAMP("timestamp", "before the first row at or after 'scan.bounded.timestamp'"),
    KEY("key", "before the first row whose key is 'scan.bounded.key' or above"),
    ROW("row", "before the row of the number 'scan.bounded.row'");

    private final String value;
    private final String description;

    BoundedMode(String value, String description) {
      this.value = value;
      this.description = description;
    }

    @Override
    public String toString() {
      return value;
    }

    @Override
    public InlineElement getDescription() {
      return TextElement.text(description);
    }
  }

  public static final ConfigOption<StartupMode> SCAN_STARTUP_MODE =
      ConfigOptions.key("scan.startup.mode")
          .enumType(StartupMode.class)
          .defaultValue(StartupMode.EARLIEST)
          .withDescription("Where a scan begins.");

  public static final ConfigOption<String> SCAN_STARTUP_TIMESTAMP =
      ConfigOptions.key("scan.startup.timestamp")
          .stringType()
          .noDefaultValue()
          .withDescription("A time in ISO-8601, or milliseconds since 1970.");

  public static final ConfigOption<String> SCAN_STARTUP_KEY =
      ConfigOptions.key("scan.startup.key")
          .stringType()
          .noDefaultValue()
          .withDescription("A key as the store holds it: a whole number from 0 to 2^64 - 1.");

  public static final ConfigOption<String> SCAN_STARTUP_ROW =
      ConfigOptions.key("scan.startup.row")
          .stringType()
          .noDefaultValue()
          .withDescription("A row's number in the sequence that the scan reads, from 0 on.");

  public static final ConfigOption<BoundedMode> SCAN_BOUNDED_MODE =
      ConfigOptions.key("scan.bounded.mode")
          .enumType(BoundedMode.class)
          .noDefaultValue()
          .withDescription(
              "Where a scan ends. Default: 'latest'; 'unbounded' where 'source.monitor-interval' is"
                  + " set.");

  public static final ConfigOption<String> SCAN_BOUNDED_TIMESTAMP =
      ConfigOptions.key("scan.bounded.timestamp")
          .stringType()
          .noDefaultValue()
          .withDescription("A time in ISO-8601, or milliseconds since 1970.");

  public static final ConfigOption<String> SCAN_BOUNDED_KEY =
      ConfigOptions.key("scan.bounded.key")
          .stringType()
          .noDefaultValue()
          .withDescription("A key as the store holds it: a whole number from 0 to 2^64 - 1.");

  public static final ConfigOption<String> SCAN_BOUNDED_ROW =
      ConfigOptions.key("scan.bounded.row")
          .stringType()
          .noDefaultValue()
          .withDescription("A row's number in the sequence that the scan reads, from 0 on.");

  public static final ConfigOption<Duration> SOURCE_MONITOR_INTERVAL =
      ConfigOptions.key("source.monitor-interval")
          .durationType()
          .noDefaultValue()
          .withDescription(
              "How often to look for new rows; the scan then never ends. Ignored in batch mode.");

  public static final ConfigOption<LookupOptions.LookupCacheType> LOOKUP_CACHE =
      LookupOptions.CACHE_TYPE;

  public static final ConfigOption<Integer> LOOKUP_MAX_RETRIES = LookupOptions.MAX_RETRIES;

  public static final ConfigOption<Integer> SINK_PARALLELISM = FactoryUtil.SINK_PARALLELISM;

  public static final ConfigOption<Ordering> SINK_ORDERING =
      ConfigOptions.key("sink.ordering")
          .enumType(Ordering.class)
          .defaultValue(Ordering.CHECKPOINT)
          .withDescription(
              "'checkpoint' sorts what a checkpoint brought, and commits all of it; 'watermark' holds"
                  + " rows until the watermark passes them.");

  public static final ConfigOption<LateRows> SINK_LATE_ROWS =
      ConfigOptions.key("sink.late-rows")
          .enumType(LateRows.class)
          .defaultValue(LateRows.KEEP)
          .withDescription(
              "Rows older than what is written: 'keep' (in another lane), 'drop' (counted) or"
                  + " 'fail'.");

  public static final ConfigOption<Integer> SINK_LANES_MAX =
      ConfigOptions.key("sink.lanes.max")
          .intType()
          .defaultValue(SinkSettings.DEFAULT.lanesMax())
          .withDescription("Lanes of one run of one writer.");

  public static final ConfigOption<MemorySize> SINK_REORDER_BUFFER =
      ConfigOptions.key("sink.reorder-buffer")
          .memoryType()
          .defaultValue(MemorySize.ofMebiBytes(64))
          .withDescription("How many bytes of rows are held for ordering.");

  public static final ConfigOption<MemorySize> SINK_BUFFER_MEMORY =
      ConfigOptions.key("sink.buffer-memory")
          .memoryType()
          .defaultValue(MemorySize.ofMebiBytes(32))
          .withDescription("All write buffers of one writer.");

  public static final ConfigOption<DirectIo> SINK_DIRECT_IO =
      ConfigOptions.key("sink.direct-io")
          .enumType(DirectIo.class)
          .defaultValue(DirectIo.AUTO)
          .withDescription("'auto' (direct where the file system can), 'required' or 'off'.");

  public static final ConfigOption<RestoreMode> SINK_RESTORE_MODE =
      ConfigOptions.key("sink.restore.mode")
          .enumType(RestoreMode.class)
          .defaultValue(RestoreMode.FAIL)
          .withDescription(
              "What happens to state older than what its own lineage committed: 'fail' refuses it,"
                  + " 'truncate' hides the rows that came after it.");

  static final Set<ConfigOption<?>> REQUIRED = Set.of(PATH);

  static final Set<ConfigOption<?>> OPTIONAL =
      Set.of(
          KEY_FIELD,
          KEY_UNIT,
          SCAN_PARALLELISM,
          SCAN_SPLIT_SIZE,
          SCAN_VERIFY_CHECKSUMS,
          SCAN_STARTUP_MODE,
          SCAN_STARTUP_TIMESTAMP,
          SCAN_STARTUP_KEY,
          SCAN_STARTUP_ROW,
          SCAN_BOUNDED_MODE,
          SCAN_BOUNDED_TIMESTAMP,
          SCAN_BOUNDED_KEY,
          SCAN_BOUNDED_ROW,
          SOURCE_MONITOR_INTERVAL,
          FactoryUtil.WATERMARK_EMIT_STRATEGY,
          FactoryUtil.WATERMARK_ALIGNMENT_GROUP,
          FactoryUtil.WATERMARK_ALIGNMENT_MAX_DRIFT,
          FactoryUtil.WATERMARK_ALIGNMENT_UPDATE_INTERVAL,
          FactoryUtil.SOURCE_IDLE_TIMEOUT,
          LOOKUP_CACHE,
          LOOKUP_MAX_RETRIES,
          LookupOptions.PARTIAL_CACHE_EXPIRE_AFTER_ACCESS,
          LookupOptions.PARTIAL_CACHE_EXPIRE_AFTER_WRITE,
          LookupOptions.PARTIAL_CACHE_CACHE_MISSING_KEY,
          LookupOptions.PARTIAL_CACHE_MAX_ROWS,
          SINK_PARALLELISM,
          SINK_ORDERING,
          SINK_LATE_ROWS,
          SINK_LANES_MAX,
          SINK_REORDER_BUFFER,
          SINK_BUFFER_MEMORY,
          SINK_DIRECT_IO,
          SINK_RESTORE_MODE);

  static final String FIELDS_PREFIX = "fields.";
  static final String TABLE_SUFFIX = ".table";
  static final String ENDIANNESS_SUFFIX = ".endianness";
  static final String FORMAT_SUFFIX = ".format";

  private TimestoreOptions() {}

  /** The option that names a column's table on disk. */
  static String tableOption(String column) {
    return FIELDS_PREFIX + column + TABLE_SUFFIX;
  }

  /** The option that names the format of a column's cells. */
  static String formatOption(String column) {
    return FIELDS_PREFIX + column + FORMAT_SUFFIX;
  }

  /** The option that names the order of bytes in a column's cells. */
  static String endiannessOption(String column) {
    return FIELDS_PREFIX + column + ENDIANNESS_SUFFIX;
  }
}
