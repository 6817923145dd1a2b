package io.timestore.cli;

import io.timestore.format.Batch;
import java.io.Closeable;
import java.io.IOException;

/** Prints rows in one form. */
interface RowPrinter extends Closeable {
  /** Prints a row of a batch of the columns that are shown. */
  void print(Batch batch, int row) throws IOException;

  /** Prints what was held back, since more may take a while to come. */
  void flush() throws IOException;

  @Override
  void close() throws IOException;
}
