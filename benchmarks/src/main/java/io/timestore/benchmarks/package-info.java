/** Whole jobs beside those of other connectors, in one process and in turns. */
@NullMarked
package io.timestore.benchmarks;

import org.jspecify.annotations.NullMarked;
