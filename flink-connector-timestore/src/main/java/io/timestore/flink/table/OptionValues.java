package io.timestore.flink.table;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;

/** Whether the values of a table's options are of their types. */
final class OptionValues {
  private static final Pattern ENUM = Pattern.compile("Expected one of: \\[\\[(.*)\\]\\]");
  private final ReadableConfig options;

  OptionValues(ReadableConfig options) {
    this.options = options;
  }

  /**
   * Looks at all of them. Flink tells a wrong one, too, but of its errors the SQL client shows the
   * innermost only, which names neither option nor value.
   *
   * @throws ValidationException naming the option and what is expected of it
   */
  void check() {
    Stream.concat(TimestoreOptions.REQUIRED.stream(), TimestoreOptions.OPTIONAL.stream())
        .forEach(this::check);
  }

  private void check(ConfigOption<?> option) {
    try {
      Optional<?> unused = options.getOptional(option);
    } catch (IllegalArgumentException e) {
      throw Refusal.of("option '" + option.key() + "' = '" + text(option) + "': " + expected(e), e);
    }
  }

  private String text(ConfigOption<?> option) {
    return options
        .getOptional(ConfigOptions.key(option.key()).stringType().noDefaultValue())
        .orElse("");
  }

  private static String expected(Throwable failure) {
    Throwable innermost = failure;
    while (innermost.getCause() != null) {
      innermost = innermost.getCause();
    }
    String message = String.valueOf(innermost.getMessage());
    Matcher ofEnum = ENUM.matcher(message);
    if (ofEnum.find()) {
      return "expected one of " + ofEnum.group(1).toLowerCase(Locale.ROOT);
    }
    return innermost instanceof NumberFormatException ? "expected a whole number" : message;
  }
}
