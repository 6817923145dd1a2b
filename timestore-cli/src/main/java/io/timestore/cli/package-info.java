/** The command line: one command a class. What each prints is in {@code docs/cli.md}. */
@NullMarked
package io.timestore.cli;

import org.jspecify.annotations.NullMarked;
