# SPDX-License-Identifier: Apache-2.0
"""Results that cannot be written end with 74; a reader that has gone ends nothing."""

import os
import subprocess

import harness
from harness import INVALID, IO_ERROR, NOT_FOUND, OK


class OutputTest(harness.CliTest):
    def to(self, out, *arguments, err=subprocess.PIPE):
        """Runs the program with its standard output, or error, at an open file."""
        done = subprocess.run(harness.command(*arguments), cwd=self.folder, stdout=out, stderr=err,
                              stdin=subprocess.DEVNULL, timeout=harness.SECONDS)
        said = (done.stderr or b"").decode()
        self.assertNotRegex(said, harness.CRASH)
        return done.returncode, said

    def every_command(self):
        self.succeeds("train", "recipe.toml", "train.epochs=1", "--run", "runs/a")
        return [["--help"], ["--version"], ["data", "--help"], ["recipe", "--keys"],
                ["models"], ["models", "--filter", "lenet"],
                ["data", "info", "small.ldb"], ["data", "info", "small.ldb", "--json"],
                ["data", "verify", "small.ldb"], ["data", "show", "small.ldb", "3"],
                ["data", "order", "recipe.toml", "--step", "1"],
                ["data", "import", "idx", "source", "--out", "more.ldb"],
                ["eval", "runs/a"], ["explain", "recipe.toml"],
                ["tune", "recipe.toml", "--out", "k.json", "--tune-seconds", "0"],
                ["ckpt", "ls", "runs/a"], ["ckpt", "ls", "runs/a", "--json"],
                ["ckpt", "verify", "runs/a"],
                ["data", "show", "small.ldb", "--out", "sheet.png"],
                ["bench", "input", "recipe.toml", "--batches", "2"],
                ["bench", "step", "--steps", "1", "--warmup", "0", "--lane-batch", "2"],
                ["doctor", "--no-measure"], ["doctor", "--no-measure", "--json"],
                ["train", "recipe.toml", "train.epochs=1", "--run", "runs/b"],
                ["train", "recipe.toml", "train.epochs=1", "--run", "runs/a"]]

    def test_a_full_disk_under_standard_output_ends_with_74_in_every_command(self):
        for arguments in self.every_command():
            with self.subTest(command=arguments), open("/dev/full", "wb") as full:
                code, said = self.to(full, *arguments)
                self.assertEqual(code, IO_ERROR, said)
                self.assertIn("cannot write to standard output: No space left on device", said)

    def test_a_reader_that_has_gone_ends_no_command(self):
        for arguments in self.every_command():
            with self.subTest(command=arguments):
                reader, writer = os.pipe()
                os.close(reader)
                code, said = self.to(writer, *arguments)
                os.close(writer)
                self.assertEqual(code, OK, said)
                self.assertNotIn("error", said)

    def test_a_full_disk_under_standard_error_leaves_code_and_results(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(self.to(subprocess.DEVNULL, "eval", "nosuch", err=full)[0], NOT_FOUND)
            self.assertEqual(self.to(subprocess.DEVNULL, "trian", err=full)[0], INVALID)
            self.assertEqual(self.to(subprocess.DEVNULL, "train", "recipe.toml", "--run", "runs/a",
                                     err=full)[0], OK)
        self.assertIn("acc1", self.succeeds("eval", "runs/a").out)

    def test_a_failure_keeps_its_own_code_where_output_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(self.to(full, "data", "info", "nosuch")[0], NOT_FOUND)


if __name__ == "__main__":
    harness.main()
