/**
 * Bytes and values, and the way between them; nothing here does I/O. The bytes are described in
 * {@code docs/format.md}.
 */
@NullMarked
package io.timestore.format;

import org.jspecify.annotations.NullMarked;
