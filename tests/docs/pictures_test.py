#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pictures of docs/pictures are those that the program makes today.

Usage: pictures_test.py ROOT PROGRAM [unittest arguments]

Needs Debian's package python3-pil.
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from PIL import Image, ImageChops

ROOT, PROGRAM = None, None  # set at the end


class Pictures(unittest.TestCase):
    def test_made_anew_they_are_the_same(self):
        kept = {path.name: path for path in (ROOT / "docs/pictures").glob("*.png")}
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-B", ROOT / "docs/pictures/make_pictures.py", PROGRAM, folder], check=True)
            made = {path.name: path for path in pathlib.Path(folder).glob("*.png")}
            self.assertEqual(set(made), set(kept))
            for name, path in made.items():
                with Image.open(path) as new, Image.open(kept[name]) as old:
                    difference = ImageChops.difference(new.convert("RGB"), old.convert("RGB")) if new.size == old.size else None
                    self.assertTrue(difference and difference.getbbox() is None,
                                    f"docs/pictures/{name} is no longer what the program draws; run "
                                    "docs/pictures/make_pictures.py PROGRAM and look at it")


if __name__ == "__main__":
    ROOT, PROGRAM = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
