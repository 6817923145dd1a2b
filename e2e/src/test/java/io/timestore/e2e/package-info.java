/** This project beside other programs that read and write the same stores. */
@NullMarked
package io.timestore.e2e;

import org.jspecify.annotations.NullMarked;
