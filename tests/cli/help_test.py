# SPDX-License-Identifier: Apache-2.0
"""Help, names typed wrong, and the commands that only tell."""

import json
import os

import harness
from harness import INVALID, NOT_FOUND

COMMANDS = ["", "data", "data import", "data info", "data verify", "data show", "data order",
            "train", "status", "eval", "explain", "tune", "models", "bench", "bench step",
            "bench input", "bench scaling", "doctor"]


class HelpTest(harness.CliTest):
    def test_help_of_every_command_begins_with_examples(self):
        for name in COMMANDS:
            with self.subTest(command=name):
                lines = self.succeeds(*name.split(), "--help").out.splitlines()
                self.assertEqual(lines[1:3], ["", "Examples:"], lines[:5])
                self.assertTrue(lines[3].startswith(f"  lockstep {name}".rstrip()), lines[3])

    def test_help_names_every_command(self):
        shown = self.succeeds("--help").out + self.succeeds("data", "--help").out
        shown += self.succeeds("bench", "--help").out
        for name in COMMANDS[1:]:
            self.assertRegex(shown, rf"(?m)^  {name.split()[-1]} +\S")

    def test_no_command_shows_the_help(self):
        for group in ([], ["data"], ["ckpt"], ["bench"]):
            shown = self.run_program(*group)
            self.assertEqual(shown.code, INVALID, "nothing was done")
            self.assertEqual(shown.out, "")
            self.assertEqual(shown.err, self.succeeds(*group, "--help").out)

    def test_version(self):
        self.assertRegex(self.succeeds("--version").out, r"\Alockstep \d+\.\d+\.\d+\n\Z")

    def test_an_unknown_command_gets_a_suggestion(self):
        self.refuses(INVALID, "trian", "recipe.toml", says=["'trian'", "did you mean 'train'?"])
        self.refuses(INVALID, "data", "verfy", "small.ldb",
                     says=["'data verfy'", "did you mean 'verify'?"])

    def test_an_unknown_option_gets_a_suggestion(self):
        self.refuses(INVALID, "train", "recipe.toml", "--rank", 2,
                     says=["'--rank'", "did you mean '--ranks'?", "lockstep train --help"])

    def test_a_missing_or_wrong_argument_names_it(self):
        self.refuses(INVALID, "train", says=["RECIPE is required", "lockstep train --help"])
        self.refuses(INVALID, "data", "import", "idx",
                     says=["PATH is required", "lockstep data import --help"])
        self.refuses(INVALID, "data", "show", "small.ldb", "x", says=["ID", "x"])

    def test_numbers_are_decimal(self):
        for text in ("010", "0x10", "1'0", "0b11"):
            self.refuses(INVALID, "train", "recipe.toml", "--ranks", text,
                         says=["--ranks", f"'{text}' is no decimal number"])
        self.refuses(INVALID, "tune", "recipe.toml", "--out", "k.json", "--tune-seconds", "0x1p3",
                     says=["--tune-seconds", "0x1p3"])


class TellTest(harness.CliTest):
    def test_models_lists_the_parameters_of_each(self):
        shown = self.succeeds("models").out
        for name, parameters, classes in (("lenet5", "61,706", 10), ("mlp-784-128-64-10", "109,386", 10),
                                          ("my-cnn", "156,074", 10), ("vgg11-bn", "132,868,840", 1000),
                                          ("resnet50", "25,557,032", 1000)):
            self.assertRegex(shown, rf"(?m)^{name} +{parameters} parameters, +{classes} classes  \S")

    def test_models_filter(self):
        lines = self.succeeds("models", "--filter", "mlp").out.splitlines()
        self.assertEqual(len(lines), 2)
        self.refuses(NOT_FOUND, "models", "--filter", "vit", says=["'vit'", "`lockstep models`"])

    def test_explain_prints_layers_parameters_and_peak_memory(self):
        shown = self.succeeds("explain", "recipe.toml", "model.name=lenet5", "--layers").out
        self.assertRegex(shown, r"(?m)^conv1 .*f32\[5,28,28,6\] +156 ")
        self.assertRegex(shown, r"(?m)^fc3 .*f32\[5,10\] +850 ")
        self.assertIn("W=2 1.00", shown)
        for name in ("lenet5", "resnet18"):
            shown = self.succeeds("explain", "recipe.toml", f"model.name={name}").out
            lines = shown.splitlines()
            self.assertLess(len(lines), 24, "more than a screen")
            self.assertLessEqual(max(map(len, lines)), 80, shown)
            totals = "\n".join(lines[lines.index("total"):])
            self.assertEqual(len(totals.splitlines()), 6, "nothing stands below them")
            self.assertRegex(totals, r"(?m)^  parameters  [\d,]+$")
            self.assertRegex(totals, r"(?m)^  memory      \d+\.\d [KMG]iB at most")
            self.assertIn("160 samples in 4 lanes", totals)
            self.assertRegex(totals, r"(?m)^  a step      at least \d+\.\d+ ms")
        self.assertRegex(self.succeeds("explain", "recipe.toml", "model.name=lenet5").out,
                         r"(?m)^  parameters  61,706$")
        self.assertFalse(self.tree() & {"runs"}, "explain must not make a run directory")

    def test_a_spec_of_the_machine_predicts_and_a_measurement_stands_beside(self):
        self.succeeds("doctor", "--write-spec", "machine.txt")
        shown = self.succeeds("explain", "recipe.toml", "--spec", "machine.txt", "--measure").out
        self.assertIn("(machine.txt)", shown)
        self.assertRegex(shown, r"(?m)^  a step      at least .* ms; measured .* ms")
        self.refuses(NOT_FOUND, "explain", "recipe.toml", "--spec", "none.txt", says=["none.txt"])

    def test_doctor_ends_with_78_where_something_is_a_problem(self):
        self.succeeds("doctor", "--no-measure")
        ill = self.run_program("doctor", "--no-measure", "--json",
                               env={**os.environ, "OMP_DYNAMIC": "true"})
        self.assertEqual(ill.code, 78, ill)
        verdicts = {f["topic"]: f["verdict"] for f in json.loads(ill.out)["findings"]}
        self.assertEqual(verdicts["OMP_DYNAMIC"], "problem")
        self.assertIn("OMP_DYNAMIC", ill.err)

    def test_bench_step_writes_its_figures(self):
        shown = self.succeeds("bench", "step", "--lanes", 2, "--lane-batch", 3, "--steps", 2,
                              "--json", "step.json").out
        self.assertIn("V = 2 lanes, T = 1 threads per lane, lane_batch = 3", shown)
        with open(self.path("step.json"), encoding="utf8") as file:
            self.assertEqual(json.load(file)["parameters"], 61706)

    def test_bench_input_writes_its_figures(self):
        shown = self.succeeds("bench", "input", "recipe.toml", "batch.lane_batch=3", "--batches", 5,
                              "--threads", 1, "--json", "input.json").out
        self.assertIn("V = 4 lanes, lane_batch = 3", shown)
        with open(self.path("input.json"), encoding="utf8") as file:
            self.assertEqual(json.load(file)["batches"], 5)
        self.refuses(INVALID, "bench", "input", "recipe.toml", "optimizer.lr=1",
                     says=["`lockstep bench input` does not use 'optimizer.lr'"])

    def test_keys_are_listed_with_their_meaning(self):
        shown = self.succeeds("recipe", "--keys").out
        for key in ("data.dataset", "batch.lanes", "optimizer.lr", "augment.train"):
            self.assertIn(key, shown)
        self.assertEqual(self.succeeds("train", "--keys").out, shown)

    def test_the_order_of_an_epoch_holds_every_sample_exactly_once(self):
        ids, sources = [], set()
        steps = 1
        step = 1
        while step <= steps:
            order = json.loads(self.succeeds("data", "order", "recipe.toml", "--epoch", 2,
                                             "--step", step).out)
            self.assertEqual((order["epoch"], order["step"]), (2, step))
            self.assertEqual(order["global_step"], order["steps_per_epoch"] + step)
            self.assertEqual([lane["lane"] for lane in order["lanes"]], [0, 1, 2, 3])
            for sample in (s for lane in order["lanes"] for s in lane["samples"]):
                ids.append(sample["id"])
                sources.add(sample["source"])
                number = int(sample["source"].rpartition("/")[2])
                self.assertEqual(sample["label"], harness.label(number), sample)
            steps = order["steps_per_epoch"]
            step += 1
        self.assertEqual(steps, harness.TRAIN // 20)
        first = harness.TEST  # the split "test" has the first ids
        self.assertEqual(sorted(ids), list(range(first, first + harness.TRAIN)))
        self.assertEqual(sources, {f"train/{i:08}" for i in range(harness.TRAIN)})

    def test_the_order_of_a_step_that_does_not_exist(self):
        self.refuses(INVALID, "data", "order", "recipe.toml", "--epoch", 1, "--step", 9,
                     says=["step 9", "8 steps each"])
        self.refuses(INVALID, "data", "order", "recipe.toml", "--epoch", 3, "--step", 1,
                     says=["epoch 3", "train.epochs = 2"])
        self.refuses(INVALID, "data", "order", "recipe.toml", "--step", 0, says=["--step"])


if __name__ == "__main__":
    harness.main()
