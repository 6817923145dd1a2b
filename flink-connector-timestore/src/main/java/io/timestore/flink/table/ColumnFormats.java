package io.timestore.flink.table;

import io.timestore.flink.types.FormatDecoder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ConfigurationUtils;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.connector.format.Format;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.factories.FormatFactory;
import org.apache.flink.table.types.DataType;
import org.apache.flink.types.RowKind;

/**
 * The formats that {@code fields.COL.format} name, as they are found on the class path.
 *
 * @param <F> what makes those that read, or those that write
 */
final class ColumnFormats<F extends FormatFactory> {
  private final Map<String, String> tableOptions;
  private final Map<DataTypes.Field, F> factories = new LinkedHashMap<>();

  /**
   * The formats of a table.
   *
   * @throws ValidationException if there is no such format
   */
  ColumnFormats(Class<F> kind, DynamicTableFactory.Context context) {
    tableOptions = context.getCatalogTable().getOptions();
    for (DataTypes.Field column : DataType.getFields(context.getPhysicalRowDataType())) {
      String option = TimestoreOptions.formatOption(column.getName());
      String identifier = tableOptions.get(option);
      if (identifier != null) {
        factories.put(column, find(kind, context, option, identifier));
      }
    }
  }

  private static <F extends FormatFactory> F find(
      Class<F> kind, DynamicTableFactory.Context context, String option, String identifier) {
    try {
      return FactoryUtil.discoverFactory(context.getClassLoader(), kind, identifier);
    } catch (ValidationException e) {
      throw refused(option, identifier, e);
    }
  }

  private static ValidationException refused(String option, String identifier, Exception e) {
    String reason = FormatDecoder.reason(e).replaceAll("\\s+", " "); // Flink's are lists
    return Refusal.of("option '" + option + "' = '" + identifier + "': " + reason, e);
  }

  private static String prefix(DataTypes.Field column, FormatFactory factory) {
    return TimestoreOptions.FIELDS_PREFIX
        + column.getName()
        + "."
        + factory.factoryIdentifier()
        + ".";
  }

  /** The options of the formats, as a table names them; one that ends in a dot begins others. */
  Set<String> optionNames() {
    Set<String> names = new TreeSet<>();
    factories.forEach(
        (column, factory) -> {
          addNames(names, prefix(column, factory), factory.requiredOptions());
          addNames(names, prefix(column, factory), factory.optionalOptions());
        });
    return names;
  }

  private static void addNames(Set<String> names, String prefix, Set<ConfigOption<?>> options) {
    for (ConfigOption<?> option : options) {
      names.add(prefix + option.key());
      if (ConfigurationUtils.canBePrefixMap(option)) {
        names.add(prefix + option.key() + ".");
      }
    }
  }

  /**
   * The formats, each with its own options.
   *
   * @throws ValidationException if one of them is wrong, or the format brings more than insertions
   */
  <T extends Format> Map<DataTypes.Field, T> create(BiFunction<F, ReadableConfig, T> create) {
    Map<DataTypes.Field, T> formats = new LinkedHashMap<>();
    factories.forEach((column, factory) -> formats.put(column, create(column, factory, create)));
    return formats;
  }

  private <T extends Format> T create(
      DataTypes.Field column, F factory, BiFunction<F, ReadableConfig, T> create) {
    String option = TimestoreOptions.formatOption(column.getName());
    String prefix = prefix(column, factory);
    Configuration options = new Configuration();
    tableOptions.forEach(
        (name, value) -> {
          if (name.startsWith(prefix)) {
            options.setString(name.substring(prefix.length()), value);
          }
        });
    T format;
    try {
      format = create.apply(factory, options);
    } catch (ValidationException | IllegalArgumentException e) {
      throw refused(option, factory.factoryIdentifier(), e);
    }
    if (!format.getChangelogMode().containsOnly(RowKind.INSERT)) {
      throw new ValidationException(
          "option '"
              + option
              + "' = '"
              + factory.factoryIdentifier()
              + "': a format of changes ("
              + format.getChangelogMode()
              + "), but a cell is one value, expected a format of insertions");
    }
    return format;
  }
}
