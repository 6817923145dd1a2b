package io.timestore.flink.table;

import io.timestore.flink.source.StoreLookup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.source.LookupTableSource.LookupRuntimeProvider;
import org.apache.flink.table.connector.source.lookup.LookupFunctionProvider;
import org.apache.flink.table.connector.source.lookup.LookupOptions;
import org.apache.flink.table.connector.source.lookup.PartialCachingLookupProvider;
import org.apache.flink.table.connector.source.lookup.cache.DefaultLookupCache;
import org.apache.flink.table.connector.source.lookup.cache.LookupCache;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeFamily;
import org.jspecify.annotations.Nullable;

/**
 * How keys are looked up in a table, as its options say.
 *
 * @param cache null: each look-up reads the store
 * @param retriesMax how often to try again what failed
 */
record LookupSettings(@Nullable LookupCache cache, int retriesMax) {
  private static final List<ConfigOption<?>> OF_PARTIAL_CACHE =
      List.of(
          LookupOptions.PARTIAL_CACHE_EXPIRE_AFTER_ACCESS,
          LookupOptions.PARTIAL_CACHE_EXPIRE_AFTER_WRITE,
          LookupOptions.PARTIAL_CACHE_CACHE_MISSING_KEY,
          LookupOptions.PARTIAL_CACHE_MAX_ROWS);

  /**
   * The settings of a table.
   *
   * @throws ValidationException if an option has a wrong value
   */
  static LookupSettings of(ReadableConfig options) {
    int retriesMax = options.get(TimestoreOptions.LOOKUP_MAX_RETRIES);
    if (retriesMax < 0) {
      throw new ValidationException(
          "option 'lookup.max-retries' = '" + retriesMax + "', expected 0 or more");
    }
    requirePositive(options, LookupOptions.PARTIAL_CACHE_MAX_ROWS, rows -> rows > 0);
    requirePositive(
        options, LookupOptions.PARTIAL_CACHE_EXPIRE_AFTER_ACCESS, time -> time.toMillis() > 0);
    requirePositive(
        options, LookupOptions.PARTIAL_CACHE_EXPIRE_AFTER_WRITE, time -> time.toMillis() > 0);
    return new LookupSettings(
        switch (options.get(TimestoreOptions.LOOKUP_CACHE)) {
          case NONE -> none(options);
          case PARTIAL -> partial(options);
          case FULL ->
              throw new ValidationException(
                  "option 'lookup.cache' = 'FULL': Flink's full cache is loaded by an InputFormat"
                      + " only, an interface that is replaced by sources such as this one; use"
                      + " 'PARTIAL', or 'NONE', which reads a few pages of the store a key");
        },
        retriesMax);
  }

  private static <T> void requirePositive(
      ReadableConfig options, ConfigOption<T> option, Predicate<T> isPositive) {
    Optional<T> value = options.getOptional(option);
    if (value.isPresent() && !isPositive.test(value.get())) {
      throw new ValidationException(
          "option '" + option.key() + "' = '" + value.get() + "', expected more than 0");
    }
  }

  private static @Nullable LookupCache none(ReadableConfig options) {
    for (ConfigOption<?> option : OF_PARTIAL_CACHE) {
      Optional<?> value = options.getOptional(option);
      if (value.isPresent()) {
        throw new ValidationException(
            "option '"
                + option.key()
                + "' means nothing where 'lookup.cache' is 'NONE': set that to 'PARTIAL', or leave"
                + " the former out");
      }
    }
    return null;
  }

  private static LookupCache partial(ReadableConfig options) {
    try {
      return DefaultLookupCache.fromConfig(options);
    } catch (IllegalArgumentException e) {
      throw Refusal.of("option 'lookup.cache' = 'PARTIAL': " + e.getMessage(), e);
    }
  }

  LookupRuntimeProvider provider(StoreLookup lookup) {
    return cache == null
        ? LookupFunctionProvider.of(lookup)
        : PartialCachingLookupProvider.of(lookup, cache);
  }

  /**
   * The fields that a lookup join compares.
   *
   * @param keys their paths in the produced rows
   * @throws ValidationException if the key column is not among them, or values of one can't be
   *     compared
   */
  static int[] fields(int[][] keys, DataType producedType, String keyColumn) {
    List<String> names = DataType.getFieldNames(producedType);
    List<DataType> types = DataType.getFieldDataTypes(producedType);
    int[] fields = Arrays.stream(keys).mapToInt(path -> path[0]).toArray();
    List<String> joined = new ArrayList<>();
    for (int field : fields) {
      joined.add(names.get(field));
      LogicalType type = types.get(field).getLogicalType();
      if (type.is(LogicalTypeFamily.CONSTRUCTED)) {
        throw new ValidationException(
            "a lookup join can't compare column "
                + names.get(field)
                + ", "
                + type.asSummaryString()
                + ": leave it out of ON and WHERE");
      }
    }
    if (!joined.contains(keyColumn)) {
      throw new ValidationException(
          "a lookup join finds rows by the key of the store, "
              + keyColumn
              + ", but this one asks for "
              + (joined.isEmpty() ? "constants only" : String.join(", ", joined))
              + ": join ON "
              + keyColumn
              + " = …, or without FOR SYSTEM_TIME AS OF");
    }
    return fields;
  }
}
