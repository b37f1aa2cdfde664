#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The six commands and the recipe of README.md do what it says.

Usage: readme_test.py ROOT PROGRAM [unittest arguments]

The commands run as they stand there, but for the training, which is cut short. They need Debian's packages
dataset-fashion-mnist and python3-torch.
"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

ROOT, PROGRAM = None, None  # set at the end
SHORT = ["train.epochs=1", "train.max_steps=100", "checkpoint.every_steps=100"]


def block(heading, language):
    """The lines of the code block below a heading of README.md."""
    section = (ROOT / "README.md").read_text().split(f"## {heading}\n")[1]
    return re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)[1].splitlines()


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.made.cleanup)
        cls.folder = pathlib.Path(cls.made.name)
        for name in ("cluster", "docs"):
            (cls.folder / name).symlink_to(ROOT / name)
        cls.printed = {}
        for line in block("From images to PyTorch in six commands", "sh"):
            words = shlex.split(line)
            name = " ".join(words[:2])
            cls.printed[name] = cls.run_command(words + (SHORT if words[1] == "train" else []))

    @classmethod
    def run_command(cls, words):
        words = [str(PROGRAM) if words[0] == "lockstep" else words[0], *words[1:]]
        done = subprocess.run(words, cwd=cls.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise AssertionError(f"{shlex.join(words)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def test_there_are_six_commands(self):
        self.assertEqual(len(block("From images to PyTorch in six commands", "sh")), 6)
        self.assertEqual(len(self.printed), 6)

    def test_the_dataset_is_the_one_it_prints(self):
        line, = [line for line in self.printed["lockstep data"].splitlines() if line.startswith("import:")]
        self.assertIn(f"`{line}`", (ROOT / "README.md").read_text())

    def test_pytorch_computes_the_loss_and_accuracy_of_the_evaluation(self):
        loss, accuracy, count = re.fullmatch(r"Split test: loss ([\d.]+)  acc1 ([\d.]+) %  .*\(([\d,]+) samples\)\n",
                                             self.printed["lockstep eval"]).groups()
        theirs = self.printed["/usr/bin/python3 docs/lenet5_in_pytorch.py"]
        found = re.fullmatch(r"([\d,]+) images: loss ([\d.]+), accuracy ([\d.]+) %\n", theirs)
        self.assertEqual(found[1], count)
        self.assertAlmostEqual(float(found[2]), float(loss), delta=1e-4)
        self.assertAlmostEqual(float(found[3]), float(accuracy), delta=0.02)
        self.assertGreater(float(accuracy), 30)

    def test_the_recipe_of_ten_lines_trains(self):
        lines = block("A recipe of ten lines", "toml")
        self.assertEqual(len(lines), 10)
        (self.folder / "mine.toml").write_text("\n".join(lines) + "\n")
        self.assertIn("convnet-bn", self.run_command(["lockstep", "explain", "mine.toml"]))
        self.assertIn("digest", self.run_command(["lockstep", "train", "mine.toml", "train.max_steps=20"]))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    ROOT, PROGRAM = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
