# SPDX-License-Identifier: Apache-2.0
"""Photographs in class folders, imported as a person does it."""

import os
import struct
import zlib

import harness
from harness import DATA_LOSS, INVALID


def png(height, width, grey):
    """A grey PNG of one value."""
    def chunk(kind, content):
        return (struct.pack(">I", len(content)) + kind + content
                + struct.pack(">I", zlib.crc32(kind + content)))
    rows = (b"\0" + bytes([grey]) * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class ImportPhotographsTest(harness.CliTest):
    def setUp(self):
        super().setUp()
        for kind in ("cat", "dog"):
            os.makedirs(self.path(f"pets/{kind}"))
            for number in range(10):
                harness.write_file(self.path(f"pets/{kind}/{number}.png"),
                                   png(8 + number, 9, 20 * number))

    def test_a_check_says_what_would_come_and_writes_nothing(self):
        before = sorted(os.listdir(self.folder))
        harness.write_file(self.path("pets/cat/page.jpg"), "<html><body>404</body></html>")
        shown = self.succeeds("data", "import", "imagefolder", "pets", "--check",
                              "--val-share", 0.2)
        self.assertIn("samples   20 can be imported\n", shown.out)
        self.assertIn("split     train: 16\nsplit     val: 4\nclasses   2\n", shown.out)
        self.assertIn("left out 1 for: this is an HTML page", shown.err)
        self.assertIn("left out cat/page.jpg: this is an HTML page", shown.err)
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_a_folder_for_temporary_files_is_needed_by_a_check_alone(self):
        nowhere = {**os.environ, "TMPDIR": "/no/such/folder"}
        self.succeeds("data", "import", "imagefolder", "pets", "--out", "pets.ldb", env=nowhere)
        self.refuses(INVALID, "data", "import", "imagefolder", "pets", "--check", env=nowhere,
                     says=["--check", "TMPDIR"])

    def test_a_dataset_is_made_and_verified(self):
        self.succeeds("data", "import", "imagefolder", "pets", "--out", "data/pets.ldb")
        self.succeeds("data", "verify", "data/pets.ldb")
        shown = self.succeeds("data", "info", "data/pets.ldb").out
        self.assertIn("train: 20 samples", shown)

    def test_what_does_not_go_together_is_refused(self):
        source = ["data", "import", "imagefolder", "pets"]
        self.refuses(INVALID, *source, says=["--out is required", "--check"])
        self.refuses(INVALID, *source, "--check", "--out", "x.ldb", says=["--check", "--out"])
        self.refuses(INVALID, *source, "--check", "--table", "x.csv",
                     says=["imagefolder", "has no option --table"])
        self.refuses(INVALID, *source, "--check", "--val-share", 1, says=["--val-share"])
        for kind in ("cat", "dog"):
            for number in range(10):
                harness.write_file(self.path(f"pets/{kind}/{number}.png"), "")
        self.refuses(DATA_LOSS, *source, "--out", "new/pets.ldb", says=["cat/0.png"])
        self.assertFalse(os.path.exists(self.path("new")))


if __name__ == "__main__":
    harness.main()
