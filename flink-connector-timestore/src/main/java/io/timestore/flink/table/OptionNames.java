package io.timestore.flink.table;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.commons.text.similarity.LevenshteinDistance;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.factories.FactoryUtil;

/** The names that a table's options may have, given its columns without the key. */
final class OptionNames {
  private final List<String> columns;
  private final Set<String> known = new TreeSet<>();
  private final Set<String> later = new TreeSet<>(TimestoreOptions.LATER);

  OptionNames(List<String> columns) {
    this.columns = columns;
    known.add(FactoryUtil.CONNECTOR.key());
    known.add(FactoryUtil.PROPERTY_VERSION.key());
    Stream.of(TimestoreOptions.REQUIRED, TimestoreOptions.OPTIONAL)
        .flatMap(Collection::stream)
        .map(ConfigOption::key)
        .forEach(known::add);
    for (String column : columns) {
      known.add(TimestoreOptions.tableOption(column));
      for (String suffix : TimestoreOptions.LATER_FIELD_SUFFIXES) {
        later.add(TimestoreOptions.FIELDS_PREFIX + column + suffix);
      }
    }
  }

  /**
   * Refuses names that this version does not know.
   *
   * @throws ValidationException naming the option, and which was probably meant
   */
  void check(Set<String> names) {
    for (String name : new TreeSet<>(names)) {
      if (!known.contains(name)) {
        throw isLater(name, names) ? later("option '" + name + "'") : unknown(name);
      }
    }
  }

  static ValidationException later(String option) {
    return new ValidationException(
        option
            + " is known to the contract of timestore tables, but this version doesn't have it"
            + " yet: leave it out");
  }

  private boolean isLater(String name, Set<String> names) {
    return later.contains(name)
        || TimestoreOptions.LATER_PREFIXES.stream().anyMatch(name::startsWith)
        || columns.stream().anyMatch(column -> isFormatOption(name, column, names));
  }

  /** Whether it is an option of the format of this column. */
  private static boolean isFormatOption(String name, String column, Set<String> names) {
    String format = TimestoreOptions.FIELDS_PREFIX + column + ".format";
    return names.contains(format) && name.startsWith(TimestoreOptions.FIELDS_PREFIX + column + ".");
  }

  private ValidationException unknown(String name) {
    return new ValidationException(
        "unknown option '"
            + name
            + "', did you mean '"
            + nearest(name)
            + "'? The options of this table are "
            + String.join(", ", known));
  }

  private String nearest(String name) {
    return Stream.concat(known.stream(), later.stream())
        .min(
            Comparator.comparing(
                other -> LevenshteinDistance.getDefaultInstance().apply(name, other)))
        .orElseThrow();
  }
}
