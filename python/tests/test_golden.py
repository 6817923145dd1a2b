"""Stores that others wrote."""

import itertools
import json
import shutil
import tempfile
import unittest
from pathlib import Path

import timestore

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "timestore-core" / "src" / "test" / "resources" / "golden"
OWN = ROOT / "timestore-core" / "src" / "test" / "resources" / "golden-own" / "v1"
TABLES = {
    "rust-empty": ["a", "b"],
    "rust-edge": ["first", "second table"],
    "rust-ticks": ["sym", "price", "size"],
}


def value(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text)


@unittest.skipUnless(GOLDEN.is_dir(), f"no golden stores at {GOLDEN}")
class GoldenTest(unittest.TestCase):
    def expected(self, name):
        file = GOLDEN / f"{name}.rows"
        for line in file.read_text().splitlines() if file.exists() else []:
            key, *values = line.split(" ")
            yield {"key": int(key), **dict(zip(TABLES[name], map(value, values)))}

    def test_stores_of_the_rust_crate_read_as_it_wrote_them(self):
        for name, tables in TABLES.items():
            with self.subTest(name):
                store = timestore.open(GOLDEN / name)
                expected = list(self.expected(name))
                self.assertEqual(list(store.rows(verify=True)), expected)
                self.assertEqual(len(store), len(expected))
                self.assertEqual([c.name for c in store.columns], sorted(tables))
                self.assertIsNone(store.uuid)

    def test_every_range_of_keys_is_half_open(self):
        for name in ("rust-edge", "rust-ticks"):
            store = timestore.open(GOLDEN / name)
            keys = [row["key"] for row in self.expected(name)]
            some = sorted({k + d for k in keys[:: len(keys) // 10] for d in (-1, 0, 1)})
            for low in some:
                for high in some:
                    with self.subTest(name, low=low, high=high):
                        expected = [k for k in keys if low <= k < high]
                        self.assertEqual(list(store.keys(low, high)), expected)

    def test_a_key_is_read_with_all_its_rows(self):
        store = timestore.open(GOLDEN / "rust-edge")
        for key in {row["key"] for row in self.expected("rust-edge")} | {2, 2**63 + 5}:
            expected = [r["first"] for r in self.expected("rust-edge") if r["key"] == key]
            self.assertEqual(store.read("first", key), expected)


@unittest.skipUnless(OWN.is_dir(), f"no golden stores at {OWN}")
class OwnGoldenTest(unittest.TestCase):
    """Stores of format version 1, written by the Java writer; their rows are given as cells."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)

    def as_cells(self, name):
        """A copy of the store whose schema says that all cells are just bytes."""
        copy = self.directory / name
        shutil.copytree(OWN / name, copy)
        schema = json.loads((copy / "schema.json").read_text())
        schema["key"] = {"name": "key", "type": "DECIMAL(20, 0)"}
        for column in schema["columns"]:
            column.update(type="VARBINARY(2147483647)", nullable=False)
        (copy / "schema.json").write_text(json.dumps(schema))
        return copy

    def test_every_store_reads_as_its_rows_say(self):
        names = sorted(file.stem for file in OWN.glob("*.rows"))
        self.assertGreater(len(names), 10)
        for name in names:
            with self.subTest(name):
                if name == "crash-creating":
                    with self.assertRaises(timestore.NotAStore):
                        timestore.open(OWN / name)
                    continue
                store = timestore.open(self.as_cells(name))
                lines = (OWN / f"{name}.rows").read_text().splitlines()
                rows = store.rows(verify=True)
                for line, row in itertools.zip_longest(lines, rows):
                    cells = [cell.hex() or "-" for cell in list(row.values())[1:]]
                    self.assertEqual(" ".join([str(row["key"]), *cells]), line)
                self.assertEqual(len(store), len(lines))

    def test_every_type_is_decoded(self):
        store = timestore.open(OWN / "types")
        rows = list(store.rows(raw=True))
        self.assertEqual(len(rows), 6)
        nullable = {column.name for column in store.columns if column.nullable}
        for column in store.columns:
            values = [row[column.name] for row in rows]
            self.assertEqual(None in values, column.name in nullable, column.name)


if __name__ == "__main__":
    unittest.main()
