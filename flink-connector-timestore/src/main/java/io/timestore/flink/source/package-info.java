/**
 * The bounded source: an enumerator that cuts one snapshot of a store into splits, and readers that
 * read them on an I/O thread of their own.
 */
@NullMarked
package io.timestore.flink.source;

import org.jspecify.annotations.NullMarked;
