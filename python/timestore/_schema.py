"""The file `schema.json`, and the cells of each SQL type."""

from __future__ import annotations

import json
import operator
import re
import struct
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Callable, List, Optional, Tuple, Union

from ._record import is_table_name
from .errors import CorruptStoreError, UnsupportedVersion

FORMAT_VERSION = 1
STEPS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
KEY_LIMIT = 1 << 64
_UTC_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LOCAL_EPOCH = datetime(1970, 1, 1)
_DATE_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000

# kind: width in bytes (None: variable), number of parameters, struct code of a cell
_KINDS = {
    "BOOLEAN": (1, 0, "B"),
    "TINYINT": (1, 0, "b"),
    "SMALLINT": (2, 0, "h"),
    "INT": (4, 0, "i"),
    "BIGINT": (8, 0, "q"),
    "FLOAT": (4, 0, "f"),
    "DOUBLE": (8, 0, "d"),
    "DECIMAL": (16, 2, None),
    "DATE": (4, 0, "i"),
    "TIME": (4, 1, "i"),
    "TIMESTAMP": (8, 1, "q"),
    "TIMESTAMP_LTZ": (8, 1, "q"),
    "INTERVAL YEAR TO MONTH": (4, 0, "i"),
    "INTERVAL DAY TO SECOND": (8, 0, "q"),
    "CHAR": (None, 1, None),
    "VARCHAR": (None, 1, None),
    "BINARY": (None, 1, None),
    "VARBINARY": (None, 1, None),
}
_TYPE = re.compile(r"([A-Z][A-Z_ ]*[A-Z])(?:\((\d+)(?:, ?(\d+))?\))?")


@dataclass(frozen=True)
class Type:
    """An SQL type, such as TIMESTAMP_LTZ(3)."""

    kind: str
    parameters: Tuple[int, ...] = ()

    @staticmethod
    def parse(text: str) -> Type:
        match = _TYPE.fullmatch(text)
        if match is None or match[1] not in _KINDS:
            raise ValueError(f"unknown type '{text}'")
        parameters = tuple(int(p) for p in match.groups()[1:] if p is not None)
        if len(parameters) != _KINDS[match[1]][1]:
            raise ValueError(f"type '{text}' does not have {_KINDS[match[1]][1]} parameters")
        if match[1].startswith("TIME") and parameters[0] > 9:
            raise ValueError(f"type '{text}' has more than 9 digits of a second")
        return Type(match[1], parameters)

    @property
    def width(self) -> Optional[int]:
        """Bytes of each cell; None where they vary."""
        return _KINDS[self.kind][0]

    @property
    def struct_code(self) -> Optional[str]:
        return _KINDS[self.kind][2]

    @property
    def unit(self) -> Optional[str]:
        """`s`, `ms`, `us` or `ns` of a timestamp's steps."""
        if self.kind not in ("TIMESTAMP", "TIMESTAMP_LTZ"):
            return None
        return ("s", "ms", "us", "ns")[(self.parameters[0] + 2) // 3]

    def __str__(self) -> str:
        if not self.parameters:
            return self.kind
        return f"{self.kind}({', '.join(map(str, self.parameters))})"


@dataclass(frozen=True)
class Column:
    """A column and the table (a directory) that holds its cells."""

    name: str
    table: str
    type: Type
    nullable: bool

    @property
    def may_be_absent(self) -> bool:
        """Whether a lane with rows may lack it: their cells are empty, NULL or no bytes."""
        return self.nullable or self.type == Type("VARBINARY", (2**31 - 1,))


@dataclass(frozen=True)
class Key:
    """What the 64-bit keys mean; `unit` is None where they are plain numbers."""

    name: str
    type: Type
    unit: Optional[str]

    def value(self, key: int) -> Union[int, datetime]:
        """What `Store.rows` shows for a stored key."""
        return key if self.unit in (None, "ns") else _to_datetime(key, self.type, self.unit)

    def bound(self, value: Union[int, datetime]) -> int:
        """The smallest stored key that is not before a value."""
        return self._position(value)[0]

    def exactly(self, value: Union[int, datetime]) -> Optional[int]:
        """The stored key of a value; None if no key can be equal to it."""
        key, exact = self._position(value)
        return key if exact and 0 <= key < KEY_LIMIT else None

    def _position(self, value: Union[int, datetime]) -> Tuple[int, bool]:
        if not isinstance(value, datetime):
            try:
                return operator.index(value), True
            except TypeError:
                raise TypeError(
                    f"key {self.name}: an int or a datetime expected, found {value!r}"
                ) from None
        if self.unit is None:
            raise TypeError(f"key {self.name} is {self.type}: an int expected, found {value!r}")
        aware = value.utcoffset() is not None
        if aware != (self.type.kind == "TIMESTAMP_LTZ"):
            raise TypeError(
                f"key {self.name} is {self.type}: a datetime "
                f"{'without' if aware else 'with'} a time zone expected, found {value!r}"
            )
        micros = (value - (_UTC_EPOCH if aware else _LOCAL_EPOCH)) // timedelta(microseconds=1)
        # Rounded up: a key at or after the value is one at or after the next step.
        steps, rest = divmod(-micros * STEPS_PER_SECOND[self.unit], 10**6)
        return -steps, rest == 0


def _to_datetime(steps: int, type_: Type, unit: str) -> datetime:
    epoch = _UTC_EPOCH if type_.kind == "TIMESTAMP_LTZ" else _LOCAL_EPOCH
    return epoch + timedelta(microseconds=steps * (10**6 // STEPS_PER_SECOND[unit]))


def _to_time(ms: int) -> time:
    if not 0 <= ms < _DAY_MS:
        raise CorruptStoreError(f"{ms} is no time of the day in ms")
    seconds, ms = divmod(ms, 1000)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, ms * 1000)


def _to_bool(byte: int) -> bool:
    if byte > 1:
        raise CorruptStoreError(f"0 or 1 expected, {byte} found")
    return byte == 1


def _to_text(cell: bytes) -> str:
    try:
        return str(cell, "utf-8")
    except UnicodeDecodeError as e:
        raise CorruptStoreError(f"no UTF-8: {e}") from e


def cell_decoder(column: Column) -> Callable[[bytes], Any]:
    """From one cell's bytes to its stored value: a number, text or bytes; NULL is None."""
    type_ = column.type
    if type_.width is None:
        to_value = _to_text if type_.kind in ("CHAR", "VARCHAR") else bytes
        if not column.nullable:
            return to_value

        def variable(cell: bytes) -> Any:
            if not cell:
                return None
            # Only FFs: the last one was added when it was written.
            if cell[-1] == 0xFF and cell.count(0xFF) == len(cell):
                cell = cell[:-1]
            return to_value(cell)

        return variable

    width = type_.width
    unpack = _unpacker(type_)

    def fixed(cell: bytes) -> Any:
        if len(cell) != width:
            if not cell and column.nullable:
                return None
            raise CorruptStoreError(f"a cell of {width} bytes expected, {len(cell)} found")
        return unpack(cell)

    return fixed


def _unpacker(type_: Type) -> Callable[[bytes], Any]:
    if type_.kind == "DECIMAL":
        scale = type_.parameters[1]
        return lambda cell: _to_decimal(int.from_bytes(cell, "little", signed=True), scale)
    unpack = struct.Struct("<" + str(type_.struct_code)).unpack
    if type_.kind == "BOOLEAN":
        return lambda cell: _to_bool(cell[0])
    return lambda cell: unpack(cell)[0]


def _to_decimal(unscaled: int, scale: int) -> Decimal:
    # From digits, not by arithmetic, which would round to the context's precision.
    sign = 1 if unscaled < 0 else 0
    return Decimal((sign, tuple(map(int, str(abs(unscaled)))), -scale))


def natural(type_: Type) -> Optional[Callable[[Any], Any]]:
    """From a stored value to what Python calls it; None where they are the same.

    Raises OverflowError or ValueError where Python's type can't hold it.
    """
    unit = type_.unit
    if unit is not None:
        return None if unit == "ns" else lambda steps: _to_datetime(steps, type_, unit)
    if type_.kind == "DATE":
        return lambda days: date.fromordinal(days + _DATE_EPOCH_ORDINAL)
    if type_.kind == "TIME":
        return _to_time
    if type_.kind == "INTERVAL DAY TO SECOND":
        return lambda ms: timedelta(milliseconds=ms)
    return None


@dataclass(frozen=True)
class Schema:
    store: Optional[uuid.UUID]
    key: Key
    columns: Tuple[Column, ...]


def of_tables(tables: List[str]) -> Schema:
    """The schema of a store without one: any number as key, any bytes as values."""
    name = "key"
    while name in tables:
        name = "_" + name
    any_bytes = Type("VARBINARY", (2**31 - 1,))
    return Schema(
        None,
        Key(name, Type("DECIMAL", (20, 0)), None),
        tuple(Column(table, table, any_bytes, False) for table in tables),
    )


def read(directory: Path) -> Optional[Schema]:
    """What `schema.json` says; None if there is none."""
    file = directory / "schema.json"
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _parse(json.loads(data.decode("utf-8")), file)
    except (ValueError, KeyError, TypeError) as e:
        what = f"no field {e}" if isinstance(e, KeyError) else str(e)
        raise CorruptStoreError(f"{file}: {what}") from e


def _field(of: Any, name: str, type_: type) -> Any:
    value = of[name]
    if not isinstance(value, type_) or (type_ is int and isinstance(value, bool)):
        raise ValueError(f"'{name}' is {value!r}, no {type_.__name__}")
    return value


def _parse(json_: Any, file: Path) -> Schema:
    version = _field(json_, "formatVersion", int)
    if version != FORMAT_VERSION:
        raise UnsupportedVersion(
            f"{file}: 'formatVersion' is {version}; this package knows {FORMAT_VERSION}"
        )
    key = _field(json_, "key", dict)
    key_name = _field(key, "name", str)
    key_type = Type.parse(_field(key, "type", str))
    unit = key.get("unit")
    if key_type.unit is not None:
        if unit not in STEPS_PER_SECOND:
            raise ValueError(f"key {key_name}: 'unit' is {unit!r}, not one of s, ms, us, ns")
    elif unit is not None or str(key_type) not in ("BIGINT", "DECIMAL(20, 0)"):
        raise ValueError(f"key {key_name}: {key_type} with the unit {unit!r} can't be a key")

    columns: List[Column] = []
    for json_column in _field(json_, "columns", list):
        name = _field(json_column, "name", str)
        table = _field(json_column, "table", str)
        if not is_table_name(table):
            raise ValueError(f"column {name}: '{table}' can't be the name of a table")
        if name == key_name or any(c.name == name or c.table == table for c in columns):
            raise ValueError(f"column {name}: its name or its table '{table}' comes twice")
        for what, known in (("encoding", "plain"), ("endianness", "little")):
            if _field(json_column, what, str) != known:
                raise UnsupportedVersion(
                    f"{file}: column {name}: '{what}' is '{json_column[what]}'; "
                    f"this package knows '{known}'"
                )
        try:
            type_ = Type.parse(_field(json_column, "type", str))
        except ValueError as e:
            raise UnsupportedVersion(f"{file}: column {name}: {e}") from e
        columns.append(Column(name, table, type_, _field(json_column, "nullable", bool)))
    return Schema(
        uuid.UUID(_field(json_, "uuid", str)), Key(key_name, key_type, unit), tuple(columns)
    )
