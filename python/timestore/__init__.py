"""Reads timestore directories: append-only tables of rows in key order.

>>> import timestore
>>> store = timestore.open("/data/ticks")           # doctest: +SKIP
>>> for row in store.rows(from_=1385337600000):     # doctest: +SKIP
...     print(row)
"""

from __future__ import annotations

import os
from typing import Union

from ._schema import Column, Key, Type
from ._store import Snapshot, Store
from .errors import (
    CorruptStoreError,
    NotAStore,
    RowsReplaced,
    StoreError,
    UnsupportedVersion,
)

__all__ = [
    "Column",
    "CorruptStoreError",
    "Key",
    "NotAStore",
    "RowsReplaced",
    "Snapshot",
    "Store",
    "StoreError",
    "Type",
    "UnsupportedVersion",
    "open",
]


def open(path: Union[str, "os.PathLike[str]"]) -> Store:
    """Opens a store for reading; a writer may be at work on it.

    Raises NotAStore, CorruptStoreError or UnsupportedVersion.
    """
    return Store(path)
