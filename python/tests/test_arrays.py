"""The optional parts: NumPy and Arrow."""

import struct
import unittest
from datetime import datetime, timezone
from decimal import Decimal

import timestore
from tests import maker
from tests.maker import LaneOf
from tests.test_store import StoreCase, longs

try:
    import numpy
except ImportError:
    numpy = None
try:
    import pyarrow
except ImportError:
    pyarrow = None


@unittest.skipIf(numpy is None, "NumPy is not installed")
class NumpyTest(StoreCase):
    def test_the_visible_rows_are_mapped(self):
        store = timestore.open(self.simple((1, 2, 2, 5), start=1))
        values = store.column("v")
        self.assertIsInstance(values, numpy.memmap)
        self.assertEqual((values.dtype, values.tolist()), (numpy.dtype("<i8"), [1, 2, 3]))
        keys = store.key_array()
        self.assertIsInstance(keys, numpy.memmap)
        self.assertEqual((keys.dtype, keys.tolist()), (numpy.dtype(">u8"), [2, 2, 5]))

    def test_every_type_of_fixed_width_has_its_dtype(self):
        for type_, cell, dtype, value in (
            ("BOOLEAN", b"\1", "?", True),
            ("TINYINT", b"\xff", "<i1", -1),
            ("SMALLINT", b"\xfe\xff", "<i2", -2),
            ("INT", b"\0\1\0\0", "<i4", 256),
            ("BIGINT", b"\1" + bytes(7), "<i8", 1),
            ("FLOAT", struct.pack("<f", 1.5), "<f4", 1.5),
            ("DOUBLE", struct.pack("<d", 1.5), "<f8", 1.5),
            ("DATE", b"\1\0\0\0", "<i4", 1),
            ("TIME(0)", b"\1\0\0\0", "<i4", 1),
            ("TIMESTAMP(9)", b"\1" + bytes(7), "<i8", 1),
            ("INTERVAL YEAR TO MONTH", b"\1\0\0\0", "<i4", 1),
            (
                "DECIMAL(38, 0)",
                b"\xfe" + b"\xff" * 15,
                [("low", "<u8"), ("high", "<i8")],
                (2**64 - 2, -1),
            ),
        ):
            with self.subTest(type_):
                values = self.one_column(type_, [cell, cell]).column("c")
                self.assertEqual(values.dtype, numpy.dtype(dtype))
                self.assertEqual(values.tolist(), [value, value])

    def test_timestamps_can_be_datetime64(self):
        for type_, dtype in (
            ("TIMESTAMP_LTZ(3)", "<M8[ms]"),
            ("TIMESTAMP(9)", "<M8[ns]"),
            ("INTERVAL DAY TO SECOND", "<m8[ms]"),
        ):
            values = self.one_column(type_, longs([5, 6])).column("c", datetime64=True)
            self.assertEqual(values.dtype, numpy.dtype(dtype))
            self.assertEqual(values.view("<i8").tolist(), [5, 6])
        with self.assertRaisesRegex(ValueError, "no timestamp"):
            self.one_column("INT", [bytes(4)]).column("c", datetime64=True)

    def test_an_empty_store_has_empty_arrays(self):
        store = timestore.open(self.simple(()))
        self.assertEqual((store.column("v").tolist(), store.key_array().tolist()), ([], []))

    def test_what_is_no_array_on_disk_is_refused(self):
        for type_, nullable in (("INT", True), ("VARCHAR(3)", False)):
            with self.assertRaisesRegex(ValueError, f"column c is .{'{'}0,0{'}'}{type_[:3]}"):
                self.one_column(type_, [bytes(4)], nullable).column("c")
        lanes = [LaneOf([n], {"v": longs([n])}, n) for n in (0, 1)]
        store = timestore.open(
            maker.write(self.path, maker.schema([("v", "BIGINT", False)]), lanes)
        )
        for read in (store.key_array, lambda: store.column("v")):
            with self.assertRaisesRegex(ValueError, "2 lanes hold the rows"):
                read()

    def test_cells_of_another_width_are_corrupt(self):
        store = self.one_column("INT", [bytes(4), bytes(3)])
        with self.corrupt("c/offsets: row 1: offset 8 expected, 7 found"):
            store.column("c")


@unittest.skipUnless(numpy is None, "NumPy is installed")
class WithoutNumpyTest(StoreCase):
    def test_what_is_missing_is_said(self):
        with self.assertRaisesRegex(ImportError, "pip install numpy"):
            timestore.open(self.simple()).column("v")


@unittest.skipUnless(pyarrow is None, "pyarrow is installed")
class WithoutArrowTest(StoreCase):
    def test_what_is_missing_is_said(self):
        with self.assertRaisesRegex(ImportError, "pip install pyarrow"):
            timestore.open(self.simple()).to_arrow()


@unittest.skipIf(pyarrow is None, "pyarrow is not installed")
class ArrowTest(StoreCase):
    def test_every_type_has_its_arrow_type(self):
        for type_, cell, expected, value in (
            ("BOOLEAN", b"\1", pyarrow.bool_(), True),
            ("TINYINT", b"\xff", pyarrow.int8(), -1),
            ("SMALLINT", b"\xfe\xff", pyarrow.int16(), -2),
            ("INT", b"\0\1\0\0", pyarrow.int32(), 256),
            ("BIGINT", b"\1" + bytes(7), pyarrow.int64(), 1),
            ("FLOAT", struct.pack("<f", 1.5), pyarrow.float32(), 1.5),
            ("DOUBLE", struct.pack("<d", 1.5), pyarrow.float64(), 1.5),
            ("DECIMAL(38, 1)", b"\xfe" + b"\xff" * 15, pyarrow.decimal128(38, 1), Decimal("-0.2")),
            ("DATE", b"\1\0\0\0", pyarrow.date32(), None),
            ("TIME(0)", b"\1\0\0\0", pyarrow.time32("ms"), None),
            ("TIMESTAMP(9)", b"\1" + bytes(7), pyarrow.timestamp("ns"), None),
            ("TIMESTAMP_LTZ(0)", b"\1" + bytes(7), pyarrow.timestamp("s", "UTC"), None),
            ("INTERVAL YEAR TO MONTH", b"\1\0\0\0", pyarrow.int32(), 1),
            ("INTERVAL DAY TO SECOND", b"\1" + bytes(7), pyarrow.duration("ms"), None),
            ("VARCHAR(3)", b"\xc3\xa9", pyarrow.string(), "é"),
            ("BINARY(3)", b"\xc3\xa9", pyarrow.binary(), b"\xc3\xa9"),
        ):
            with self.subTest(type_):
                stored = (
                    pyarrow.scalar(1, expected)
                    if value is None
                    else pyarrow.scalar(value, expected)
                )
                column = self.one_column(type_, [cell, cell]).to_arrow(columns=["c"])
                self.assertEqual(
                    column.schema, pyarrow.schema([pyarrow.field("c", expected, False)])
                )
                (
                    self.assertEqual(column["c"].to_pylist(), [stored.as_py()] * 2)
                    if value is not None
                    else None
                )
                self.assertTrue(column["c"][0].equals(stored))
                nulls = self.one_column(type_, [b"", cell], True).to_arrow(columns=["c"])["c"]
                self.assertEqual((nulls.null_count, nulls[1].equals(stored)), (1, True))

    def test_keys_have_their_type(self):
        for type_, unit, expected in (
            ("TIMESTAMP_LTZ(3)", "ms", pyarrow.timestamp("ms", "UTC")),
            ("TIMESTAMP(3)", "us", pyarrow.timestamp("us")),
            ("BIGINT", None, pyarrow.int64()),
            ("DECIMAL(20, 0)", None, pyarrow.uint64()),
        ):
            table = self.one_column("TINYINT", [b"\0"], False, type_, unit, [5]).to_arrow()
            self.assertEqual(table.schema.field("k"), pyarrow.field("k", expected, False))
        keys = [5, 2**64 - 1]
        table = self.one_column("TINYINT", [b"\0"] * 2, keys=keys, key="DECIMAL(20, 0)").to_arrow()
        self.assertEqual(table["k"].to_pylist(), keys)
        store = self.one_column("TINYINT", [b"\0"] * 2, keys=keys)
        with self.assertRaisesRegex(ValueError, f"key {keys[1]}.* above the largest int64"):
            store.to_arrow()
        self.assertEqual(store.to_arrow(columns=["c"]).num_rows, 2)

    def test_overlapping_lanes_and_ranges_are_as_in_rows(self):
        lanes = [
            LaneOf(keys, {"v": longs(range(10 * n, 10 * n + len(keys)))}, n)
            for n, keys in enumerate(([5, 6, 6, 9], [1, 5, 6, 9], [9, 9], [20]))
        ]
        store = timestore.open(
            maker.write(self.path, maker.schema([("v", "BIGINT", False)]), lanes)
        )
        for bounds in ((None, None), (6, 9), (9, None), (30, None)):
            expected = list(store.rows(*bounds))
            self.assertEqual(store.to_arrow(*bounds, verify=True).to_pylist(), expected)
            self.assertEqual(store.to_arrow(*bounds).schema.names, ["k", "v"])

    def test_a_datetime_bounds_a_table(self):
        store = self.one_column("TINYINT", [b"\0"] * 3, False, "TIMESTAMP_LTZ(0)", "s", [1, 2, 3])
        table = store.to_arrow(datetime(1970, 1, 1, 0, 0, 1, 1, timezone.utc))
        self.assertEqual(table["k"].cast(pyarrow.int64()).to_pylist(), [2, 3])


if __name__ == "__main__":
    unittest.main()
