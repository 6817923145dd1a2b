package io.timestore.store;

import java.nio.file.Path;

/**
 * A lock of a store, and who has it.
 *
 * @param file the lock file
 * @param isHeld whether somebody had it when it was looked at
 * @param holder who took it last, in their own words
 */
public record StoreLock(Path file, boolean isHeld, String holder) {}
