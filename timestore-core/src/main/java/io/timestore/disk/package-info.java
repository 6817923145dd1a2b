/**
 * The only room that touches files: a {@link io.timestore.disk.Disk}, its files and locks, and the
 * threads that do the I/O.
 */
@NullMarked
package io.timestore.disk;

import org.jspecify.annotations.NullMarked;
