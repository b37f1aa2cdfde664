# SPDX-License-Identifier: Apache-2.0
"""Where a run may live, and that a run directory which was moved away is not made again."""

import os
import subprocess
import time

import harness
from harness import EXISTS, INVALID, NOT_FOUND


class RunPlaceTest(harness.CliTest):
    def train(self, run, *arguments):
        return self.succeeds("train", "recipe.toml", "train.epochs=1", "--run", run, *arguments)

    def refuses_place(self, run, says, code=EXISTS):
        for more in ([], ["--overwrite"], ["--takeover"]):
            self.refuses(code, "train", "recipe.toml", "--run", run, *more, says=says)

    def test_what_is_not_empty_and_no_run_is_refused_by_name_and_left_alone(self):
        os.makedirs(self.path("mine"))
        harness.write_file(self.path("mine/notes.txt"), "mine")
        self.refuses_place("mine", ["'mine' is not empty and is not the directory of a run",
                                    "'notes.txt'", "--run"])
        self.refuses_place("source", ["'source'", "and 3 more"])
        self.refuses_place(".", ["'.' is not empty", "it has 'mine' and 3 more"])
        self.refuses_place("/", ["'/' is not empty"])
        self.refuses_place("recipe.toml", ["'recipe.toml' is there and is no directory"])
        self.assertEqual(harness.read_text(self.path("mine/notes.txt")), "mine")

    def test_a_persons_recipe_alone_is_no_run(self):
        os.makedirs(self.path("mine"))
        os.rename(self.path("recipe.toml"), self.path("mine/recipe.toml"))
        self.refuses(EXISTS, "train", "mine/recipe.toml", "--run", "mine", "--overwrite",
                     says=["'mine' is not empty", "'recipe.toml'"])

    def test_no_run_lives_in_a_dataset_or_in_another_run(self):
        self.refuses_place("small.ldb", ["'small.ldb' is a dataset"])
        self.refuses_place("small.ldb/runs/a", ["lies in the dataset", "small.ldb'"])
        os.symlink("small.ldb", self.path("link"))
        self.refuses_place("link/a", ["lies in the dataset"])
        self.train("runs/a")
        for inside in ("runs/a/b", "runs/a/checkpoints/new", "runs/../runs/a/checkpoints"):
            self.refuses_place(inside, ["lies in the run", "runs/a'"])
        self.refuses(INVALID, "data", "import", "idx", "source", "--out", "small.ldb/inner.ldb",
                     says=["would lie in the dataset"])
        self.succeeds("data", "verify", "small.ldb")

    def test_an_empty_name_is_no_place(self):
        self.refuses_place("", ["--run is empty"], code=INVALID)

    def test_an_empty_folder_or_a_run_is_a_place_and_files_beside_a_run_stay(self):
        os.makedirs(self.path("runs/a"))
        self.train("runs/a")
        harness.write_file(self.path("runs/a/notes.txt"), "mine")
        os.makedirs(self.path("generations/of/mine"))  # a folder of that name makes no run above
        self.train("runs/a", "--overwrite")
        self.train("generations/of/mine")
        self.assertEqual(harness.read_text(self.path("runs/a/notes.txt")), "mine")

    def test_what_a_start_that_was_killed_early_left_is_no_hindrance(self):
        os.makedirs(self.path("runs/a/generations"))
        harness.write_file(self.path("runs/a/recipe.toml.probe.123"), "x")
        self.train("runs/a")

    def wait_for(self, what, running):
        end = time.monotonic() + harness.SECONDS
        while not what():
            self.assertIsNone(running.poll(), "ended too soon")
            self.assertLess(time.monotonic(), end, "waited for too long")
            time.sleep(0.01)

    def test_a_run_directory_that_was_moved_away_is_not_made_again(self):
        running = subprocess.Popen(
            harness.command("train", "recipe.toml", "train.epochs=1000000",
                            "checkpoint.every_steps=5", "--run", "runs/a", "--no-progress"),
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(running.kill)
        checkpoints = self.path("runs/a/checkpoints")
        self.wait_for(lambda: os.path.isdir(checkpoints) and
                      any(name.startswith("b01-") for name in os.listdir(checkpoints)), running)
        os.rename(self.path("runs/a"), self.path("runs/moved"))
        said = running.communicate(timeout=harness.SECONDS)[1]
        self.assertEqual(running.returncode, NOT_FOUND, said)
        self.assertNotRegex(said, harness.CRASH)
        self.assertRegex(said, r"gone|No such file")
        self.assertFalse(os.path.exists(self.path("runs/a")), said)


if __name__ == "__main__":
    harness.main()
