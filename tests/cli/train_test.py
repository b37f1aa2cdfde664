# SPDX-License-Identifier: Apache-2.0
"""Runs: what they leave, that they repeat, and how they stop."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess

import harness
from harness import (DATA_LOSS, EXISTS, FULL, INVALID, NON_FINITE, NOT_FOUND, NOT_PERMITTED,
                     STOPPED, TRAIN)

RUN_FILES = ["checkpoints", "digests.csv", "generations", "ledger", "model.safetensors",
             "recipe.toml", "results.csv", "summary.json"]


class TrainTest(harness.CliTest):
    def train(self, run, *arguments):
        return self.succeeds("train", "recipe.toml", "--run", run, *arguments)

    def text(self, name):
        return harness.read_text(self.path(name))

    def table(self, name):
        return list(csv.DictReader(io.StringIO(self.text(name))))

    def summary(self, run):
        def refuse(constant):
            raise AssertionError(f"{constant} is not JSON")

        return json.loads(self.text(f"{run}/summary.json"), parse_constant=refuse)

    def files(self, run):
        return sorted(os.listdir(self.path(run)))


class GoodRunTest(TrainTest):
    def test_a_run_leaves_its_files_and_says_how_to_go_on(self):
        done = self.train("runs/a")
        self.assertEqual(self.files("runs/a"), RUN_FILES)
        for line in ("Trained 2 epochs, 16 steps", "run directory runs/a",
                     "lockstep eval runs/a"):
            self.assertIn(line, done.out)
        self.assertRegex(done.err, r"(?m)^memory \d+\.\d MiB at most: ")  # before the first step

    def test_the_default_run_directory_has_the_recipes_name(self):
        self.succeeds("train", "recipe.toml")
        self.assertEqual(self.files("runs/recipe"), RUN_FILES)

    def test_any_number_of_ranks_gives_the_same_digests(self):
        for ranks in (1, 2, 3, 4):
            self.train(f"runs/{ranks}", "--ranks", ranks)
            self.assertEqual(self.summary(f"runs/{ranks}")["world_size"], ranks)
        one = self.text("runs/1/digests.csv")
        for ranks in (2, 3, 4):
            self.assertEqual(self.text(f"runs/{ranks}/digests.csv"), one, f"{ranks} ranks")
        self.train("runs/other", "train.seed=4")
        self.assertNotEqual(self.text("runs/other/digests.csv"), one)

    def test_the_summary_has_every_documented_key(self):
        self.train("runs/a", "--ranks", 2)
        summary = self.summary("runs/a")
        expected = {"status": "finished", "epoch": 2, "step": 16, "world_size": 2, "lanes": 4,
                    "lane_batch": 5, "samples_consumed": 2 * TRAIN, "exactly_once": True}
        self.assertEqual({key: summary[key] for key in expected}, expected)
        for key in ("train_loss", "val_loss", "images_per_second", "seconds", "peak_memory_bytes"):
            self.assertGreater(summary[key], 0, key)
        self.assertEqual(list(summary["metrics"])[:2], ["acc1", "acc5"])
        for name, value in summary["metrics"].items():
            self.assertTrue(0 <= value <= 1, name)
        self.assertRegex(summary["digest"], r"\A[0-9a-f]{16}\Z")
        self.assertNotIn("error", summary)

    def test_the_tables_agree_with_the_summary(self):
        self.train("runs/a")
        summary = self.summary("runs/a")
        steps = self.table("runs/a/digests.csv")
        self.assertEqual([int(row["step"]) for row in steps], list(range(1, 17)))
        self.assertEqual(steps[-1]["digest"], summary["digest"])
        self.assertEqual(len({row["digest"] for row in steps}), 16)
        epochs = self.table("runs/a/results.csv")
        self.assertEqual([(row["epoch"], row["step"]) for row in epochs], [("0", "8"), ("1", "16")])
        for key in ("train_loss", "val_loss"):
            self.assertAlmostEqual(float(epochs[-1][key]), summary[key], 6)
        for key, value in summary["metrics"].items():
            self.assertAlmostEqual(float(epochs[-1][key]), value, 6)

    def test_the_resolved_recipe_repeats_the_run(self):
        self.train("runs/a", "optimizer.lr=0.03")
        self.assertIn("optimizer.lr = 0.03  # command line", self.text("runs/a/recipe.toml"))
        self.succeeds("train", "runs/a/recipe.toml", "--run", "runs/b")
        self.assertEqual(self.text("runs/b/digests.csv"), self.text("runs/a/digests.csv"))

    def test_eval_prints_the_metrics_of_the_summary(self):
        self.train("runs/a", "train.epochs=3", "optimizer.lr=0.05")
        summary = self.summary("runs/a")
        shown = self.succeeds("eval", "runs/a").out
        metrics = "".join(f"  {name} {100 * value:.2f} %"
                          for name, value in summary["metrics"].items())
        self.assertIn(f"Split test: loss {summary['val_loss']:.6f}{metrics}  (", shown)
        self.assertGreater(summary["metrics"]["acc1"], 0.2,
                           "bright rows should be easy to tell apart")
        self.assertRegex(self.succeeds("eval", "runs/a", "--split", "train").out,
                         rf"Split train: .*  \({TRAIN} samples\)")

    def test_eval_tells_of_each_class(self):
        self.train("runs/a")
        shown = self.succeeds("eval", "runs/a", "--per-class").out.splitlines()
        at = next(i for i, line in enumerate(shown) if line.startswith("class"))
        self.assertEqual(shown[at].split(), ["class", "precision", "recall", "f1", "support"])
        told = json.loads(self.succeeds("eval", "runs/a", "--per-class", "--json").out)
        self.assertEqual(len(shown) - at - 1, len(told["classes"]))
        for line, entry in zip(shown[at + 1:], told["classes"]):
            self.assertEqual(line, line.rstrip())
            *name, precision, recall, f1, support = line.split()
            self.assertEqual(" ".join(name), entry["class"])
            for value, key in ((precision, "precision"), (recall, "recall"), (f1, "f1")):
                self.assertAlmostEqual(float(value), entry[key], 4)
            self.assertEqual(int(support), entry["support"])
        confusion = told["confusion"]
        self.assertEqual([sum(row) for row in confusion], [e["support"] for e in told["classes"]])
        hits = sum(row[i] for i, row in enumerate(confusion))
        self.assertAlmostEqual(told["metrics"]["acc1"], hits / told["samples"])
        plain = json.loads(self.succeeds("eval", "runs/a", "--json").out)
        self.assertEqual(plain, {key: told[key] for key in plain})
        self.assertEqual(set(told) - set(plain), {"classes", "confusion"})

    def test_eval_of_what_is_no_finished_run(self):
        self.refuses(NOT_FOUND, "eval", "runs/nosuch",
                     says=["neither a run nor a file 'runs/nosuch'",
                           f"looked up from '{self.folder}'", "RUN@best"])
        self.refuses(NOT_FOUND, "eval", "source",
                     says=["'source' is neither a run nor a checkpoint", "no recipe.toml"])
        self.refuses(NOT_FOUND, "eval", "source@best", says=["there is no run 'source'"])
        self.train("runs/a")
        self.refuses(INVALID, "eval", "runs/a", "--split", "tset",
                     says=["'tset'", "did you mean 'test'?"])
        weights = harness.read_file(self.path("runs/a/model.safetensors"))
        harness.write_file(self.path("runs/a/model.safetensors"), weights[:-1])
        self.refuses(DATA_LOSS, "eval", "runs/a", says=["runs/a/model.safetensors"])


class NamedWeightsTest(TrainTest):
    """RUN, RUN@best, RUN@STEP, RUN@CHECKPOINT and paths, wherever weights are wanted."""

    def accuracy_of(self, weights, *arguments):
        return re.search(r"acc1 (\d+\.\d+) %", self.succeeds("eval", weights, *arguments).out)[1]

    def test_every_form_names_what_it_says(self):
        self.train("runs/a", "train.epochs=4", "optimizer.lr=0.05", "checkpoint.keep_last=9")
        rows = {int(row["step"]): f"{100 * float(row['acc1']):.2f}"
                for row in self.table("runs/a/results.csv")}
        self.assertEqual(len(rows), 4)
        for step, accuracy in rows.items():
            name = f"b01-s{step:010}"
            for weights in (f"runs/a@{step}", f"runs/a@{name}", f"runs/a/checkpoints/{name}",
                            self.path(f"runs/a/checkpoints/{name}/")):
                self.assertEqual(self.accuracy_of(weights), accuracy, weights)
        best = max(rows, key=lambda step: (float(rows[step]), -step))
        shown = self.succeeds("eval", "runs/a@best").out
        self.assertIn(f"acc1 {rows[best]} %", shown)
        self.assertIn(f"runs/a/checkpoints/b01-s{best:010}", shown)
        self.assertEqual(self.accuracy_of("runs/a"), rows[32])
        self.assertEqual(self.accuracy_of("runs/a/model.safetensors"), rows[32])
        listed = self.succeeds("ckpt", "ls", "runs/a").out
        self.assertEqual(re.findall(r"(?m)^(b01-s\d+) .*, best$", listed), [f"b01-s{best:010}"])
        marked = [c["step"] for c in json.loads(
            self.succeeds("ckpt", "ls", "runs/a", "--json").out)["checkpoints"] if c["best"]]
        self.assertEqual(marked, [best])

    def test_a_run_starts_from_any_of_them(self):
        self.train("runs/a", "train.epochs=3", "checkpoint.keep_last=9")
        digests = set()
        for index, weights in enumerate(("runs/a@8", "runs/a/checkpoints/b01-s0000000008")):
            self.train(f"runs/from{index}", f"model.weights={weights}", "train.max_steps=2")
            digests.add(self.summary(f"runs/from{index}")["digest"])
        self.assertEqual(len(digests), 1)
        self.train("runs/end", "model.weights=runs/a", "train.max_steps=2")
        self.train("runs/file", "model.weights=runs/a/model.safetensors", "train.max_steps=2")
        self.assertEqual(self.summary("runs/end")["digest"], self.summary("runs/file")["digest"])
        self.assertNotIn(self.summary("runs/end")["digest"], digests)

    def test_a_path_that_exists_wins(self):
        self.train("runs/a")
        self.train("runs/a@8", "train.epochs=1")
        self.assertEqual(self.accuracy_of("runs/a@8"),
                         f"{100 * self.summary('runs/a@8')['metrics']['acc1']:.2f}")
        self.assertIn("b01-s0000000008", self.succeeds("eval", "runs/a@8@best").out)

    def test_only_scheduled_evaluations_can_be_the_best(self):
        self.train("runs/cut", "train.max_steps=3")
        self.refuses(NOT_FOUND, "eval", "runs/cut@best", says=["no scheduled evaluation yet",
                                                               "lockstep ckpt ls runs/cut"])
        self.train("runs/even", "train.epochs=3", "eval.every_epochs=2", "checkpoint.keep_last=9")
        self.assertIn("b01-s0000000016", self.succeeds("eval", "runs/even@best").out)

    def test_the_best_is_by_the_metric_of_the_recipe(self):
        self.refuses(INVALID, "train", "recipe.toml", "--run", "runs/no", "eval.best=acc9",
                     says=["eval.best is 'acc9'", "there are acc1, acc5", "loss"])
        self.train("runs/a", "train.epochs=4", "eval.best=loss", "checkpoint.keep_last=9")
        rows = self.table("runs/a/results.csv")
        best = min(rows, key=lambda row: float(row["val_loss"]))
        self.assertIn(f"b01-s{int(best['step']):010}", self.succeeds("eval", "runs/a@best").out)

    def test_what_is_not_there(self):
        self.train("runs/a")
        self.refuses(NOT_FOUND, "eval", "runs/a@7",
                     says=["no checkpoint of step 7", "it has b01-s0000000008, b01-s0000000016"])
        self.refuses(NOT_FOUND, "eval", "runs/a@b02-s0000000008", says=["no checkpoint b02-"])
        self.refuses(INVALID, "eval", "runs/a@last", says=["'last'", "expected best, a step"])
        for name in ("8.0", "+8", "-8", ""):
            self.refuses(INVALID, "eval", f"runs/a@{name}", says=[f"'{name}' names no checkpoint"])
        os.makedirs(self.path("loose"))
        shutil.copy(self.path("runs/a/model.safetensors"), self.path("loose/w.safetensors"))
        self.refuses(INVALID, "eval", "loose/w.safetensors", says=["lies in no run directory"])

    def test_a_checkpoint_whose_bytes_changed_is_never_read(self):
        self.train("runs/a")
        harness.flip_byte(self.path("runs/a/checkpoints/b01-s0000000008/"
                                    "model-00001-of-00001.safetensors"), -5)
        self.refuses(DATA_LOSS, "eval", "runs/a@8", says=["b01-s0000000008/model-00001", "damaged"])
        self.fails(DATA_LOSS, "train", "recipe.toml", "--run", "b", "model.weights=runs/a@8",
                   says=["model.weights", "b01-s0000000008/model-00001", "damaged"])


class RunDirectoryTest(TrainTest):
    def refuses_run(self, code, run, says, *arguments):
        self.refuses(code, "train", "recipe.toml", "--run", run, *arguments, says=says)

    def test_a_finished_run_stays_unless_told(self):
        self.train("runs/a")
        first = {name: self.text(f"runs/a/{name}") for name in ("digests.csv", "summary.json")}
        done = self.train("runs/a")
        self.assertIn("runs/a is finished already", done.out)
        self.assertIn("--overwrite", done.out)
        shutil.rmtree(self.path("runs/a/checkpoints"))
        self.refuses_run(EXISTS, "runs/a", ["'runs/a' holds the weights of a finished run", "--overwrite"])
        for name, text in first.items():
            self.assertEqual(self.text(f"runs/a/{name}"), text)
        self.train("runs/a", "--overwrite", "train.epochs=1")
        self.assertEqual(self.summary("runs/a")["epoch"], 1)
        self.assertEqual(self.files("runs/a"), RUN_FILES)

    def test_a_path_below_a_file(self):
        self.refuses_run(NOT_FOUND, "recipe.toml/a",
                         ["the run directory", "'recipe.toml/a'", "Not a directory", "with --run"])

    def test_where_nothing_can_be_made(self):
        self.refuses_run(NOT_FOUND, "/proc/lockstep", ["'/proc/lockstep'", "with --run"])

    def test_a_read_only_file_system(self):
        disk = self.mount_tmpfs("disk", "ro")
        self.refuses_run(NOT_PERMITTED, f"{disk}/a", ["Read-only file system", "with --run"])

    def test_a_directory_without_permission(self):
        if os.geteuid() == 0:
            self.skipTest("root may write anywhere")
        os.makedirs(self.path("locked"), mode=0o500)
        self.refuses_run(NOT_PERMITTED, "locked/a", ["Permission denied", "with --run"])

    def test_a_disk_too_full_to_begin(self):
        disk = self.mount_tmpfs("disk", "size=4k")
        outcome = self.fails(FULL, "train", "recipe.toml", "--run", f"{disk}/a",
                             says=["No space left", "with --run"])
        self.assertFalse({"digests.csv", "recipe.toml"} & set(self.files("disk/a")), outcome.left)

    def test_a_disk_too_full_for_the_weights(self):
        disk = self.mount_tmpfs("disk", "size=64k")
        self.fails(FULL, "train", "recipe.toml", "--run", f"{disk}/a",
                   says=["model.safetensors", "No space left"])
        self.assertEqual(self.files("disk/a"), [f for f in RUN_FILES if f != "model.safetensors"])
        self.assertEqual(self.summary("disk/a")["status"], "failed")
        self.refuses(NOT_FOUND, "eval", f"{disk}/a", says=["has no model.safetensors",
                                                           "summary.json says why"])


class StoppedRunTest(TrainTest):
    def stops_on_non_finite(self, run, *arguments):
        outcome = self.fails(NON_FINITE, "train", "recipe.toml", "--run", run,
                             "model.name=lenet5", "model.activation=relu", "optimizer.lr=1e30",
                             *arguments,
                             says=["step 2, lane ", "layer 'conv2'", "conv2d",
                                   "the first to hold a NaN or an infinity", "optimizer.lr",
                                   "schedule.warmup_epochs", "optimizer.clip_norm"])
        self.assertEqual(self.files(run), [f for f in RUN_FILES if f not in
                                           ("checkpoints", "model.safetensors")])
        summary = self.summary(run)
        self.assertEqual((summary["status"], summary["step"]), ("failed", 1))
        self.assertIn("layer 'conv2'", summary["error"])
        self.assertEqual(len(self.table(f"{run}/digests.csv")), 1)  # the step before
        self.assertIn("lockstep data order recipe.toml --step", outcome.err)
        return int(re.search(r"step 2, lane (\d+)", outcome.err)[1])

    def test_a_non_finite_loss_names_the_step_and_the_first_layer(self):
        self.assertEqual(self.stops_on_non_finite("runs/a"), 0)
        self.assertEqual(self.stops_on_non_finite("runs/b", "--ranks", 3), 0)

    def test_non_finite_steps_are_skipped_on_request(self):
        self.train("runs/a", "optimizer.lr=1e30", "train.nonfinite=skip")
        summary = self.summary("runs/a")
        skipped = sum(int(row["skipped"]) for row in self.table("runs/a/digests.csv"))
        self.assertGreater(skipped, 0)
        self.assertEqual(summary["skipped_steps"], skipped)

    def samples_of(self, step, lane):
        order = json.loads(self.succeeds("data", "order", "recipe.toml", "data.dataset=whole.ldb",
                                         "--step", step).out)
        return order["lanes"][lane]["samples"]

    def damage_a_train_sample(self):
        """Flips a byte of a sample of step 6; returns its id and the name of its file."""
        sample = self.samples_of(step=6, lane=2)[0]
        number = int(sample["source"].rpartition("/")[2])
        images = harness.read_file(self.path("source/train-images-idx3-ubyte"))[16:]
        pixels = images[number * harness.SIDE**2:(number + 1) * harness.SIDE**2]
        [name] = [name for name in self.files("small.ldb")
                  if pixels in harness.read_file(self.path(f"small.ldb/{name}"))]
        path = self.path(f"small.ldb/{name}")
        harness.flip_byte(path, harness.read_file(path).index(pixels) + 300)
        return sample["id"], name

    def test_a_damaged_sample_stops_the_run_before_it_is_used(self):
        shutil.copytree(self.path("small.ldb"), self.path("whole.ldb"))
        self.train("runs/whole")
        damaged, file = self.damage_a_train_sample()
        self.refuses(DATA_LOSS, "data", "show", "small.ldb", damaged,
                     says=[f"sample {damaged} ", file])
        whole = self.text("runs/whole/digests.csv").splitlines()
        for ranks in (1, 3):
            run = f"runs/{ranks}"
            outcome = self.fails(DATA_LOSS, "train", "recipe.toml", "--run", run, "--ranks", ranks,
                                 says=[f"small.ldb/{file}", "lockstep data verify small.ldb",
                                       "import the source again"])
            # The store checks blocks of a few samples: the first of them that is needed is named.
            found = re.search(r"epoch 1, step (\d+) of it, lane (\d+): sample (\d+) ", outcome.err)
            self.assertIsNotNone(found, outcome)
            step, lane, named = map(int, found.groups())
            self.assertIn(named, [sample["id"] for sample in self.samples_of(step, lane)])
            self.assertLessEqual(step, 6)
            digests = self.text(f"{run}/digests.csv").splitlines()
            self.assertLessEqual(len(digests), step)  # a header and the steps before it
            self.assertEqual(digests, whole[:len(digests)])
            self.assertEqual(self.summary(run)["status"], "failed")

    def test_an_interrupted_run_goes_on_as_if_it_had_not_been(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
            run = f"runs/{number}"
            trainer = subprocess.Popen(
                harness.command("train", "recipe.toml", "--run", run, "train.max_steps=100000",
                                "train.epochs=100000"),
                cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            with trainer.stderr:
                for line in trainer.stderr:
                    if line.startswith("epoch 1/"):
                        break
                trainer.send_signal(number)
                said = trainer.stderr.read()
            self.assertEqual(trainer.wait(timeout=harness.SECONDS), STOPPED, said)
            self.assertRegex(said, r"(?m)^lockstep: stopped on request after step \d+; its checkpoint "
                                   r"is written, and the same command goes on from it$")
            self.assertEqual(self.summary(run)["status"], "stopped")
            self.refuses(NOT_FOUND, "eval", run, says=["has no model.safetensors", "goes on"])
            stopped_at = self.summary(run)["step"]
            self.train(run, f"train.max_steps={stopped_at + 5}", "train.epochs=100000")
            self.train("runs/whole", f"train.max_steps={stopped_at + 5}", "train.epochs=100000",
                       "--overwrite")
            self.assertEqual(self.text(f"{run}/digests.csv"), self.text("runs/whole/digests.csv"))
            self.assertEqual(self.summary(run)["resumed_from_step"], stopped_at)


if __name__ == "__main__":
    harness.main()
