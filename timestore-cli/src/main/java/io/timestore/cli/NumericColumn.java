package io.timestore.cli;

import io.timestore.format.Column;
import io.timestore.format.ColumnData;
import io.timestore.format.CorruptStoreException;
import java.util.Arrays;

/** The smallest, the largest and the mean value of a numeric column, in each bucket. */
final class NumericColumn {
  private final Column column;
  private final Reader reader;
  private final int widthBytes;
  private final double[] min;
  private final double[] max;
  private final double[] sum;
  private final long[] count;
  private long nullCount;
  private long notFiniteCount;

  /** Reads a cell as a number. */
  @FunctionalInterface
  private interface Reader {
    double at(ColumnData cells, int row);
  }

  /**
   * @throws IllegalArgumentException if the column is not {@link #isNumeric}
   */
  NumericColumn(Column column, int bucketCount) {
    this.column = column;
    this.reader = reader(column);
    this.widthBytes = column.type().widthBytes().orElseThrow();
    this.min = new double[bucketCount];
    this.max = new double[bucketCount];
    this.sum = new double[bucketCount];
    this.count = new long[bucketCount];
    Arrays.fill(min, Double.POSITIVE_INFINITY);
    Arrays.fill(max, Double.NEGATIVE_INFINITY);
  }

  static boolean isNumeric(Column column) {
    return switch (column.type().kind()) {
      case TINYINT, SMALLINT, INT, BIGINT, FLOAT, DOUBLE, DECIMAL -> true;
      case BOOLEAN,
          DATE,
          TIME,
          TIMESTAMP,
          TIMESTAMP_LTZ,
          INTERVAL_YEAR_MONTH,
          INTERVAL_DAY_TIME,
          CHAR,
          VARCHAR,
          BINARY,
          VARBINARY ->
          false;
    };
  }

  private static Reader reader(Column column) {
    return switch (column.type().kind()) {
      case TINYINT -> ColumnData::byteAt;
      case SMALLINT -> ColumnData::shortAt;
      case INT -> ColumnData::intAt;
      case BIGINT -> ColumnData::longAt;
      case FLOAT -> ColumnData::floatAt;
      case DOUBLE -> ColumnData::doubleAt;
      case DECIMAL -> {
        double unit = Math.pow(10, column.type().scale());
        // 2^64 for each step of the upper half; the lower half is unsigned.
        yield (cells, row) ->
            (cells.highLongAt(row) * 0x1p64 + unsigned(cells.lowLongAt(row))) / unit;
      }
      case BOOLEAN,
          DATE,
          TIME,
          TIMESTAMP,
          TIMESTAMP_LTZ,
          INTERVAL_YEAR_MONTH,
          INTERVAL_DAY_TIME,
          CHAR,
          VARCHAR,
          BINARY,
          VARBINARY ->
          throw new IllegalArgumentException(column.name() + " is no number");
    };
  }

  private static double unsigned(long number) {
    return (number >>> 1) * 2.0 + (number & 1);
  }

  /** Rows {@code from} to {@code to} of a batch, which are in one bucket. */
  void add(ColumnData cells, int from, int to, int bucket) throws CorruptStoreException {
    double runMin = min[bucket];
    double runMax = max[bucket];
    double runSum = 0;
    int runCount = 0;
    int start = cells.start(from);
    for (int row = from; row < to; row++) {
      int end = cells.end(row);
      if (end - start == widthBytes) {
        double value = reader.at(cells, row);
        if (Double.isFinite(value)) {
          runMin = Math.min(runMin, value);
          runMax = Math.max(runMax, value);
          runSum += value;
          runCount++;
        } else {
          notFiniteCount++;
        }
      } else if (end == start && column.mayBeAbsent()) {
        nullCount++;
      } else {
        throw new CorruptStoreException(
            "column "
                + column.name()
                + ": a cell has "
                + (end - start)
                + " bytes, expected "
                + widthBytes
                + " of "
                + column.sqlType()
                + "; 'timestore verify' tells where");
      }
      start = end;
    }
    min[bucket] = runMin;
    max[bucket] = runMax;
    sum[bucket] += runSum;
    count[bucket] += runCount;
  }

  Column column() {
    return column;
  }

  long nullCount() {
    return nullCount;
  }

  /** NaN and infinite ones, which are in no minimum, maximum or mean. */
  long notFiniteCount() {
    return notFiniteCount;
  }

  boolean isEmpty(int bucket) {
    return count[bucket] == 0;
  }

  double min(int bucket) {
    return min[bucket];
  }

  double max(int bucket) {
    return max[bucket];
  }

  double mean(int bucket) {
    return sum[bucket] / count[bucket];
  }
}
