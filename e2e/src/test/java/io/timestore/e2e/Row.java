package io.timestore.e2e;

import java.util.List;

/**
 * A row that both sides must give back.
 *
 * @param key unsigned
 * @param values one for each table, in the order of {@link ExpectedRows#tables}
 */
record Row(long key, List<Value> values) {}
