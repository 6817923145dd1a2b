package io.timestore.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.bytebuddy.implementation.FixedValue;
import org.junit.jupiter.api.Test;

class MutantClassLoaderTest {

  static String look() {
    return ByteRange.class.getClassLoader().getClass().getSimpleName()
        + " "
        + new ByteRange(3, 7).start()
        + " "
        + new LaneRange(1, 3, 7);
  }

  @Test
  void oneMethodIsAnotherAndTheRestIsAsItWas() throws Exception {
    MutantClassLoader mutant =
        MutantClassLoader.with(ByteRange.class, "start", FixedValue.value(42L));
    assertThat(mutant.call(MutantClassLoaderTest.class, "look"))
        .isEqualTo("MutantClassLoader 42 LaneRange[lane=1, start=3, end=7]");
    assertThat(new ByteRange(3, 7).start()).isEqualTo(3);
  }

  @Test
  void oneCallInAMethodIsLeftOut() throws Exception {
    MutantClassLoader mutant =
        MutantClassLoader.without(MutantClassLoaderTest.class, "look", "start");
    assertThat(mutant.call(MutantClassLoaderTest.class, "look"))
        .isEqualTo("MutantClassLoader 0 LaneRange[lane=1, start=3, end=7]");
  }

  @Test
  void aMethodThatIsNotThereIsNoMutant() {
    assertThatThrownBy(
            () -> MutantClassLoader.with(ByteRange.class, "begin", FixedValue.value(42L)))
        .hasMessageContaining("ByteRange has no method begin");
  }
}
