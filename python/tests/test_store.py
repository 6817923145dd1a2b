"""Stores made byte by byte from docs/format.md."""

import contextlib
import os
import random
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from datetime import date, datetime, timedelta, timezone
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path

import timestore
from tests import maker
from tests.maker import LaneOf

UTC = timezone.utc


def longs(values):
    return [struct.pack("<q", v) for v in values]


class StoreCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name) / "store"

    def simple(self, keys=(1, 2, 2, 5), **lane):
        """A store of one lane with the column v, which counts rows."""
        lanes = [LaneOf(keys, {"v": longs(range(len(keys)))}, **lane)]
        return maker.write(self.path, maker.schema([("v", "BIGINT", False)]), lanes)

    def one_column(self, type_, cells, nullable=False, key="BIGINT", unit=None, keys=None):
        lane = LaneOf(range(len(cells)) if keys is None else keys, {"c": cells})
        schema = maker.schema([("c", type_, nullable)], key, unit)
        return timestore.open(maker.write(self.path, schema, [lane]))

    @contextlib.contextmanager
    def corrupt(self, *places):
        with self.assertRaises(timestore.CorruptStoreError) as caught:
            yield
        for place in places:
            self.assertIn(str(place), str(caught.exception))

    def overwrite(self, name, position, data):
        with open(self.path / name, "r+b") as file:
            file.seek(position)
            file.write(data)


class RowsTest(StoreCase):
    def test_rows_come_with_the_key_first_or_the_columns_asked_for(self):
        store = timestore.open(self.simple())
        self.assertEqual(store.uuid, maker.ID)
        self.assertEqual((store.key.name, str(store.key.type)), ("k", "BIGINT"))
        self.assertEqual([list(r.items()) for r in store.rows(2)][0], [("k", 2), ("v", 1)])
        self.assertEqual(list(store.rows(5, columns=["v", "k"])), [{"v": 3, "k": 5}])
        self.assertEqual(list(store.rows(5, columns=[])), [{}])
        self.assertEqual(store.read("v", 2), [1, 2])
        self.assertEqual(store.read("v", 3), [])
        self.assertEqual(store.read("k", 5), [5])
        with self.assertRaisesRegex(KeyError, "no column 'w'; there are v, k"):
            store.rows(columns=["w"])
        with self.assertRaisesRegex(TypeError, "a list of names"):
            store.rows(columns="v")

    def test_rows_before_from_are_hidden(self):
        store = timestore.open(self.simple(start=2))
        self.assertEqual(list(store.rows(verify=True)), [{"k": 2, "v": 2}, {"k": 5, "v": 3}])
        self.assertEqual(len(store), 2)

    def test_keys_are_unsigned(self):
        keys = [0, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 1]
        store = timestore.open(self.simple(keys))
        self.assertEqual(list(store.keys()), keys)
        self.assertEqual(list(store.keys(2**63)), keys[2:])
        self.assertEqual(list(store.keys(-5, 2**70)), keys)
        self.assertEqual(store.read("v", 2**64 - 1), [3, 4])
        self.assertEqual(store.read("v", 2**64), [])

    def test_a_snapshot_stays_and_refresh_moves_on(self):
        store = timestore.open(self.simple((1, 2)))
        snapshot = store.snapshot()
        self.assertFalse(store.refresh())
        lane = LaneOf((1, 2, 3), {"v": longs(range(3))})
        lane.write(self.path)
        self.assertEqual(len(timestore.open(self.path)), 2, "a batch that is not committed")
        maker.replace(self.path / "length", maker.record([lane]))
        self.assertEqual(len(store), 2)
        self.assertTrue(store.refresh())
        self.assertEqual(len(store), 3)
        self.assertEqual(list(snapshot.keys()), [1, 2])
        self.assertEqual(list(store.keys()), [1, 2, 3])

    def test_values_larger_than_a_batch_and_many_rows_come_whole(self):
        random_ = random.Random(7)
        cells = [random_.randbytes(random_.choice([0, 3, 5])) for _ in range(20_000)]
        cells[5] = bytes(5 << 20)
        cells[6] = bytes(3 << 20)
        cells[9_000] = bytes(9 << 20)
        store = self.one_column("VARBINARY(99)", cells)
        self.assertEqual([r["c"] for r in store.rows()], cells)
        self.assertEqual([r["c"] for r in store.rows(8_999, 9_002)], cells[8_999:9_002])

    def test_a_range_of_a_billion_rows_is_found_by_a_search(self):
        rows = 1_000_000_000
        self.path.mkdir()
        (self.path / "v").mkdir()
        for name in ("keys", "v/offsets"):  # sparse: zeros, but for the last rows
            with open(self.path / name, "wb") as file:
                file.truncate(8 * rows)
        tail = struct.pack(">4Q", 7, 7, 8, 9)
        self.overwrite("keys", 8 * (rows - 4), tail)
        self.overwrite("v/offsets", 8 * (rows - 4), struct.pack(">4Q", 1, 2, 3, 4))
        (self.path / "v" / "data").write_bytes(b"abcd")
        (self.path / "length").write_bytes(struct.pack(">Q", rows))
        begin = time.monotonic()
        store = timestore.open(self.path)
        found = list(store.rows(7, 9))
        self.assertEqual(found, [{"key": k, "v": v} for k, v in ((7, b"a"), (7, b"b"), (8, b"c"))])
        self.assertEqual(len(store), rows)
        self.assertLess(time.monotonic() - begin, 5, "all keys take minutes")


class LanesTest(StoreCase):
    def lanes(self, *keys_of_lanes, nullable_from=None):
        lanes = []
        for number, keys in enumerate(keys_of_lanes):
            lanes.append(
                LaneOf(keys, {"v": longs(1000 * number + i for i in range(len(keys)))}, number)
            )
        return timestore.open(maker.write(self.path, maker.schema([("v", "BIGINT", False)]), lanes))

    def expected(self, *keys_of_lanes):
        rows = [
            (key, number, i)
            for number, keys in enumerate(keys_of_lanes)
            for i, key in enumerate(keys)
        ]
        return [{"k": k, "v": 1000 * number + i} for k, number, i in sorted(rows)]

    def test_lanes_are_merged_and_the_lower_one_comes_first_at_equal_keys(self):
        for lanes in (
            ([1, 2, 3], [4, 5]),
            ([4, 5], [1, 2, 3]),
            ([5, 6], [1, 5]),
            ([1, 5], [5, 6]),
            ([5, 5], [5], [5, 5]),
            ([1, 9], [2, 3], [4, 9], [9, 9]),
            ([], [3], []),
            ([10, 12], [10, 10], [2, 10], [30]),
        ):
            with self.subTest(lanes=lanes):
                store = self.lanes(*lanes)
                self.assertEqual(list(store.rows(verify=True)), self.expected(*lanes))
                self.assertEqual(list(store.keys()), sorted(sum(map(list, lanes), [])))

    def test_random_lanes_and_ranges_are_merged(self):
        seed = int(os.environ.get("TIMESTORE_SEED", time.time_ns()))
        print(f"Replay with TIMESTORE_SEED={seed}")
        random_ = random.Random(seed)
        for _ in range(20):
            lanes = [
                sorted(
                    random_.choices(
                        range(random_.choice([5, 2000])), k=random_.choice([0, 3, 1500])
                    )
                )
                for _ in range(random_.randint(1, 5))
            ]
            low, high = random_.randint(-1, 2001), random_.randint(-1, 2001)
            with self.subTest(seed=seed):
                store = self.lanes(*lanes)
                expected = [r for r in self.expected(*lanes) if low <= r["k"] < high]
                self.assertEqual(list(store.rows(low, high)), expected)

    def test_a_table_that_a_lane_lacks_is_null_there(self):
        lanes = [LaneOf([1], {}), LaneOf([2], {"v": longs([7])}, 1)]
        store = timestore.open(maker.write(self.path, maker.schema([("v", "BIGINT", True)]), lanes))
        self.assertEqual(list(store.rows(verify=True)), [{"k": 1, "v": None}, {"k": 2, "v": 7}])
        maker.write(self.path, maker.schema([("v", "BIGINT", False)]), lanes)
        with self.corrupt("column v is NOT NULL", "lane 0 has no table 'v'"):
            list(timestore.open(self.path).rows())

    def test_a_table_of_plain_bytes_that_a_lane_lacks_is_empty_there(self):
        lanes = [LaneOf([1], {}), LaneOf([2], {"v": [b"a"]}, 1)]
        schema = maker.schema([("v", "VARBINARY(2147483647)", False)])
        store = timestore.open(maker.write(self.path, schema, lanes))
        self.assertEqual(list(store.rows(verify=True)), [{"k": 1, "v": b""}, {"k": 2, "v": b"a"}])
        self.assertEqual(store.read("v", 1), [b""])
        maker.write(self.path, maker.schema([("v", "VARBINARY(9)", False)]), lanes)
        with self.corrupt("column v is NOT NULL", "lane 0 has no table 'v'"):
            list(timestore.open(self.path).rows())

    def test_rows_that_somebody_replaced_say_so(self):
        store = self.lanes([1, 2], [3, 4])
        maker.replace(self.path / "length", maker.record([LaneOf([1, 2], {"v": longs([0, 1])})]))
        (self.path / "lanes/00001/keys").unlink()
        with self.assertRaisesRegex(timestore.RowsReplaced, "lanes/00001/keys is gone"):
            list(store.rows())
        store.refresh()
        self.assertEqual(list(store.keys()), [1, 2])


class CellsTest(StoreCase):
    def values(self, type_, cells, nullable=False, raw=False):
        store = self.one_column(type_, cells, nullable)
        values = [r["c"] for r in store.rows(raw=raw)]
        self.assertEqual([store.read("c", i, raw=raw)[0] for i in range(len(cells))], values)
        return values

    def test_fixed_width_cells_of_every_type(self):
        ms = 951_782_399_999  # 2000-02-28T23:59:59.999Z
        local = datetime(2000, 2, 28, 23, 59, 59)
        for type_, format_, stored, natural in (
            ("BOOLEAN", "<B", 1, True),
            ("TINYINT", "<b", -128, -128),
            ("SMALLINT", "<h", -2, -2),
            ("INT", "<i", -(2**31), -(2**31)),
            ("BIGINT", "<q", -(2**63), -(2**63)),
            ("FLOAT", "<f", -0.5, -0.5),
            ("DOUBLE", "<d", 0.1, 0.1),
            ("DATE", "<i", -1, date(1969, 12, 31)),
            ("TIME(3)", "<i", 86_399_999, time_of_day(23, 59, 59, 999_000)),
            ("TIMESTAMP(0)", "<q", ms // 1000, local),
            ("TIMESTAMP(3)", "<q", ms, local.replace(microsecond=999_000)),
            ("TIMESTAMP(6)", "<q", ms * 1000 + 1, local.replace(microsecond=999_001)),
            ("TIMESTAMP(9)", "<q", ms * 10**6 + 1, ms * 10**6 + 1),
            ("TIMESTAMP_LTZ(1)", "<q", -1, datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC)),
            ("INTERVAL YEAR TO MONTH", "<i", -13, -13),
            ("INTERVAL DAY TO SECOND", "<q", -1, timedelta(milliseconds=-1)),
        ):
            cells = [struct.pack(format_, stored), struct.pack(format_, 0)]
            with self.subTest(type_):
                zero = self.values(type_, cells)[1]
                self.assertEqual(self.values(type_, cells)[0], natural)
                self.assertIs(type(self.values(type_, cells)[0]), type(natural))
                self.assertEqual(self.values(type_, cells, raw=True), [stored, 0])
                nullable = [b"", *cells, b""]
                self.assertEqual(self.values(type_, nullable, True), [None, natural, zero, None])

    def test_decimals_keep_all_digits(self):
        most = 10**38 - 1
        cells = [n.to_bytes(16, "little", signed=True) for n in (most, -most, -5, 0)]
        expected = [Decimal("9" * 35 + ".999"), Decimal("-" + "9" * 35 + ".999")]
        expected += [Decimal("-0.005"), Decimal("0.000")]
        self.assertEqual(
            list(map(str, self.values("DECIMAL(38, 3)", cells))), list(map(str, expected))
        )

    def test_null_empty_and_ff_are_told_apart(self):
        stored = [b"", b"\xff", b"\xff\xff", b"\xff\xff\xff", b"a\xff", b"\xffa", b"a"]
        values = [None, b"", b"\xff", b"\xff\xff", b"a\xff", b"\xffa", b"a"]
        self.assertEqual(self.values("VARBINARY(9)", stored, True), values)
        self.assertEqual(self.values("BINARY(9)", stored), stored, "NOT NULL: as they are")
        self.assertEqual(
            self.values("VARCHAR(9)", [b"", b"\xff", "é😀".encode()], True), [None, "", "é😀"]
        )
        self.assertEqual(self.values("CHAR(9)", [b"", b"a"]), ["", "a"])
        self.assertEqual(self.values("TINYINT", [b"\xff"], True), [-1])

    def test_what_python_cannot_hold_is_said_and_can_be_read_raw(self):
        cells = [struct.pack("<q", 0), struct.pack("<q", 2**62)]
        with self.assertRaisesRegex(ValueError, r"column c: row 1: 4611686018427387904 .*raw=True"):
            self.values("TIMESTAMP(3)", cells)
        self.assertEqual(self.values("TIMESTAMP(3)", cells, raw=True), [0, 2**62])

    def test_cells_that_no_value_has_are_corrupt(self):
        for type_, cell, what in (
            ("BOOLEAN", b"\2", "0 or 1 expected, 2 found"),
            ("TIME(3)", struct.pack("<i", 86_400_000), "no time of the day"),
            ("INT", b"\0\0\0", "4 bytes expected, 3 found"),
            ("INT", b"", "4 bytes expected, 0 found"),
            ("VARCHAR(9)", b"\xc3", "no UTF-8"),
        ):
            good = {"INT": bytes(4), "TIME(3)": bytes(4)}.get(type_, b"\0")
            with self.subTest(type_), self.corrupt("c/data", "column c", "row 1", what):
                self.values(type_, [good, cell])


class KeyTest(StoreCase):
    def store(self, type_, unit, keys):
        return self.one_column("TINYINT", [b"\0"] * len(keys), False, type_, unit, keys)

    def test_bounds_are_exact_whatever_the_unit(self):
        half = datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)
        for unit, keys, from_half in (
            ("s", [0, 1, 2, 3], [2, 3]),
            ("ms", [1499, 1500, 1501], [1500, 1501]),
            ("us", [1_499_999, 1_500_000], [1_500_000]),
            ("ns", [1_499_999_999, 1_500_000_000], [1_500_000_000]),
        ):
            with self.subTest(unit):
                store = self.store("TIMESTAMP_LTZ(9)", unit, keys)
                self.assertEqual(list(store.keys(half)), from_half)
                before = [k for k in keys if k not in from_half]
                self.assertEqual(list(store.keys(to=half)), before)
                self.assertEqual(store.read("c", half), [] if unit == "s" else [0])
        plus_one = timezone(timedelta(hours=1))
        self.assertEqual(list(store.keys(half.astimezone(plus_one))), from_half)
        self.assertEqual(list(store.keys(datetime(1, 1, 1, tzinfo=UTC))), keys)

    def test_keys_read_as_what_their_type_says(self):
        naive = datetime(2001, 9, 9, 1, 46, 40)
        for type_, unit, key, value in (
            ("TIMESTAMP(0)", "s", 10**9, naive),
            ("TIMESTAMP_LTZ(3)", "ms", 10**12, naive.replace(tzinfo=UTC)),
            ("TIMESTAMP_LTZ(3)", "us", 10**15, naive.replace(tzinfo=UTC)),
            ("TIMESTAMP(9)", "ns", 10**18, 10**18),
            ("DECIMAL(20, 0)", None, 2**64 - 1, 2**64 - 1),
        ):
            with self.subTest(type_, unit=unit):
                store = self.store(type_, unit, [key])
                self.assertEqual([r["k"] for r in store.rows()], [value])
                self.assertEqual([r["k"] for r in store.rows(raw=True)], [key])
                self.assertEqual(store.read("c", value), [0])

    def test_bounds_of_the_wrong_kind_are_refused(self):
        with self.assertRaisesRegex(TypeError, "with a time zone expected"):
            self.store("TIMESTAMP_LTZ(3)", "ms", [1]).rows(datetime(2020, 1, 1))
        with self.assertRaisesRegex(TypeError, "without a time zone expected"):
            self.store("TIMESTAMP(3)", "ms", [1]).rows(datetime(2020, 1, 1, tzinfo=UTC))
        with self.assertRaisesRegex(TypeError, "an int expected"):
            self.store("BIGINT", None, [1]).rows(to=datetime(2020, 1, 1))
        with self.assertRaisesRegex(TypeError, "an int or a datetime expected"):
            self.store("BIGINT", None, [1]).rows(1.5)


class DamageTest(StoreCase):
    def read(self, **arguments):
        return list(timestore.open(self.path).rows(**arguments))

    def test_a_directory_without_a_store_is_named(self):
        with self.assertRaisesRegex(timestore.NotAStore, "no such directory"):
            timestore.open(self.path)
        self.path.mkdir()
        with self.assertRaisesRegex(timestore.NotAStore, "no file 'length'"):
            timestore.open(self.path)

    def test_every_byte_of_the_record_is_checked(self):
        self.simple()
        good = maker.record([LaneOf((1, 2, 2, 5), {"v": longs(range(4))})])
        for position in range(len(good)):
            bad = bytearray(good)
            bad[position] ^= 0x10
            maker.replace(self.path / "length", bytes(bad))
            if 8 <= position < 16:
                continue  # no magic, no record
            kinds = (timestore.CorruptStoreError, timestore.UnsupportedVersion)
            with self.subTest(position=position), self.assertRaisesRegex(kinds, "length"):
                timestore.open(self.path)
        for size in (*range(8), *range(16, len(good))):
            maker.replace(self.path / "length", good[:size])
            with self.subTest(size=size), self.corrupt(self.path / "length"):
                timestore.open(self.path)

    def test_an_emptied_lane_has_no_rows_and_its_files_are_not_read(self):
        self.simple(keys=[1, 2, 3], state=2, start=3)
        for name in ("keys", "v/offsets", "v/data"):
            (self.path / name).write_bytes(b"")
        self.assertEqual(list(timestore.open(self.path).rows(verify=True)), [])
        self.simple(keys=[1, 2, 3], state=2, start=2)
        with self.assertRaisesRegex(timestore.CorruptStoreError, "lane 0 was emptied, but"):
            timestore.open(self.path)

    def test_what_is_newer_is_refused_with_both_versions(self):
        self.simple()
        maker.replace(self.path / "length", maker.record([LaneOf([], {})], version=2))
        with self.assertRaisesRegex(timestore.UnsupportedVersion, "version 2; .* knows 1"):
            timestore.open(self.path)
        self.simple(encoding=1)
        with self.assertRaisesRegex(
            timestore.UnsupportedVersion, "lane 0 has the state 0 and the encoding 1"
        ):
            timestore.open(self.path)
        self.simple(state=3)
        with self.assertRaisesRegex(
            timestore.UnsupportedVersion, "lane 0 has the state 3 and the encoding 0"
        ):
            timestore.open(self.path)
        self.simple(state=1)
        timestore.open(self.path)
        schema = maker.schema([("v", "BIGINT", False)])
        for change, text in (
            ({"formatVersion": 2}, "'formatVersion' is 2"),
            ({"columns": [{**schema["columns"][0], "endianness": "big"}]}, "'endianness' is 'big'"),
            (
                {"columns": [{**schema["columns"][0], "type": "ROW<a INT>"}]},
                "column v: unknown type",
            ),
        ):
            maker.write(self.path, {**schema, **change}, [LaneOf([1], {"v": longs([1])})])
            with self.assertRaisesRegex(timestore.UnsupportedVersion, f"schema.json.*{text}"):
                timestore.open(self.path)

    def test_a_schema_that_cannot_be_is_corrupt(self):
        column = ("v", "BIGINT", False)
        for change, text in (
            ({"uuid": "00000000-0000-4000-8000-000000000001"}, "the record is of store"),
            ({"columns": maker.schema([column, column])["columns"]}, "comes twice"),
            ({"columns": [{**maker.schema([column])["columns"][0], "table": "../v"}]}, "'../v'"),
            ({"key": {"name": "k", "type": "TIMESTAMP(3)"}}, "'unit' is None"),
            ({"key": {"name": "k"}}, "no field 'type'"),
        ):
            maker.write(self.path, {**maker.schema([column]), **change}, [LaneOf([], {})])
            with self.subTest(text), self.corrupt(text):
                timestore.open(self.path)
        self.simple()
        (self.path / "schema.json").unlink()
        with self.corrupt("schema.json: a file expected"):
            timestore.open(self.path)

    def test_files_below_their_committed_size_are_corrupt(self):
        for name, size in (("keys", 31), ("v/offsets", 31), ("v/data", 31)):
            self.simple()
            os.truncate(self.path / name, size)
            with (
                self.subTest(name),
                self.corrupt(self.path / name, "32 committed bytes expected, 31 found"),
            ):
                self.read()
        self.simple()
        (self.path / "v/data").unlink()
        with self.corrupt("v/data: a file expected, nothing found"):
            self.read()

    def test_falling_keys_and_offsets_are_found_with_their_row(self):
        self.simple()
        self.overwrite("keys", 16, struct.pack(">Q", 1))
        with self.corrupt("keys: row 2: key 1 is below the previous 2"):
            self.read()
        with self.corrupt("keys: row 2: key 1 is below the previous 2"):
            list(timestore.open(self.path).keys(2))
        self.simple()
        self.overwrite("keys", 24, struct.pack(">Q", 9))
        with self.corrupt("keys: row 3: key 5 expected, as the record says; 9 found"):
            self.read()
        self.simple()
        self.overwrite("v/offsets", 8, struct.pack(">Q", 7))
        with self.corrupt("v/offsets: row 1: offset 7 is below the previous 8"):
            self.read()
        self.simple()
        self.overwrite("v/offsets", 0, struct.pack(">Q", 33))
        with self.corrupt("v/offsets: row 0: offset 33 is behind the 32 committed bytes"):
            self.read(to=2)
        self.simple()
        self.overwrite("v/offsets", 24, struct.pack(">Q", 33))
        with self.corrupt("v/offsets: row 3: offset 32 expected", "33 found"):
            self.read()

    def test_a_key_that_falls_between_two_batches_is_found(self):
        self.simple(range(10, 20_010))
        self.overwrite("keys", 8 * 8192, struct.pack(">Q", 5))
        with self.corrupt("keys: row 8192: key 5 is below the previous 8201"):
            self.read()

    def test_a_record_that_contradicts_itself_is_corrupt(self):
        self.simple()
        good = (self.path / "length").read_bytes()[:-50]
        size = struct.unpack(">I", good[20:24])[0]
        for bad, text in (
            (struct.pack(">Q", 3) + good[8:-4], "4 rows of lane 0 expected"),
            (good[:20] + struct.pack(">I", size + 2) + good[24:-4] + b"ab", "2 bytes of the body"),
            (good[:20] + struct.pack(">I", size - 2) + good[24:-6], "ends inside 'entry's lane'"),
            (good[:71] + b"\0\0\0\1" + good[75:-4], "lane 0 is missing"),
            (good[:64] + b"\xff\xff" + good[66:-4], "ends inside 'table's name'"),
        ):
            maker.replace(self.path / "length", bad + struct.pack(">I", maker.crc32c(bad)))
            with self.subTest(text), self.corrupt(self.path / "length", text):
                timestore.open(self.path)

    def test_verify_finds_a_changed_byte_in_each_file(self):
        for name in ("keys", "v/offsets", "v/data"):
            self.simple((1, 3, 5, 9))
            self.assertEqual(len(self.read(verify=True)), 4)
            position = 15 if name != "v/offsets" else 14
            self.overwrite(name, position, b"\4")
            with self.subTest(name), self.corrupt(self.path / name, "bytes 0 to 32", "CRC32C"):
                self.read(verify=True)

    def test_verify_checks_the_last_chunk_only(self):
        rows = maker.CHUNK // 8 + 10
        self.simple(range(rows))
        self.assertEqual(len(self.read(verify=True)), rows)
        self.overwrite("v/data", 100, b"\1")
        self.assertEqual(len(self.read(verify=True)), rows)
        self.overwrite("v/data", maker.CHUNK + 7, b"\1")
        with self.corrupt("v/data", f"bytes {maker.CHUNK} to {8 * rows}"):
            self.read(verify=True)

    def test_rows_that_the_crate_appended_are_seen(self):
        self.simple()
        record = (self.path / "length").read_bytes()
        maker.replace(self.path / "record", record)
        LaneOf((1, 2, 2, 5, 6), {"v": longs(range(5))}).write(self.path)
        maker.replace(self.path / "length", struct.pack(">Q", 5) + bytes(504))
        self.assertEqual(list(timestore.open(self.path).keys(5)), [5, 6])
        self.assertEqual(len(self.read(verify=True)), 5)
        maker.replace(self.path / "length", struct.pack(">Q", 3))
        with self.corrupt("lane 0 had 4 rows, but 'length' has 3"):
            timestore.open(self.path)

    def test_a_commit_between_reading_length_and_record_is_not_mixed_with_what_was_before(self):
        self.simple()
        old = (self.path / "length").read_bytes()
        lane = LaneOf((1, 2, 2, 5, 6, 7), {"v": longs(range(6))})
        lane.write(self.path)
        maker.replace(self.path / "length", struct.pack(">Q", 5))
        os.mkfifo(self.path / "record")  # it holds the reader up until it is written to

        def commit():
            with open(self.path / "record", "wb") as record:
                maker.replace(self.path / "length", maker.record([lane]))
                record.write(old)

        thread = threading.Thread(target=commit)
        thread.start()
        store = timestore.open(self.path)
        thread.join()
        self.assertEqual(list(store.keys()), [1, 2, 2, 5, 6, 7])


class CommandTest(StoreCase):
    def run_it(self, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "timestore", *map(str, arguments)],
            cwd=Path(timestore.__file__).parents[1],
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def test_rows_are_printed(self):
        self.one_column("VARCHAR(9)", [b"", b"\xff", b"a\tb", b"c"], True, "TIMESTAMP_LTZ(3)", "ms")
        found = self.run_it(self.path, "--to", "3", "--from", "1970-01-01")
        lines = ["k\tc", "1970-01-01 00:00:00+00:00\tNULL", "1970-01-01 00:00:00.001000+00:00\t"]
        lines += ["1970-01-01 00:00:00.002000+00:00\ta\\tb"]
        self.assertEqual((found.stdout.splitlines(), found.stderr), (lines, ""))
        self.assertEqual(self.run_it(self.path, "--head", 1).stdout.splitlines(), lines[:2])

    def test_errors_are_one_line_and_a_status(self):
        found = self.run_it(self.path)
        self.assertEqual((found.returncode, found.stderr), (1, f"{self.path}: no such directory\n"))
        self.simple()
        found = self.run_it(self.path, "--from", "yesterday")
        self.assertEqual(found.returncode, 2)
        self.assertIn("yesterday", found.stderr)


if __name__ == "__main__":
    unittest.main()
