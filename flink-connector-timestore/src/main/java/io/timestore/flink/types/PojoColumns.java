package io.timestore.flink.types;

import java.io.Serializable;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.java.typeutils.PojoTypeInfo;
import org.apache.flink.api.java.typeutils.TypeExtractor;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.jspecify.annotations.Nullable;

/**
 * Objects whose fields are columns.
 *
 * @param type a record, or a POJO in Flink's sense: public, with a constructor without arguments,
 *     and each field public or with getter and setter
 */
public record PojoColumns<T>(Class<T> type) implements Serializable {
  private static final long serialVersionUID = 1L;

  /** The types that a field of a class may be stored as. */
  private static final Map<Class<?>, Set<LogicalTypeRoot>> STORED_AS =
      Map.ofEntries(
          Map.entry(Boolean.class, Set.of(LogicalTypeRoot.BOOLEAN)),
          Map.entry(Byte.class, Set.of(LogicalTypeRoot.TINYINT)),
          Map.entry(Short.class, Set.of(LogicalTypeRoot.SMALLINT)),
          Map.entry(
              Integer.class, Set.of(LogicalTypeRoot.INTEGER, LogicalTypeRoot.INTERVAL_YEAR_MONTH)),
          Map.entry(
              Long.class,
              Set.of(
                  LogicalTypeRoot.BIGINT,
                  LogicalTypeRoot.INTERVAL_DAY_TIME,
                  LogicalTypeRoot.TIMESTAMP_WITH_LOCAL_TIME_ZONE)),
          Map.entry(Float.class, Set.of(LogicalTypeRoot.FLOAT)),
          Map.entry(Double.class, Set.of(LogicalTypeRoot.DOUBLE)),
          Map.entry(String.class, Set.of(LogicalTypeRoot.VARCHAR, LogicalTypeRoot.CHAR)),
          Map.entry(byte[].class, Set.of(LogicalTypeRoot.VARBINARY, LogicalTypeRoot.BINARY)),
          Map.entry(BigDecimal.class, Set.of(LogicalTypeRoot.DECIMAL)),
          Map.entry(LocalDate.class, Set.of(LogicalTypeRoot.DATE)),
          Map.entry(LocalTime.class, Set.of(LogicalTypeRoot.TIME_WITHOUT_TIME_ZONE)),
          Map.entry(LocalDateTime.class, Set.of(LogicalTypeRoot.TIMESTAMP_WITHOUT_TIME_ZONE)),
          Map.entry(Instant.class, Set.of(LogicalTypeRoot.TIMESTAMP_WITH_LOCAL_TIME_ZONE)));

  /** The type that a field of a class has by itself; a BigDecimal has none. */
  private static final Map<Class<?>, DataType> DEFAULTS =
      Map.ofEntries(
          Map.entry(Boolean.class, DataTypes.BOOLEAN()),
          Map.entry(Byte.class, DataTypes.TINYINT()),
          Map.entry(Short.class, DataTypes.SMALLINT()),
          Map.entry(Integer.class, DataTypes.INT()),
          Map.entry(Long.class, DataTypes.BIGINT()),
          Map.entry(Float.class, DataTypes.FLOAT()),
          Map.entry(Double.class, DataTypes.DOUBLE()),
          Map.entry(String.class, DataTypes.STRING()),
          Map.entry(byte[].class, DataTypes.BYTES()),
          Map.entry(LocalDate.class, DataTypes.DATE()),
          Map.entry(LocalTime.class, DataTypes.TIME(3)),
          Map.entry(LocalDateTime.class, DataTypes.TIMESTAMP(9)),
          Map.entry(Instant.class, DataTypes.TIMESTAMP_LTZ(9)));

  /**
   * The fields' names and types, ordered by name.
   *
   * @param overrides types of fields that are not to have their own
   * @throws IllegalArgumentException if the class is no POJO, or a field can't be a column
   */
  public Map<String, DataType> columns(Map<String, DataType> overrides) {
    PojoTypeInfo<T> pojo = pojo();
    Set<String> unknown = new TreeSet<>(overrides.keySet());
    unknown.removeAll(Set.of(pojo.getFieldNames()));
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          type.getName()
              + " has no field "
              + String.join(", ", unknown)
              + ", expected one of "
              + String.join(", ", pojo.getFieldNames()));
    }
    Map<String, DataType> columns = new LinkedHashMap<>();
    for (int i = 0; i < pojo.getArity(); i++) {
      Field field = pojo.getPojoFieldAt(i).getField();
      columns.put(field.getName(), column(field, overrides.get(field.getName())));
    }
    return columns;
  }

  /** The class as Flink sees it. */
  public PojoTypeInfo<T> pojo() {
    TypeInformation<T> info = TypeExtractor.createTypeInfo(type);
    if (info instanceof PojoTypeInfo<T> pojo) {
      return pojo;
    }
    throw new IllegalArgumentException(
        type.getName()
            + " is no POJO: it must be a record, or a public class with a public constructor without"
            + " arguments, each field public or with getter and setter");
  }

  private DataType column(Field field, @Nullable DataType override) {
    Class<?> boxed = boxed(field.getType());
    Set<LogicalTypeRoot> roots = STORED_AS.get(boxed);
    if (roots == null) {
      throw refused(field, "a field of this class can't be a column; leave it transient");
    }
    DataType chosen = override == null ? DEFAULTS.get(boxed) : override;
    if (chosen == null) {
      throw refused(field, "give its type, such as DataTypes.DECIMAL(18, 4)");
    }
    if (!roots.contains(chosen.getLogicalType().getTypeRoot())) {
      throw refused(field, "can't be stored as " + chosen + ", expected one of " + roots);
    }
    return field.getType().isPrimitive() ? chosen.notNull() : chosen;
  }

  private static Class<?> boxed(Class<?> type) {
    return MethodType.methodType(type).wrap().returnType();
  }

  private static IllegalArgumentException refused(Field field, String what) {
    return new IllegalArgumentException(
        "field "
            + field.getName()
            + " of "
            + field.getDeclaringClass().getName()
            + ", "
            + field.getType().getSimpleName()
            + ": "
            + what);
  }

  /** The fields, in the order of the columns. */
  public Field[] fields() {
    PojoTypeInfo<T> pojo = pojo();
    return IntStream.range(0, pojo.getArity())
        .mapToObj(i -> pojo.getPojoFieldAt(i).getField())
        .toArray(Field[]::new);
  }
}
