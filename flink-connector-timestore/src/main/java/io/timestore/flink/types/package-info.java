/**
 * SQL rows and the store's cells: which type is which, rows into batches, rows out of batches, and
 * whether a DDL and a store agree.
 */
@NullMarked
package io.timestore.flink.types;

import org.jspecify.annotations.NullMarked;
