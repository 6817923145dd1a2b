package io.timestore.flink.table;

import io.timestore.disk.DirectIo;
import io.timestore.flink.sink.LateRows;
import io.timestore.flink.sink.Ordering;
import io.timestore.flink.sink.SinkSettings;
import io.timestore.store.Publisher.RestoreMode;
import java.util.List;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.MemorySize;
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
          SINK_PARALLELISM,
          SINK_ORDERING,
          SINK_LATE_ROWS,
          SINK_LANES_MAX,
          SINK_REORDER_BUFFER,
          SINK_BUFFER_MEMORY,
          SINK_DIRECT_IO,
          SINK_RESTORE_MODE);

  /** Options of the contract that this version can't honour. */
  static final List<String> LATER =
      List.of(
          "scan.startup.mode",
          "scan.startup.timestamp",
          "scan.startup.key",
          "scan.startup.row",
          "scan.bounded.mode",
          "scan.bounded.timestamp",
          "scan.bounded.key",
          "scan.bounded.row",
          "source.monitor-interval");

  /** Families of such options, by the beginning of their names. */
  static final List<String> LATER_PREFIXES = List.of("lookup.", "scan.watermark.");

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
