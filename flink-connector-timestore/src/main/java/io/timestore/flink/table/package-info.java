/** Timestore tables in SQL: their options, and what planning makes of a {@code CREATE TABLE}. */
@NullMarked
package io.timestore.flink.table;

import org.jspecify.annotations.NullMarked;
