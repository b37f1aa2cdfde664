# SPDX-License-Identifier: Apache-2.0
"""Runs the `lockstep` program as a person would, in a folder of its own, and checks what it says.

A test file ends with `harness.main()`, which takes the program's path from the command line:
python3 train_test.py build/release/cluster/lockstep [unittest arguments]
"""

import gzip
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""  # set by main()
SECONDS = 120  # how long one command may take before it counts as hung

# docs/errors.md
OK, INVALID, DATA_LOSS, NOT_FOUND, FULL = 0, 64, 65, 66, 71
EXISTS, IO_ERROR, STOPPED, NOT_PERMITTED, NON_FINITE = 73, 74, 75, 77, 79

TRAIN, TEST, SIDE, CLASSES = 160, 40, 28, 10

# What no message to a person may hold: signs of a crash, a sanitizer or a stranger's exception.
CRASH = re.compile(r"Sanitizer|runtime error|terminate called|what\(\)|Check failed|core dumped"
                   r"|Segmentation|Assertion|stack trace|Traceback")


class Outcome:
    """How one command ended."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def __str__(self):
        return (f"lockstep {' '.join(self.arguments)}\nexit code {self.code}\n"
                f"--- stdout\n{self.out}--- stderr\n{self.err}---")


def command(*arguments):
    return [PROGRAM, *map(str, arguments)]


def write_file(path, content):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def read_text(path):
    return read_file(path).decode()


def flip_byte(path, offset):
    content = bytearray(read_file(path))
    content[offset] ^= 0x10
    write_file(path, bytes(content))


def images_idx(count, seed):
    """An idx file of images: noise, with two bright rows that tell the class."""
    noise = random.Random(seed)
    pixels = bytearray()
    for index in range(count):
        image = bytearray(noise.randbytes(SIDE * SIDE))
        row = bright_row(index)
        image[row * SIDE:(row + 2) * SIDE] = b"\xff" * (2 * SIDE)
        pixels += image
    return struct.pack(">IIII", 0x803, count, SIDE, SIDE) + bytes(pixels)


def labels_idx(count):
    return struct.pack(">II", 0x801, count) + bytes(label(i) for i in range(count))


def label(index):
    return index % CLASSES


def bright_row(index):
    """The upper of the two bright rows of an image."""
    return 4 + 2 * label(index)


def write_source(folder):
    """The four files of an idx source, one of them compressed."""
    os.makedirs(folder)
    write_file(f"{folder}/train-images-idx3-ubyte", images_idx(TRAIN, 1))
    write_file(f"{folder}/train-labels-idx1-ubyte", labels_idx(TRAIN))
    write_file(f"{folder}/t10k-images-idx3-ubyte.gz", gzip.compress(images_idx(TEST, 2)))
    write_file(f"{folder}/t10k-labels-idx1-ubyte", labels_idx(TEST))


# A small model: these tests also run unoptimised, under sanitizers.
RECIPE = """\
data.dataset = "small.ldb"
data.val = "test"
data.window_shards = 2
model.name = "mlp-784-128-64-10"
batch = { lanes = 4, lane_batch = 5 }
train = { epochs = 2, seed = 3 }
optimizer = { name = "sgd", lr = 0.02, momentum = 0.9 }
eval.batch = 5
"""


class CliTest(unittest.TestCase):
    """A folder, the current directory of every command, with source/, small.ldb and recipe.toml."""

    @classmethod
    def setUpClass(cls):
        cls._made = tempfile.mkdtemp(prefix="lockstep-cli-")
        cls.addClassCleanup(shutil.rmtree, cls._made)
        write_source(f"{cls._made}/source")
        import_small = command("data", "import", "idx", "source", "--out", "small.ldb",
                               "--shard-size", 16)
        subprocess.run(import_small, cwd=cls._made, check=True, capture_output=True,
                       timeout=SECONDS)

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lockstep-cli-")
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(self._made, self.folder, dirs_exist_ok=True)
        write_file(self.path("recipe.toml"), RECIPE)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_program(self, *arguments, **options):
        done = subprocess.run(command(*arguments), cwd=self.folder, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=SECONDS, text=True,
                              errors="replace", **options)
        outcome = Outcome(list(map(str, arguments)), done.returncode, done.stdout, done.stderr)
        self.assertNotRegex(outcome.err, CRASH, outcome)
        self.assertGreaterEqual(outcome.code, 0, f"ended by a signal\n{outcome}")
        return outcome

    def succeeds(self, *arguments, **options):
        outcome = self.run_program(*arguments, **options)
        self.assertEqual(outcome.code, OK, outcome)
        self.assertNotIn("error", outcome.err, outcome)
        return outcome

    def fails(self, code, *arguments, says, **options):
        """Fails with the documented code; standard error says each of `says`, stdout nothing."""
        before = self.tree()
        outcome = self.run_program(*arguments, **options)
        self.assertEqual(outcome.code, code, outcome)
        self.assertRegex(outcome.err, r"(?m)^lockstep: error: ", outcome)
        self.assertEqual(outcome.out, "", outcome)
        for phrase in says:
            self.assertIn(phrase, outcome.err, outcome)
        outcome.left = sorted(self.tree() - before)
        return outcome

    def refuses(self, code, *arguments, says, **options):
        """Fails, and leaves nothing behind."""
        outcome = self.fails(code, *arguments, says=says, **options)
        self.assertEqual(outcome.left, [], outcome)
        return outcome

    def tree(self):
        """Every path below the folder."""
        return {os.path.relpath(os.path.join(at, name), self.folder)
                for at, folders, files in os.walk(self.folder) for name in folders + files}

    def mount_tmpfs(self, name, options):
        """Mounts a tmpfs at a new folder until the test ends, or skips it saying why not."""
        at = self.path(name)
        os.makedirs(at)
        if os.geteuid() != 0:
            self.skipTest("mounting a small file system needs root")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", at],
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"mounting is not permitted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", at], check=True)
        return at


def main():
    global PROGRAM
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} PROGRAM [unittest arguments]; PROGRAM is the lockstep "
                 "program, for example build/release/cluster/lockstep")
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__", verbosity=2)  # says what it skips and why
