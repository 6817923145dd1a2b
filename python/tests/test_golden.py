"""Stores that others wrote."""

import unittest
from pathlib import Path

import timestore

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "timestore-core" / "src" / "test" / "resources" / "golden"
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


if __name__ == "__main__":
    unittest.main()
