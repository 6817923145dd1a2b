/** The rows of a store as Arrow record batches, and back. */
@NullMarked
package io.timestore.arrow;

import org.jspecify.annotations.NullMarked;
