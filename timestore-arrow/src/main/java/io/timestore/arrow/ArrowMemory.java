package io.timestore.arrow;

import java.nio.ByteBuffer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.memory.util.MemoryUtil;

/** Memory outside the heap, as Arrow manages it; asks first whether the JVM lets Arrow have it. */
public final class ArrowMemory {
  /** What a JVM must be started with. */
  static final String FLAG = "--add-opens=java.base/java.nio=ALL-UNNAMED";

  private ArrowMemory() {}

  /**
   * A root of allocations, bounded by the JVM's own limit of direct memory only.
   *
   * @throws IllegalStateException if the JVM was started without the flag that Arrow needs
   */
  public static BufferAllocator newAllocator() {
    check();
    return new RootAllocator();
  }

  /** Arrow by itself fails late, and from then on with a NoClassDefFoundError. */
  static void check() {
    Module arrow = MemoryUtil.class.getModule();
    if (!ByteBuffer.class.getModule().isOpen("java.nio", arrow)) {
      String flag =
          arrow.isNamed() ? FLAG.replace("ALL-UNNAMED", arrow.getName() + ",ALL-UNNAMED") : FLAG;
      throw new IllegalStateException(
          "Arrow can't reach memory outside the heap: this JVM was started without "
              + flag
              + "; add it to the java command, or to the environment variable JDK_JAVA_OPTIONS");
    }
  }
}
