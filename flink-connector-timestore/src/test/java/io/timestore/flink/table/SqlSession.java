package io.timestore.flink.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.ExplainDetail;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.types.Row;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;

/** SQL statements as users type them, as far as planning goes. */
final class SqlSession {
  private static final String COLUMNS = "ts TIMESTAMP(3) NOT NULL, price DOUBLE, size BIGINT";

  private final EnvironmentSettings settings;
  private @Nullable TableEnvironment environment;

  SqlSession(EnvironmentSettings settings) {
    this.settings = settings;
  }

  /** Made when a test first uses it: a cluster of the test is known from then on only. */
  private TableEnvironment sql() {
    if (environment == null) {
      environment = TableEnvironment.create(settings);
    }
    return environment;
  }

  static SqlSession batch() {
    return new SqlSession(EnvironmentSettings.inBatchMode());
  }

  static SqlSession streaming() {
    return new SqlSession(EnvironmentSettings.inStreamingMode());
  }

  /** As SET does in the SQL client. */
  void set(String option, String value) {
    sql().getConfig().set(option, value);
  }

  /** Runs an INSERT to its end. */
  void insert(String statement) throws Exception {
    sql().executeSql(statement).await();
  }

  void execute(String statement) {
    sql().executeSql(statement);
  }

  /** Makes the table {@code t}: its columns and what follows them but WITH; further options. */
  SqlSession table(String columns, String clauses, Path path, String... options) {
    StringBuilder with = new StringBuilder("'connector' = 'timestore', 'path' = '" + path + "'");
    for (String option : options) {
      with.append(", ").append(option);
    }
    sql().executeSql("DROP TABLE IF EXISTS t");
    sql().executeSql("CREATE TABLE t (" + columns + ") " + clauses + " WITH (" + with + ")");
    return this;
  }

  SqlSession table(TableDescriptor table) {
    sql().executeSql("DROP TABLE IF EXISTS t");
    sql().createTable("t", table);
    return this;
  }

  SqlSession table(Path path, String... options) {
    return table(COLUMNS, "", path, options);
  }

  String explain(String statement) {
    return sql().explainSql(statement);
  }

  /** The plan, with what is expected of each of its nodes. */
  String estimate(String statement) {
    return sql().explainSql(statement, ExplainDetail.ESTIMATED_COST);
  }

  List<Row> rows(String query) {
    List<Row> rows = new ArrayList<>();
    sql().executeSql(query).collect().forEachRemaining(rows::add);
    return rows;
  }

  /** A query that may never end. */
  RowsOfQuery query(String query) {
    return new RowsOfQuery(sql().executeSql(query));
  }

  /** The plan as the job graph has it: operators and their parallelism. */
  String executionPlan(String statement) {
    return sql().explainSql(statement, ExplainDetail.JSON_EXECUTION_PLAN);
  }

  String explainRead() {
    return explain("SELECT * FROM t");
  }

  /** Plans an INSERT of the columns of {@link #table(Path, String...)}. */
  String explainWrite() {
    return explain("INSERT INTO t VALUES (TIMESTAMP '2020-01-01 00:00:00', CAST(1 AS DOUBLE), 2)");
  }

  /** The error that a SELECT from {@code t} is answered with. */
  AbstractThrowableAssert<?, ?> refusedRead() {
    return assertThat(refusal(this::explainRead));
  }

  /** The error that an INSERT into {@code t} is answered with. */
  AbstractThrowableAssert<?, ?> refusedWrite() {
    return assertThat(refusal(this::explainWrite));
  }

  AbstractThrowableAssert<?, ?> refused(String statement) {
    return assertThat(refusal(() -> explain(statement)));
  }

  /** The innermost error for users: Flink wraps it in some of its own. */
  private static @Nullable ValidationException refusal(ThrowingCallable planning) {
    ValidationException refusal = null;
    for (Throwable e = catchThrowable(planning); e != null; e = e.getCause()) {
      refusal = e instanceof ValidationException ? (ValidationException) e : refusal;
    }
    return refusal;
  }
}
