"""A tiny writer, made from docs/format.md and from nothing of the package under test."""

from __future__ import annotations

import binascii
import json
import struct
import uuid
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

CHUNK = 524288
ID = uuid.UUID("3f2d6c1e-6c0f-4f57-9a3c-0d5f6f6f2b11")
NO_ID = bytes(16)


def crc32c(data: bytes) -> int:
    """Bit by bit, another way than the package's."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 * (crc & 1))
    return ~crc & 0xFFFFFFFF


def last_chunk_crc(data: bytes) -> int:
    return crc32c(data[len(data) - len(data) % CHUNK :])


class LaneOf:
    """Rows of one lane: keys, and the cells of each table."""

    def __init__(
        self,
        keys: Sequence[int],
        tables: Dict[str, Sequence[bytes]],
        number: int = 0,
        start: int = 0,
        encoding: int = 0,
        state: int = 0,
    ) -> None:
        self.number = number
        self.start = start
        self.encoding = encoding
        self.state = state
        self.key_list = list(keys)
        self.keys = struct.pack(f">{len(keys)}Q", *keys)
        self.tables: Dict[str, Tuple[bytes, bytes]] = {}
        for name, cells in tables.items():
            assert len(cells) == len(keys)
            ends, end = [], 0
            for cell in cells:
                end += len(cell)
                ends.append(end)
            self.tables[name] = struct.pack(f">{len(ends)}Q", *ends), b"".join(cells)

    def record(self, names: List[str]) -> bytes:
        visible = self.key_list[self.start :]
        tables = b"".join(
            struct.pack(
                ">IQII", names.index(name), len(data), last_chunk_crc(offsets), last_chunk_crc(data)
            )
            for name, (offsets, data) in self.tables.items()
        )
        return (
            struct.pack(">IBIB", self.number, self.state, 0, self.encoding)
            + b"\0"
            + NO_ID
            + struct.pack(">QQQ", 0, self.start, len(self.key_list))
            + struct.pack(">QQ", min(visible, default=0), max(visible, default=0))
            + struct.pack(">I", last_chunk_crc(self.keys))
            + struct.pack(">I", len(self.tables))
            + tables
        )

    def write(self, store: Path) -> None:
        directory = store if self.number == 0 else store / "lanes" / f"{self.number:05}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "keys").write_bytes(self.keys + b"\0" * 100)
        for name, (offsets, data) in self.tables.items():
            (directory / name).mkdir(exist_ok=True)
            (directory / name / "offsets").write_bytes(offsets + b"\0" * 100)
            (directory / name / "data").write_bytes(data + b"\0" * 100)


def record(lanes: Sequence[LaneOf], version: int = 1, store: uuid.UUID = ID) -> bytes:
    names = sorted({name for lane in lanes for name in lane.tables})
    body = store.bytes + struct.pack(">QQI", 0, 1, max(lane.number for lane in lanes) + 1)
    body += struct.pack(">I", len(names))
    for name in names:
        encoded = name.encode()
        body += struct.pack(">H", len(encoded)) + encoded
    body += struct.pack(">I", len(lanes)) + b"".join(lane.record(names) for lane in lanes)
    body += struct.pack(">II", 1, 77)  # a tombstone
    lineage, submission = uuid.uuid4().bytes, uuid.uuid4().bytes
    body += struct.pack(">I", 1) + lineage + submission + struct.pack(">q", -1)
    body += struct.pack(">I", 1) + submission + struct.pack(">q", 2**63 - 1)
    body += struct.pack(">I", 1) + submission
    body += struct.pack(">IQQ", 1, 0, 1700000000000) + lineage + submission
    body += struct.pack(">qq", 1, -(2**63)) + struct.pack(">H", 2) + "é".encode()
    body += struct.pack(">IIQQ", 1, 0, 0, len(lanes[0].key_list))
    own = [lane for lane in lanes if lane.number == 0]
    rows = len(own[0].key_list) if own and own[0].start == 0 else 0
    head = struct.pack(">Q8sII", rows, b"timestor", version, len(body)) + body
    return head + struct.pack(">I", crc32c(head))


def schema(
    columns: Sequence[Tuple[str, str, bool]], key: str = "BIGINT", unit: Optional[str] = None
) -> Dict[str, object]:
    """Columns as (name, type, nullable), each in the table of its name."""
    json_key = {"name": "k", "type": key}
    if unit is not None:
        json_key["unit"] = unit
    return {
        "formatVersion": 1,
        "uuid": str(ID),
        "key": json_key,
        "columns": [
            {
                "name": name,
                "table": name,
                "type": type_,
                "nullable": nullable,
                "encoding": "plain",
                "endianness": "little",
            }
            for name, type_, nullable in columns
        ],
        "flink": {},
    }


def write(path: Path, schema_: Optional[Dict[str, object]], lanes: Sequence[LaneOf]) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for lane in lanes:
        lane.write(path)
    if schema_ is not None:
        (path / "schema.json").write_text(json.dumps(schema_), "utf-8")
    replace(path / "length", record(lanes) + b"\0" * 50)
    return path


def replace(file: Path, data: bytes) -> None:
    """As a commit does it."""
    (file.parent / ".new").write_bytes(data)
    (file.parent / ".new").replace(file)


assert crc32c(b"123456789") == 0xE3069283 and binascii.crc32(b"123456789") == 0xCBF43926
