"""Prints rows of a store: a line each, values parted by tabs."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from datetime import datetime, timezone
from typing import Any, Optional, Union

import timestore


def _bound(key: timestore.Key, text: Optional[str]) -> Union[int, datetime, None]:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
    if key.type.kind == "TIMESTAMP_LTZ" and moment.tzinfo is None:
        return moment.replace(tzinfo=timezone.utc)
    return moment


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return str(value)


def main() -> int:
    parser = argparse.ArgumentParser("python -m timestore", description=__doc__)
    parser.add_argument("directory")
    parser.add_argument(
        "--from", dest="from_", metavar="KEY", help="a number or an ISO date and time (UTC)"
    )
    parser.add_argument("--to", metavar="KEY", help="likewise; rows before it")
    parser.add_argument("--head", type=int, metavar="N", help="no more than N rows")
    arguments = parser.parse_args()
    try:
        store = timestore.open(arguments.directory)
        from_, to = (_bound(store.key, text) for text in (arguments.from_, arguments.to))
        print("\t".join([store.key.name, *(column.name for column in store.columns)]))
        for row in itertools.islice(store.rows(from_, to), arguments.head):
            print("\t".join(map(_text, row.values())))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except timestore.StoreError as e:
        print(e, file=sys.stderr)
        return 1
    except (OSError, TypeError, ValueError) as e:
        print(e, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
