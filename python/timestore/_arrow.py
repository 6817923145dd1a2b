"""Rows as a pyarrow.Table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from ._schema import Column, Key, Type
    from ._store import _Batch, _LaneReader

try:
    import pyarrow
except ImportError as e:
    raise ImportError("to_arrow() needs pyarrow: pip install pyarrow") from e

_PLAIN = {
    "BOOLEAN": pyarrow.bool_(),
    "TINYINT": pyarrow.int8(),
    "SMALLINT": pyarrow.int16(),
    "INT": pyarrow.int32(),
    "BIGINT": pyarrow.int64(),
    "FLOAT": pyarrow.float32(),
    "DOUBLE": pyarrow.float64(),
    "DATE": pyarrow.date32(),
    "TIME": pyarrow.time32("ms"),
    "INTERVAL YEAR TO MONTH": pyarrow.int32(),
    "INTERVAL DAY TO SECOND": pyarrow.duration("ms"),
    "CHAR": pyarrow.string(),
    "VARCHAR": pyarrow.string(),
    "BINARY": pyarrow.binary(),
    "VARBINARY": pyarrow.binary(),
}


def _arrow_type(type_: Type, unit: Optional[str]) -> Any:
    if unit is not None:
        return pyarrow.timestamp(unit, "UTC" if type_.kind == "TIMESTAMP_LTZ" else None)
    if type_.kind == "DECIMAL":
        return pyarrow.decimal128(*type_.parameters)
    return _PLAIN[type_.kind]


def _key_type(key: Key) -> Any:
    # The range of all keys, which 128 bits would only make slower.
    return pyarrow.uint64() if key.type.kind == "DECIMAL" else _arrow_type(key.type, key.unit)


def _schema(key: Key, selected: Sequence[Optional[Column]]) -> Any:
    return pyarrow.schema(
        (
            pyarrow.field(key.name, _key_type(key), nullable=False)
            if column is None
            else pyarrow.field(
                column.name, _arrow_type(column.type, column.type.unit), column.nullable
            )
        )
        for column in selected
    )


def _keys(key: Key, batch: _Batch) -> Any:
    type_ = _key_type(key)
    if type_ != pyarrow.uint64() and batch.keys[-1] >= 1 << 63:
        raise ValueError(
            f"{batch.lane.directory / 'keys'}: key {batch.keys[-1]}, in the rows from "
            f"{batch.first_row} on, is above the largest {type_}; select columns without the key"
        )
    return pyarrow.array(batch.keys, type_)


def table(
    key: Key,
    selected: Sequence[Optional[Column]],
    ranges: List[List[Tuple[_LaneReader, int, int]]],
    verify: bool,
) -> Any:
    from ._store import _Decoder

    schema = _schema(key, selected)
    columns = [column for column in selected if column is not None]
    decoders = [_Decoder(column, True) for column in columns]
    groups = []
    for group in ranges:
        batches = []
        keys: List[int] = []
        for reader, start, end in group:
            if verify:
                reader.verify(columns)
            for batch in reader.batches(start, end, columns):
                if len(group) > 1:
                    keys.extend(batch.keys)
                arrays = iter(
                    [
                        pyarrow.array(
                            decoder.values(batch, i), schema.field(decoder.column.name).type
                        )
                        for i, decoder in enumerate(decoders)
                    ]
                )
                batches.append(
                    pyarrow.RecordBatch.from_arrays(
                        [_keys(key, batch) if c is None else next(arrays) for c in selected],
                        schema=schema,
                    )
                )
        rows = pyarrow.Table.from_batches(batches, schema)
        if len(group) > 1:
            # Python's sort is stable, so that lower lanes, which stand first, stay first.
            order = sorted(range(len(keys)), key=keys.__getitem__)
            rows = rows.take(pyarrow.array(order, pyarrow.int64()))
        groups.append(rows)
    return pyarrow.concat_tables(groups) if groups else schema.empty_table()
