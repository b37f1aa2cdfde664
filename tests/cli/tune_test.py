# SPDX-License-Identifier: Apache-2.0
"""`lockstep tune`, and runs with the kernel file that it makes."""

import json
import os

import harness
from harness import DATA_LOSS, EXISTS, INVALID, NOT_FOUND

ENVIRONMENT = 78


class TuneTest(harness.CliTest):
    def setUp(self):
        super().setUp()
        self.recipe = ("recipe.toml", "model.name=lenet5")

    def tune(self, *arguments):
        return self.succeeds("tune", *self.recipe, "--tune-seconds", 1, "--out", "k.json",
                             *arguments)

    def test_a_recipe_is_tuned_explained_trained_and_goes_on(self):
        told = self.tune()
        self.assertRegex(told.out, r"(?m)^\d+ distinct nodes; of \d+ several kernels can run")
        self.assertRegex(told.out, r"(?m)^wrote k\.json, hash [0-9a-f]{16}; ")
        self.assertRegex(told.err, r"(?m)^tune: \d+ nodes tried$")
        with open(self.path("k.json"), encoding="utf8") as file:
            made = json.load(file)
        self.assertEqual((made["format"], made["version"]), ("lockstep-kernels", 1))
        self.assertEqual(made["threads"], 1)
        named = (*self.recipe, "train.kernel_file=k.json")
        self.assertIn("kernels chosen by k.json", self.succeeds("explain", *named).out)
        trained = self.succeeds("train", *named, "train.max_steps=3", "--run", "runs/a")
        self.assertIn("kernels chosen by k.json", trained.err)
        self.assertEqual(harness.read_file(self.path("runs/a/kernels.json")),
                         harness.read_file(self.path("k.json")))
        self.succeeds("eval", "runs/a")
        os.rename(self.path("k.json"), self.path("away.json"))  # the run has a copy
        self.succeeds("eval", "runs/a")
        self.succeeds("eval", "runs/a", "train.kernel_file=")
        self.refuses(NOT_FOUND, "eval", "runs/a", "train.kernel_file=k.json", says=["'k.json'"])
        self.succeeds("eval", "runs/a", "train.kernel_file=away.json")
        os.rename(self.path("away.json"), self.path("k.json"))
        self.refuses(INVALID, "train", *self.recipe, "train.max_steps=5", "--run", "runs/a",
                     says=["train.kernel_file", "--overwrite"])
        self.succeeds("train", *named, "train.max_steps=5", "--run", "runs/a")

    def test_a_bad_kernel_file_is_refused_before_the_run_begins(self):
        self.tune()
        named = (*self.recipe, "train.kernel_file=k.json")
        self.refuses(ENVIRONMENT, "train", *named, "batch.lane_threads=2",
                     says=["'k.json'", "batch.lane_threads", "lockstep tune"])
        harness.flip_byte(self.path("k.json"), 40)
        self.refuses(DATA_LOSS, "train", *named, says=["'k.json'", "lockstep tune"])
        self.refuses(NOT_FOUND, "train", *self.recipe, "train.kernel_file=none.json",
                     says=["'none.json'", "lockstep tune"])
        self.refuses(INVALID, "train", *named, "train.kernels=reference",
                     says=["train.kernel_file", "train.kernels"])
        self.refuses(INVALID, "train", *named, "train.precision=fp64", "batch.lanes=1",
                     says=["train.kernel_file", "fp64"])
        self.assertFalse(self.tree() & {"runs"})

    def test_what_cannot_be_tuned_or_written(self):
        self.refuses(INVALID, "tune", "recipe.toml", "train.kernels=reference", "--out", "k.json",
                     says=["recipe.toml", "train.kernels"])
        self.refuses(INVALID, "tune", "recipe.toml", says=["--out is required"])
        self.refuses(NOT_FOUND, "tune", *self.recipe, "--out", "none/k.json",
                     says=["none/k.json", "--out"])
        os.mkdir(self.path("folder"))
        taken = self.refuses(EXISTS, "tune", *self.recipe, "--out", "folder",
                             says=["'folder'", "no regular file", "--out"])
        self.assertNotIn("tune:", taken.err, "nothing was timed")

    def test_bench_step_takes_a_kernel_file(self):
        self.tune()
        shown = self.succeeds("bench", "step", "--lanes", 1, "--steps", 1, "--warmup", 0,
                              "--kernel-file", "k.json").out
        self.assertIn("chosen by k.json", shown)
        self.refuses(INVALID, "bench", "step", "--kernels", "reference", "--kernel-file", "k.json",
                     says=["'k.json'", "reference"])


if __name__ == "__main__":
    harness.main()
