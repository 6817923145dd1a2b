package io.timestore.disk;

/** Whether a writer goes past the page cache. */
public enum DirectIo {
  /** Direct where the file system can, else buffered. */
  AUTO,
  /** Direct, or an error. */
  REQUIRED,
  /** Buffered. */
  OFF
}
