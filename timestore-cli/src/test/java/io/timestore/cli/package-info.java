/** The command line as processes of their own. */
@NullMarked
package io.timestore.cli;

import org.jspecify.annotations.NullMarked;
