"""The file `length`: which rows are committed."""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from ._crc import crc32c
from .errors import CorruptStoreError, NotAStore, UnsupportedVersion

MAGIC = b"timestor"
VERSION = 1
_HEADER = struct.Struct(">Q8sII")
RESERVED_NAMES = frozenset(
    ["length", "new_length", "keys", "schema.json", "record", "commits", "lanes"]
)


def is_table_name(name: str) -> bool:
    return not (
        not name
        or "/" in name
        or "\0" in name
        or name.startswith(".")
        or name.endswith((".crc", ".lock", ".holder"))
        or name in RESERVED_NAMES
    )


@dataclass(frozen=True)
class LaneTable:
    """One table of a lane, as the record has it."""

    data_bytes: int
    offsets_crc: int
    data_crc: int


@dataclass(frozen=True)
class Lane:
    """One ordered run of rows; visible are those from `start` up to `end`."""

    number: int
    start: int
    end: int
    smallest_key: Optional[int]  # None: the record does not say
    largest_key: Optional[int]
    recorded_rows: int  # the CRCs cover so many rows
    keys_crc: int
    tables: Optional[Dict[str, LaneTable]]  # None: the record does not say


@dataclass(frozen=True)
class Length:
    """What one read of `length` says."""

    raw: bytes
    store: Optional[uuid.UUID]  # None: there is no record
    tables: Optional[Tuple[str, ...]]
    lanes: Tuple[Lane, ...]


class _Body:
    """The fields of a record, one after another; never reads past its end."""

    def __init__(self, file: Path, data: bytes, start: int, end: int) -> None:
        self.file = file
        self._data = data
        self._position = start
        self._end = end

    def take(self, size: int, field: str) -> bytes:
        if size > self._end - self._position:
            raise CorruptStoreError(
                f"{self.file}: byte {self._position}: the record ends inside '{field}': "
                f"{size} bytes expected, {self._end - self._position} found"
            )
        self._position += size
        return self._data[self._position - size : self._position]

    def number(self, size: int, field: str) -> int:
        return int.from_bytes(self.take(size, field), "big")

    def id(self, field: str) -> uuid.UUID:
        return uuid.UUID(bytes=self.take(16, field))

    def text(self, field: str) -> str:
        data = self.take(self.number(2, field), field)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as e:
            raise CorruptStoreError(
                f"{self.file}: byte {self._position - len(data)}: '{field}' is no UTF-8: {data!r}"
            ) from e

    def count(self, field: str) -> range:
        return range(self.number(4, field))

    def corrupt(self, what: str) -> CorruptStoreError:
        return CorruptStoreError(f"{self.file}: before byte {self._position}: {what}")

    def require_end(self) -> None:
        if self._position != self._end:
            raise self.corrupt(f"{self._end - self._position} bytes of the body are left over")


def _parse_lane(body: _Body, tables: List[str]) -> Lane:
    number = body.number(4, "lane number")
    state = body.number(1, "state")
    body.number(4, "generation")
    encoding = body.number(1, "encoding")
    if state > 2 or encoding != 0:
        raise UnsupportedVersion(
            f"{body.file}: lane {number} has the state {state} and the encoding {encoding}; "
            "this package knows the states 0 to 2 and the encoding 0"
        )
    kind = body.number(1, "owner kind")
    if kind > 2:
        raise body.corrupt(f"lane {number} has the owner kind {kind}; 0, 1 or 2 expected")
    body.id("owner")
    body.number(8, "base")
    start = body.number(8, "from")
    end = body.number(8, "rows")
    smallest = body.number(8, "smallest key")
    largest = body.number(8, "largest key")
    keys_crc = body.number(4, "CRC of keys")
    lane_tables: Dict[str, LaneTable] = {}
    for _ in body.count("lane's tables"):
        index = body.number(4, "index of a table's name")
        if index >= len(tables):
            raise body.corrupt(f"lane {number} names table {index} of {len(tables)}")
        if tables[index] in lane_tables:
            raise body.corrupt(f"lane {number} names table '{tables[index]}' twice")
        lane_tables[tables[index]] = LaneTable(
            body.number(8, "bytes of data"),
            body.number(4, "CRC of offsets"),
            body.number(4, "CRC of data"),
        )
    if start > end:
        raise body.corrupt(f"lane {number} begins at row {start}, behind its end {end}")
    if state == 2 and start != end:
        raise body.corrupt(
            f"lane {number} was emptied, but shows the rows from {start} to {end}"
        )
    if end >= 1 << 60:
        raise body.corrupt(f"lane {number} has {end} rows, more than a file can hold")
    if smallest > largest:
        raise body.corrupt(
            f"lane {number} has the smallest key {smallest} above its largest {largest}"
        )
    return Lane(number, start, end, smallest, largest, end, keys_crc, lane_tables)


def parse(file: Path, raw: bytes) -> Length:
    """What the bytes of a `length` (or of a `record`) say."""
    if len(raw) < 8:
        raise CorruptStoreError(f"{file}: 8 bytes or more expected, {len(raw)} found")
    first = int.from_bytes(raw[:8], "big")
    if raw[8:16] != MAGIC:
        if first >= 1 << 60:
            raise CorruptStoreError(f"{file}: byte 0: {first} rows are more than a file can hold")
        return Length(raw, None, None, (Lane(0, 0, first, None, None, 0, 0, None),))
    if len(raw) < _HEADER.size:
        raise CorruptStoreError(f"{file}: the record ends at byte {len(raw)}, inside its header")
    _, _, version, size = _HEADER.unpack_from(raw)
    if version != VERSION:
        raise UnsupportedVersion(
            f"{file}: byte 16: the record has version {version}; this package knows {VERSION}"
        )
    end = _HEADER.size + size
    if end + 4 > len(raw):
        raise CorruptStoreError(
            f"{file}: the record is {end + 4} bytes long by its header, the file {len(raw)}"
        )
    stored = int.from_bytes(raw[end : end + 4], "big")
    computed = crc32c(raw[:end])
    if stored != computed:
        raise CorruptStoreError(
            f"{file}: byte {end}: the record's CRC32C is {stored:08x}, "
            f"but its bytes have {computed:08x}"
        )

    body = _Body(file, raw, _HEADER.size, end)
    store = body.id("store")
    body.number(8, "revision")
    body.number(8, "commits")
    body.number(4, "next lane")
    tables = []
    for _ in body.count("tables"):
        name = body.text("table's name")
        if not is_table_name(name) or name in tables:
            raise body.corrupt(f"'{name}' can't be the name of a table, or comes twice")
        tables.append(name)
    lanes: List[Lane] = []
    for _ in body.count("lanes"):
        lane = _parse_lane(body, tables)
        if lanes and lane.number <= lanes[-1].number:
            raise body.corrupt(f"lane {lane.number} comes after lane {lanes[-1].number}")
        lanes.append(lane)
    for _ in body.count("tombstones"):
        body.number(4, "tombstone")
    for _ in body.count("lineages"):
        body.take(16 + 16 + 8, "lineage")
        for _ in body.count("lineage's submissions"):
            body.take(16 + 8, "submission")
    for _ in body.count("finished"):
        body.take(16, "finished submission")
    for _ in body.count("journal"):
        body.take(8 + 8 + 16 + 16 + 8 + 8, "journal entry")
        body.text("insert id")
        for _ in body.count("entry's lanes"):
            body.take(4 + 8 + 8, "entry's lane")
    body.require_end()

    if not lanes or lanes[0].number != 0:
        raise body.corrupt("lane 0 is missing")
    expected = lanes[0].end if lanes[0].start == 0 else 0
    if first != expected:
        raise CorruptStoreError(
            f"{file}: byte 0: {expected} rows of lane 0 expected, as the record says; {first} found"
        )
    return Length(raw, store, tuple(tables), tuple(lanes))


def read(directory: Path) -> Length:
    """The committed rows of a store, now."""
    while True:
        # One descriptor, read to its end, is one state: a commit renames a new file onto the name.
        raw = _read_length(directory)
        length = parse(directory / "length", raw)
        if length.tables is not None:
            return length
        # The crate wrote last, and says nothing but the rows of lane 0.
        file = directory / "record"
        try:
            record = parse(file, file.read_bytes())
        except FileNotFoundError:
            record = None
        if record is not None and record.tables is None:
            raise CorruptStoreError(f"{file}: byte 8: there is no record")
        # Two files were read: only if `length` is still the same do they belong together.
        if _read_length(directory) != raw:
            continue
        return length if record is None else _combine(file, length, record)


def _read_length(directory: Path) -> bytes:
    try:
        return (directory / "length").read_bytes()
    except (FileNotFoundError, NotADirectoryError) as e:
        raise NotAStore(f"{directory}: there is no store here: no file 'length'") from e


def _combine(file: Path, crate: Length, record: Length) -> Length:
    rows = crate.lanes[0].end
    before, *lanes = record.lanes
    if rows < before.end and before.start == 0:
        raise CorruptStoreError(
            f"{file}: lane 0 had {before.end} rows, but 'length' has {rows}: rows never get fewer"
        )
    tables = before.tables if before.end else None
    lane = Lane(0, before.start, rows, None, None, before.recorded_rows, before.keys_crc, tables)
    if before.start > rows:
        raise CorruptStoreError(
            f"{file}: lane 0 begins at row {before.start}, but 'length' has {rows} rows"
        )
    return Length(crate.raw, record.store, record.tables, (lane, *lanes))
