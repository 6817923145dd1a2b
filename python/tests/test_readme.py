"""The README's examples run."""

import doctest
import importlib.util
import os
import re
import struct
import tempfile
import unittest
from pathlib import Path

from tests import maker
from tests.maker import LaneOf

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCK = re.compile(r"(?:<!-- needs (\w+) -->\n)?```python\n(.*?)```", re.S)


class ReadmeTest(unittest.TestCase):
    def test_examples_print_what_they_show(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(directory.name)
        schema = maker.schema(
            [("price", "DOUBLE", False), ("sym", "VARCHAR(9)", True)], "TIMESTAMP_LTZ(3)", "ms"
        )
        schema["key"]["name"] = "ts"
        prices = [struct.pack("<d", price) for price in (88000.5, 2975.1, 2975.2)]
        keys = (1767268799999, 1767268800250, 1767268801000)
        lane = LaneOf(keys, {"price": prices, "sym": [b"BTC", b"ETH", b""]})
        maker.write(Path("ticks"), schema, [lane])

        blocks = BLOCK.findall(README.read_text("utf-8"))
        self.assertEqual(len(blocks), 5)
        runnable = [text for needs, text in blocks if not needs or importlib.util.find_spec(needs)]
        test = doctest.DocTestParser().get_doctest("\n".join(runnable), {}, "README", None, None)
        runner = doctest.DocTestRunner(verbose=False)
        output = []
        runner.run(test, out=output.append)
        self.assertEqual("".join(output), "")
        self.assertGreaterEqual(runner.summarize(False).attempted, 12)


if __name__ == "__main__":
    unittest.main()
