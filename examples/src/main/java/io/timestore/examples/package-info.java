/** Small programs, one for each way of use; each takes the directory to work in. */
@NullMarked
package io.timestore.examples;

import org.jspecify.annotations.NullMarked;
