package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** CRCs of parts make that of the whole. */
class CrcSumTest {
  private static int crc(byte[] bytes, int from, int to) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }

  @Test
  void partsOfAnySizeMakeTheWhole() {
    Random random = new Random(1);
    byte[] bytes = new byte[3_000_000];
    random.nextBytes(bytes);
    for (int partBytesMax : new int[] {1, 2, 7, 255, 4096, 524_288, bytes.length}) {
      CrcSum sum = new CrcSum();
      assertThat(sum.value()).isZero();
      int end = 0;
      for (int part = 0; part < 100 && end < bytes.length; part++) {
        int start = end;
        end = Math.min(bytes.length, start + random.nextInt(partBytesMax + 1));
        sum.add(crc(bytes, start, end), end - start);
        assertThat(sum.value()).as("%d bytes", end).isEqualTo(crc(bytes, 0, end));
      }
    }
  }

  @Test
  void zerosCountToo() {
    CrcSum sum = new CrcSum();
    for (int i = 0; i < 10; i++) {
      sum.add(crc(new byte[512], 0, 512), 512);
    }
    assertThat(sum.value()).isEqualTo(crc(new byte[5120], 0, 5120));
    sum.reset();
    assertThat(sum.value()).isZero();
  }
}
