package io.timestore.benchmarks;

/**
 * What a job took.
 *
 * @param seconds from the statement on, planning included
 * @param cpuSeconds of all threads of this process, those of compiler and garbage collector too
 */
record Elapsed(double seconds, double cpuSeconds) {}
