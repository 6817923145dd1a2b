"""Snapshots of a store, and the reading of rows."""

from __future__ import annotations

import heapq
import os
import struct
import uuid
from bisect import bisect_left, bisect_right
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Type, Union

from . import _record, _schema
from ._crc import crc32c
from ._record import Lane, Length
from ._schema import KEY_LIMIT, Column, Key, Schema
from .errors import CorruptStoreError, NotAStore, RowsReplaced

CHUNK = 524_288
_BATCH_ROWS = 8192
_BATCH_BYTES = 4 << 20  # of one column; a batch is cut shorter where cells are large
_PROBE_ROWS = 512  # a search reads so many keys at once at its end

KeyBound = Union[int, datetime, None]


class _File:
    """The committed bytes of one file."""

    def __init__(self, path: Path, committed: int) -> None:
        self.path = path
        self.committed = committed
        self._fd = -1
        self._fd = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        size = os.fstat(self._fd).st_size
        if size < committed:
            raise CorruptStoreError(f"{path}: {committed} committed bytes expected, {size} found")

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def read(self, start: int, end: int) -> bytes:
        parts = []
        while start < end:
            part = os.pread(self._fd, end - start, start)
            if not part:
                raise CorruptStoreError(f"{self.path}: the file ends at byte {start}, below {end}")
            parts.append(part)
            start += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def numbers(self, start: int, end: int) -> Tuple[int, ...]:
        """Numbers `start` to `end` of an array of big-endian u64."""
        return struct.unpack(f">{end - start}Q", self.read(8 * start, 8 * end))

    def verify(self, committed: int, crc: int) -> None:
        """Checks the last, partial chunk; 0 means that its CRC is not known."""
        start = committed - committed % CHUNK
        if crc == 0 or start == committed:
            return
        found = crc32c(self.read(start, committed))
        if found != crc:
            raise CorruptStoreError(
                f"{self.path}: bytes {start} to {committed} have the CRC32C {found:08x}, "
                f"the record says {crc:08x}"
            )


class _Cells(NamedTuple):
    """The cells of one column in a batch of rows."""

    ends: Sequence[int]  # one more than rows: the first is where the first cell begins
    data: bytes  # from ends[0] to ends[-1]


class _Batch(NamedTuple):
    lane: "_LaneReader"
    first_row: int
    keys: Tuple[int, ...]
    cells: List[Optional[_Cells]]  # None: the lane lacks the column


class _LaneReader:
    """The visible rows of one lane."""

    def __init__(self, snapshot: Snapshot, lane: Lane) -> None:
        self.lane = lane
        self.number = lane.number
        self._snapshot = snapshot
        path = snapshot.path
        self.directory = path if lane.number == 0 else path / "lanes" / f"{lane.number:05d}"
        self._files: Dict[str, _File] = {}
        self._smallest = lane.smallest_key
        self._largest = lane.largest_key

    def _open(self, name: str, committed: int) -> _File:
        file = self._files.get(name)
        if file is None:
            path = self.directory / name
            try:
                file = _File(path, committed)
            except FileNotFoundError as e:
                if _record.read(self._snapshot.path).raw != self._snapshot._length.raw:
                    raise RowsReplaced(
                        f"{path} is gone: the rows were replaced; refresh the store"
                    ) from e
                raise CorruptStoreError(f"{path}: a file expected, nothing found") from e
            self._files[name] = file
        return file

    @property
    def keys_file(self) -> _File:
        """Opened and held against the record once."""
        if "keys" in self._files:
            return self._files["keys"]
        lane = self.lane
        file = self._open("keys", 8 * lane.end)
        ends = [(lane.start, self._smallest), (lane.end - 1, self._largest)]
        found = [file.numbers(row, row + 1)[0] for row, _ in ends]
        for key, (row, recorded) in zip(found, ends):
            if recorded is not None and key != recorded:
                del self._files["keys"]
                raise CorruptStoreError(
                    f"{file.path}: row {row}: key {recorded} expected, "
                    f"as the record says; {key} found"
                )
        self._smallest, self._largest = found
        return file

    @property
    def smallest(self) -> int:
        if self._smallest is None:
            self.keys_file
        return self._smallest  # type: ignore[return-value]

    @property
    def largest(self) -> int:
        if self._largest is None:
            self.keys_file
        return self._largest  # type: ignore[return-value]

    def row_at_or_after(self, key: int) -> int:
        """The first visible row whose key is not below a key."""
        if key <= self.smallest:
            return self.lane.start
        if key > self.largest:
            return self.lane.end
        file = self.keys_file
        low, high = self.lane.start, self.lane.end
        while high - low > _PROBE_ROWS:
            middle = (low + high) // 2
            if file.numbers(middle, middle + 1)[0] < key:
                low = middle + 1
            else:
                high = middle
        return low + bisect_left(self._keys(low, high, None), key)

    def has(self, column: Column) -> bool:
        lane = self.lane
        if lane.tables is None:
            found = (self.directory / column.table).is_dir()
        else:
            found = column.table in lane.tables
        if not found and not column.may_be_absent:
            raise CorruptStoreError(
                f"{self.directory}: column {column.name} is NOT NULL, but lane {lane.number} "
                f"has no table '{column.table}'"
            )
        return found

    def offsets_file(self, table: str) -> _File:
        return self._open(f"{table}/offsets", 8 * self.lane.end)

    def data_file(self, table: str) -> _File:
        name = f"{table}/data"
        if name in self._files:
            return self._files[name]
        lane = self.lane
        offsets = self.offsets_file(table)
        size = offsets.numbers(lane.end - 1, lane.end)[0]
        recorded = None if lane.tables is None else lane.tables[table].data_bytes
        if recorded is not None and (
            size < recorded or (size != recorded and lane.end == lane.recorded_rows)
        ):
            raise CorruptStoreError(
                f"{offsets.path}: row {lane.end - 1}: offset {recorded} expected, "
                f"as the record says; {size} found"
            )
        return self._open(name, size)

    def verify(self, columns: Sequence[Column]) -> None:
        """Checks the partial chunks of the keys and of some columns."""
        lane = self.lane
        self.keys_file.verify(8 * lane.recorded_rows, lane.keys_crc)
        for column in columns:
            if lane.tables is not None and self.has(column):
                table = lane.tables[column.table]
                offsets = self.offsets_file(column.table)
                offsets.verify(8 * lane.recorded_rows, table.offsets_crc)
                self.data_file(column.table).verify(table.data_bytes, table.data_crc)

    def batches(self, start: int, end: int, columns: Sequence[Column]) -> Iterator[_Batch]:
        """Rows in pieces of bounded size, their order and offsets checked."""
        present = [column if self.has(column) else None for column in columns]
        last_key = self.keys_file.numbers(start - 1, start)[0] if start > self.lane.start else None
        while start < end:
            stop = min(end, start + _BATCH_ROWS)
            ends = [None if c is None else self._ends(c.table, start, stop) for c in present]
            rows = stop - start
            for e in ends:
                if e is not None and e[rows] - e[0] > _BATCH_BYTES:
                    rows = max(1, bisect_right(e, e[0] + _BATCH_BYTES, 0, rows + 1) - 1)
            stop = start + rows
            keys = self._keys(start, stop, last_key)
            cells: List[Optional[_Cells]] = []
            for column, e in zip(columns, ends):
                if e is None:
                    cells.append(None if column.nullable else _Cells((0,) * (rows + 1), b""))
                else:
                    data = self.data_file(column.table).read(e[0], e[rows])
                    cells.append(_Cells(e[: rows + 1], data))
            yield _Batch(self, start, keys, cells)
            last_key = keys[-1]
            start = stop

    def _keys(self, start: int, stop: int, last: Optional[int]) -> Tuple[int, ...]:
        keys = self.keys_file.numbers(start, stop)
        row = _falls(keys)
        if row is None and last is not None and keys[0] < last:
            row = 0
        if row is not None:
            before = keys[row - 1] if row > 0 else last
            raise CorruptStoreError(
                f"{self.keys_file.path}: row {start + row}: key {keys[row]} is below "
                f"the previous {before}"
            )
        return keys

    def _ends(self, table: str, start: int, stop: int) -> Tuple[int, ...]:
        file = self.offsets_file(table)
        ends = (0, *file.numbers(0, stop)) if start == 0 else file.numbers(start - 1, stop)
        row = _falls(ends)
        if row is not None:
            raise CorruptStoreError(
                f"{file.path}: row {start + row - 1}: offset {ends[row]} is below "
                f"the previous {ends[row - 1]}"
            )
        committed = self.data_file(table).committed
        if ends[-1] > committed:
            row = bisect_right(ends, committed)
            raise CorruptStoreError(
                f"{file.path}: row {start + row - 1}: offset {ends[row]} is behind "
                f"the {committed} committed bytes of {self.data_file(table).path}"
            )
        return ends


def _falls(numbers: Sequence[int]) -> Optional[int]:
    """The index of the first number that is below the one before it."""
    if list(numbers) == sorted(numbers):  # far faster than a loop where all is well
        return None
    return next(i for i in range(1, len(numbers)) if numbers[i] < numbers[i - 1])


class _Decoder:
    """From the cells of one column to values."""

    def __init__(self, column: Column, raw: bool) -> None:
        self.column = column
        self._cell = _schema.cell_decoder(column)
        self._natural = None if raw else _schema.natural(column.type)
        self._plain_code = None if column.nullable else column.type.struct_code
        if column.type.kind == "BOOLEAN":
            self._plain_code = None  # which byte is wrong has to be found out

    def values(self, batch: _Batch, index: int) -> List[Any]:
        cells = batch.cells[index]
        rows = len(batch.keys)
        if cells is None:
            return [None] * rows
        ends, data = cells
        width = self.column.type.width or 0
        values: List[Any]
        first = ends[0]
        if self._plain_code is not None and ends == tuple(
            range(first, first + (rows + 1) * width, width)
        ):
            values = list(struct.unpack(f"<{rows}{self._plain_code}", data))
        else:
            values = []
            decode = self._cell
            start = first
            try:
                for end in ends[1:]:
                    values.append(decode(data[start - first : end - first]))
                    start = end
            except CorruptStoreError as e:
                raise self._at(batch, len(values), e, CorruptStoreError) from e
        if self._natural is None:
            return values
        natural = self._natural
        result: List[Any] = []
        try:
            for value in values:
                result.append(None if value is None else natural(value))
        except CorruptStoreError as e:
            raise self._at(batch, len(result), e, CorruptStoreError) from e
        except (OverflowError, ValueError) as e:
            what = (
                f"{values[len(result)]} can't be a Python value ({e}); raw=True shows it as it is"
            )
            raise self._at(batch, len(result), what, ValueError) from e
        return result

    def _at(self, batch: _Batch, index: int, what: object, error: Type[Exception]) -> Exception:
        file = batch.lane.directory / self.column.table / "data"
        return error(f"{file}: column {self.column.name}: row {batch.first_row + index}: {what}")


class Snapshot:
    """The rows that were committed when `length` was read once; they never change.

    Files are opened when they are needed. If somebody has replaced the rows and
    removed a file by then, RowsReplaced is raised.
    """

    def __init__(self, path: Path, schema: Optional[Schema], length: Length) -> None:
        self.path = path
        self._length = length
        if schema is None and length.store is not None:
            raise CorruptStoreError(
                f"{path / 'schema.json'}: a file expected, because {path / 'length'} is of "
                f"store {length.store}; nothing found"
            )
        if schema is None:
            schema = _schema.of_tables(_listed_tables(path))
        elif length.store is not None and length.store != schema.store:
            raise CorruptStoreError(
                f"{path / 'length'}: the record is of store {length.store}, "
                f"schema.json of {schema.store}"
            )
        self._schema = schema
        self._lanes = [_LaneReader(self, lane) for lane in length.lanes if lane.start < lane.end]

    @property
    def uuid(self) -> Optional[uuid.UUID]:
        """The store's UUID; None where only the Rust crate has written."""
        return self._schema.store

    @property
    def key(self) -> Key:
        """Name, type and unit of the keys."""
        return self._schema.key

    @property
    def columns(self) -> Tuple[Column, ...]:
        """The columns without the key."""
        return self._schema.columns

    def __len__(self) -> int:
        return sum(reader.lane.end - reader.lane.start for reader in self._lanes)

    def rows(
        self,
        from_: KeyBound = None,
        to: KeyBound = None,
        columns: Optional[Sequence[str]] = None,
        *,
        verify: bool = False,
        raw: bool = False,
    ) -> Iterator[Dict[str, Any]]:
        """The rows whose keys are at or after `from_` and before `to`, in key order.

        A bound is a raw key, or for a timestamp key a datetime: with a time zone for
        TIMESTAMP_LTZ, without for TIMESTAMP. Each row is a dict of the columns named, by
        default of all, the key first.

        `verify` checks the CRCs of the last chunks of the files before rows are read from
        them. `raw` leaves dates, times, intervals, timestamps and keys the integers that are
        stored; timestamps in ns are always so, since a datetime can't hold them.
        """
        selected = self._select(columns)
        ranges = self._ranges(from_, to)
        return self._rows(ranges, selected, verify, raw)

    def _rows(
        self,
        ranges: List[List[Tuple[_LaneReader, int, int]]],
        selected: List[Optional[Column]],
        verify: bool,
        raw: bool,
    ) -> Iterator[Dict[str, Any]]:
        names = [self.key.name if c is None else c.name for c in selected]
        for group in ranges:
            runs = [self._run(*range_, selected, verify, raw) for range_ in group]
            rows = runs[0] if len(runs) == 1 else heapq.merge(*runs, key=itemgetter(0))
            for _, values in rows:
                yield dict(zip(names, values))

    def _run(
        self,
        reader: _LaneReader,
        start: int,
        end: int,
        selected: List[Optional[Column]],
        verify: bool,
        raw: bool,
    ) -> Iterator[Tuple[int, Tuple[Any, ...]]]:
        columns = [c for c in selected if c is not None]
        if verify:
            reader.verify(columns)
        decoders = [_Decoder(column, raw) for column in columns]
        for batch in reader.batches(start, end, columns):
            values = [decoder.values(batch, i) for i, decoder in enumerate(decoders)]
            if None in selected:
                keys = batch.keys if raw else self._key_values(batch)
                values.insert(selected.index(None), list(keys))
            yield from zip(batch.keys, zip(*values) if values else [()] * len(batch.keys))

    def _key_values(self, batch: _Batch) -> List[Any]:
        values: List[Any] = []
        try:
            for key in batch.keys:
                values.append(self.key.value(key))
        except OverflowError as e:
            raise ValueError(
                f"{batch.lane.directory / 'keys'}: row {batch.first_row + len(values)}: key "
                f"{batch.keys[len(values)]} can't be a datetime; raw=True shows it as it is"
            ) from e
        return values

    def keys(self, from_: KeyBound = None, to: KeyBound = None) -> Iterator[int]:
        """The keys as they are stored, in order; bounds as for rows."""
        ranges = self._ranges(from_, to)
        return self._keys(ranges)

    def _keys(self, ranges: List[List[Tuple[_LaneReader, int, int]]]) -> Iterator[int]:
        for group in ranges:
            yield from heapq.merge(
                *(
                    (key for batch in reader.batches(start, end, ()) for key in batch.keys)
                    for reader, start, end in group
                )
            )

    def read(self, column: str, key: Union[int, datetime], *, raw: bool = False) -> List[Any]:
        """The values of a column in all rows of a key, in order."""
        selected = self._select([column])
        exact = self.key.exactly(key)
        if exact is None:
            return []
        ranges = self._ranges(exact, exact + 1)
        return [row[column] for row in self._rows(ranges, selected, False, raw)]

    def column(self, name: str, *, datetime64: bool = False) -> Any:
        """The visible cells of a column as a numpy.memmap, nothing copied.

        For a NOT NULL column of fixed width, where one lane holds all rows. Timestamps and
        INTERVAL DAY are int64, or with `datetime64` datetime64 and timedelta64 in their unit; a
        DECIMAL is a pair of its `low` u64 and its `high` i64. Cells are not checked.
        """
        from . import _numpy

        (selected,) = self._select([name])
        if selected is None:
            raise ValueError(f"'{name}' is the key: key_array() maps it")
        return _numpy.column(self._one_lane(), selected, datetime64)

    def key_array(self) -> Any:
        """The visible keys as a numpy.memmap of big-endian u64, where one lane holds all rows."""
        from . import _numpy

        return _numpy.keys(self._one_lane())

    def to_arrow(
        self,
        from_: KeyBound = None,
        to: KeyBound = None,
        columns: Optional[Sequence[str]] = None,
        *,
        verify: bool = False,
    ) -> Any:
        """A pyarrow.Table of the rows that `rows` would give.

        A DECIMAL(20, 0) key is uint64; INTERVAL YEAR is int32, in months.
        """
        from . import _arrow

        selected = self._select(columns)
        return _arrow.table(self.key, selected, self._ranges(from_, to), verify)

    def _one_lane(self) -> Optional[_LaneReader]:
        if len(self._lanes) > 1:
            raise ValueError(
                f"{self.path}: {len(self._lanes)} lanes hold the rows, so that no array "
                "on disk is in key order; use rows() or to_arrow()"
            )
        return self._lanes[0] if self._lanes else None

    def _select(self, names: Optional[Sequence[str]]) -> List[Optional[Column]]:
        """The columns of some names; None is the key."""
        if names is None:
            return [None, *self.columns]
        if isinstance(names, str):
            raise TypeError(f"a list of names expected, found the string '{names}'")
        by_name: Dict[str, Optional[Column]] = {c.name: c for c in self.columns}
        by_name[self.key.name] = None
        for name in names:
            if name not in by_name:
                raise KeyError(f"no column '{name}'; there are {', '.join(by_name)}")
        if len(set(names)) < len(names):
            raise ValueError(f"a column is named twice in {list(names)}")
        return [by_name[name] for name in names]

    def _ranges(self, from_: KeyBound, to: KeyBound) -> List[List[Tuple[_LaneReader, int, int]]]:
        """Ranges of rows to read one group after another; within a group they have to be merged."""
        low = 0 if from_ is None else self.key.bound(from_)
        high = KEY_LIMIT if to is None else self.key.bound(to)
        readers = [r for r in self._lanes if r.smallest < high and r.largest >= low]
        readers.sort(key=lambda r: (r.smallest, r.largest, r.number))
        groups: List[List[Tuple[_LaneReader, int, int]]] = []
        last: Tuple[int, int] = (-1, -1)  # largest key so far, and the highest lane that has it
        for reader in readers:
            range_ = reader, reader.row_at_or_after(low), reader.row_at_or_after(high)
            if range_[1] >= range_[2]:
                continue
            if (reader.smallest, reader.number) > last:
                groups.append([range_])
            else:
                groups[-1].append(range_)
            last = max(last, (reader.largest, reader.number))
        for group in groups:
            group.sort(key=lambda range_: range_[0].number)  # who comes first at equal keys
        return groups


def _listed_tables(directory: Path) -> List[str]:
    """The tables of a store of the Rust crate: its directories of `offsets` and `data`."""
    return sorted(
        entry.name
        for entry in directory.iterdir()
        if _record.is_table_name(entry.name)
        and (entry / "offsets").is_file()
        and (entry / "data").is_file()
    )


class Store:
    """A store, and the rows that were committed when it was opened or refreshed last.

    It takes no locks, and a writer may be at work: every reading method sees one
    snapshot. Has all methods of Snapshot.
    """

    def __init__(self, path: Union[str, "os.PathLike[str]"]) -> None:
        self.path = Path(path)
        self._snapshot = self.snapshot()

    def snapshot(self) -> Snapshot:
        """The rows that are committed now; later commits don't change it."""
        if not self.path.is_dir():
            found = "is a file" if self.path.exists() else "no such directory"
            raise NotAStore(f"{self.path}: {found}")
        length = _record.read(self.path)
        # Read after `length`: a schema is there before the first record that needs it.
        return Snapshot(self.path, _schema.read(self.path), length)

    def refresh(self) -> bool:
        """Moves on to the rows that are committed now; whether anything was committed since."""
        snapshot = self.snapshot()
        changed = snapshot._length.raw != self._snapshot._length.raw
        if changed:
            self._snapshot = snapshot
        return changed

    @property
    def uuid(self) -> Optional[uuid.UUID]:
        """The store's UUID; None where only the Rust crate has written."""
        return self._snapshot.uuid

    @property
    def key(self) -> Key:
        """Name, type and unit of the keys."""
        return self._snapshot.key

    @property
    def columns(self) -> Tuple[Column, ...]:
        """The columns without the key."""
        return self._snapshot.columns

    def __len__(self) -> int:
        return len(self._snapshot)

    def rows(
        self,
        from_: KeyBound = None,
        to: KeyBound = None,
        columns: Optional[Sequence[str]] = None,
        *,
        verify: bool = False,
        raw: bool = False,
    ) -> Iterator[Dict[str, Any]]:
        """See Snapshot.rows."""
        return self._snapshot.rows(from_, to, columns, verify=verify, raw=raw)

    def keys(self, from_: KeyBound = None, to: KeyBound = None) -> Iterator[int]:
        """See Snapshot.keys."""
        return self._snapshot.keys(from_, to)

    def read(self, column: str, key: Union[int, datetime], *, raw: bool = False) -> List[Any]:
        """See Snapshot.read."""
        return self._snapshot.read(column, key, raw=raw)

    def column(self, name: str, *, datetime64: bool = False) -> Any:
        """See Snapshot.column."""
        return self._snapshot.column(name, datetime64=datetime64)

    def key_array(self) -> Any:
        """See Snapshot.key_array."""
        return self._snapshot.key_array()

    def to_arrow(
        self,
        from_: KeyBound = None,
        to: KeyBound = None,
        columns: Optional[Sequence[str]] = None,
        *,
        verify: bool = False,
    ) -> Any:
        """See Snapshot.to_arrow."""
        return self._snapshot.to_arrow(from_, to, columns, verify=verify)
