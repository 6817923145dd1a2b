/**
 * The engine: stores, their writers and snapshots. How commits, locks and lanes keep their promises
 * is argued in {@code docs/design.md}, whose step numbers the code names.
 */
@NullMarked
package io.timestore.store;

import org.jspecify.annotations.NullMarked;
