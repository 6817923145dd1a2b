package io.timestore.benchmarks;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryStringData;
import org.apache.flink.table.functions.ScalarFunction;
import org.jspecify.annotations.Nullable;

/** A number that depends on every byte of a row; cheap, so that reading is what is measured. */
public final class Checksum extends ScalarFunction {
  private static final long serialVersionUID = 1L;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long PRIME = 0x9E3779B97F4A7C15L;

  /** Of a row; below 2^32, so that sums of them don't overflow. */
  public long eval(
      long k,
      @Nullable @DataTypeHint(value = "STRING", bridgedTo = StringData.class) StringData sym,
      @Nullable Double price,
      @Nullable Long size,
      byte @Nullable [] payload) {
    long hash = k;
    if (sym instanceof BinaryStringData string) {
      hash = of(hash, string);
    }
    hash = with(hash, price == null ? -1 : Double.doubleToRawLongBits(price));
    hash = with(hash, size == null ? -1 : size);
    return of(hash, payload == null ? new byte[0] : payload) >>> 32;
  }

  private static long of(long before, BinaryStringData string) {
    long hash = before;
    for (int i = 0; i < string.getSizeInBytes(); i++) {
      hash = with(hash, string.byteAt(i));
    }
    return hash;
  }

  private static long of(long before, byte[] bytes) {
    long hash = before;
    int i = 0;
    for (; i + Long.BYTES <= bytes.length; i += Long.BYTES) {
      hash = with(hash, (long) LONG.get(bytes, i));
    }
    for (; i < bytes.length; i++) {
      hash = with(hash, bytes[i]);
    }
    return hash;
  }

  private static long with(long hash, long value) {
    return (hash ^ value) * PRIME;
  }
}
