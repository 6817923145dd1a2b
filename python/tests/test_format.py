"""The example of docs/format.md is a store."""

import json
import re
import tempfile
import unittest
from pathlib import Path

import timestore
from tests import maker

FORMAT = Path(__file__).resolve().parents[2] / "docs" / "format.md"
LINE = re.compile(r" *(\d+)  ((?:[0-9A-F]{2} ?)+)  +(.+)")


@unittest.skipUnless(FORMAT.is_file(), f"no document at {FORMAT}")
class FormatTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name)
        self.blocks = re.findall(r"^```(\w*)\n(.*?)^```$", FORMAT.read_text("utf-8"), re.M | re.S)

    def test_the_example_reads_as_the_document_says(self):
        (files,) = [text for tag, text in self.blocks if not tag and "s/data" in text]
        (walk,) = [text for tag, text in self.blocks if not tag and "version 1" in text]
        length = b""
        for line in walk.splitlines():
            position, hex_, _ = LINE.fullmatch(line).groups()
            self.assertEqual(int(position), len(length), line)
            length += bytes.fromhex(hex_)
        self.assertEqual(length[-4:], maker.crc32c(length[:-4]).to_bytes(4, "big"))

        (self.path / "s").mkdir()
        for line in files.splitlines():
            name, hex_ = line.split(maxsplit=1)
            data = bytes.fromhex(hex_.rstrip("… "))
            if name == "length":
                self.assertEqual(length[: len(data)], data)
                data = length
            (self.path / name).write_bytes(data)
        schema = {**maker.schema([("s", "VARCHAR(2147483647)", True)])}
        (self.path / "schema.json").write_text(json.dumps(schema))
        rows = [{"k": 1, "s": "a"}, {"k": 2, "s": None}, {"k": 2, "s": ""}]
        self.assertEqual(list(timestore.open(self.path).rows(verify=True)), rows)

    def test_the_schema_of_the_document_is_one(self):
        (schema,) = [text for tag, text in self.blocks if tag == "json"]
        lane = maker.LaneOf([], {})
        maker.write(self.path, json.loads(schema), [lane])
        store = timestore.open(self.path)
        self.assertEqual([c.table for c in store.columns], ["price"])
        self.assertEqual(store.key.unit, "ms")


if __name__ == "__main__":
    unittest.main()
