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
  private final Set<String> known = new TreeSet<>();

  /**
   * The names for some columns.
   *
   * @param ofFormats those of the columns' formats; one that ends in a dot begins others
   */
  OptionNames(List<String> columns, Set<String> ofFormats) {
    known.addAll(ofFormats);
    known.add(FactoryUtil.CONNECTOR.key());
    known.add(FactoryUtil.PROPERTY_VERSION.key());
    Stream.of(TimestoreOptions.REQUIRED, TimestoreOptions.OPTIONAL)
        .flatMap(Collection::stream)
        .map(ConfigOption::key)
        .forEach(known::add);
    for (String column : columns) {
      known.add(TimestoreOptions.tableOption(column));
      known.add(TimestoreOptions.endiannessOption(column));
      known.add(TimestoreOptions.formatOption(column));
    }
  }

  /**
   * Refuses names that this version does not know.
   *
   * @throws ValidationException naming the option, and which was probably meant
   */
  void check(Set<String> names) {
    for (String name : new TreeSet<>(names)) {
      if (!isKnown(name)) {
        throw unknown(name);
      }
    }
  }

  private boolean isKnown(String name) {
    return known.contains(name)
        || known.stream().anyMatch(other -> other.endsWith(".") && name.startsWith(other));
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
    return known.stream()
        .min(
            Comparator.comparing(
                other -> LevenshteinDistance.getDefaultInstance().apply(name, other)))
        .orElseThrow();
  }
}
