"""Columns as arrays over the files themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .errors import CorruptStoreError

if TYPE_CHECKING:
    from ._schema import Column
    from ._store import _LaneReader

try:
    import numpy
except ImportError as e:
    raise ImportError("column() and key_array() need NumPy: pip install numpy") from e


def keys(reader: Optional[_LaneReader]) -> Any:
    if reader is None:
        return numpy.empty(0, ">u8")
    lane = reader.lane
    return _map(reader.keys_file.path, ">u8", lane.start, lane.end)


def column(reader: Optional[_LaneReader], column: Column, datetime64: bool) -> Any:
    type_ = column.type
    width = type_.width
    if column.nullable or width is None:
        raise ValueError(
            f"column {column.name} is {type_}{'' if column.nullable else ' NOT NULL'}: only a "
            "NOT NULL column of fixed width is an array on disk; use rows() or to_arrow()"
        )
    if type_.kind == "BOOLEAN":
        dtype: Any = "?"
    elif type_.kind == "DECIMAL":
        dtype = [("low", "<u8"), ("high", "<i8")]
    else:
        dtype = f"<f{width}" if type_.kind in ("FLOAT", "DOUBLE") else f"<i{width}"
    if datetime64:
        if type_.unit is not None:
            dtype = f"<M8[{type_.unit}]"
        elif type_.kind == "INTERVAL DAY TO SECOND":
            dtype = "<m8[ms]"
        else:
            raise ValueError(f"column {column.name} is {type_}, no timestamp")
    if reader is None:
        return numpy.empty(0, dtype)
    lane = reader.lane
    reader.has(column)
    offsets = reader.offsets_file(column.table)
    for row in {lane.start - 1, lane.end - 1} - {-1}:
        found = offsets.numbers(row, row + 1)[0]
        if found != width * (row + 1):
            raise CorruptStoreError(
                f"{offsets.path}: row {row}: offset {width * (row + 1)} expected, {found} found"
            )
    return _map(reader.data_file(column.table).path, dtype, lane.start, lane.end)


def _map(path: Any, dtype: Any, start: int, end: int) -> Any:
    dtype = numpy.dtype(dtype)
    return numpy.memmap(path, dtype, "r", offset=start * dtype.itemsize, shape=(end - start,))
