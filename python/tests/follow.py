"""Follows a store while a writer commits to it; a process of the Java test PythonReaderTest.

Row r of the store has the key r // 2, `price` 31 r + 7, and `note` by r % 3: NULL, empty,
or "n" and r. Each commit adds whole batches. Prints the rows of each snapshot, fails at the
first that is wrong, and ends after so many snapshots that each held more than the one before.
"""

import sys
import time

import timestore

BATCH_ROWS = 100
SNAPSHOTS = 30


def check(store: timestore.Store, before: int) -> None:
    count = len(store)
    if count % BATCH_ROWS != 0 or count < before:
        raise AssertionError(f"{count} rows after {before}: not whole batches of {BATCH_ROWS}")
    expected = before
    for row in store.rows(from_=before // 2, verify=True):
        r = expected
        note = (None, "", f"n{r}")[r % 3]
        if row != {"k": r // 2, "price": 31 * r + 7, "note": note}:
            raise AssertionError(f"row {r} of {count} is {row}")
        expected += 1
    if expected != count:
        raise AssertionError(f"{expected} rows read, {count} are committed")


def main() -> None:
    path = sys.argv[1]
    store = None
    while store is None:
        try:
            store = timestore.open(path)
        except timestore.NotAStore:
            time.sleep(0.001)  # nobody tells when it is there
    before = 0
    seen = 0
    while seen < SNAPSHOTS:
        if seen % 2 == 0:
            store = timestore.open(path)
        elif not store.refresh():
            continue
        if len(store) == before:
            continue
        check(store, before)
        before = len(store)
        seen += 1
        print(before, flush=True)


if __name__ == "__main__":
    main()
