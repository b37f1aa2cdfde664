# SPDX-License-Identifier: Apache-2.0
"""Wrong recipes and overrides: the position, what was found, what was expected, nothing left."""

import harness
from harness import INVALID, NOT_FOUND, RECIPE


class RecipeTest(harness.CliTest):
    def refuses_recipe(self, text, says):
        """`train`, `explain` and `data order` refuse this recipe alike."""
        harness.write_file(self.path("bad.toml"), text)
        said = {self.refuses(INVALID, *command, says=says).err
                for command in (["train", "bad.toml"], ["explain", "bad.toml"],
                                ["data", "order", "bad.toml", "--step", "1"])}
        self.assertEqual(len(said), 1, said)

    def test_a_typo_gets_a_suggestion_and_its_position(self):
        self.refuses_recipe(RECIPE.replace("eval.batch", "eval.bacth"),
                            ["bad.toml:8:", "'eval.bacth'", "did you mean 'eval.batch'?"])
        self.refuses_recipe(RECIPE.replace("momentum", "momentun"),
                            ["bad.toml:7:", "'optimizer.momentun'",
                             "did you mean 'optimizer.momentum'?"])

    def test_a_wrong_type_says_what_was_found_and_expected(self):
        self.refuses_recipe(RECIPE.replace("lr = 0.02", 'lr = "fast"'),
                            ["bad.toml:7:", "'optimizer.lr' is \"fast\", a string",
                             "expected a number above 0"])
        self.refuses_recipe(RECIPE.replace("epochs = 2", "epochs = 2.5"),
                            ["bad.toml:6:", "'train.epochs' is 2.5, a float",
                             "expected an integer from 1"])

    def test_a_value_out_of_range(self):
        self.refuses_recipe(RECIPE.replace("lanes = 4", "lanes = 0"),
                            ["bad.toml:5:", "'batch.lanes' is 0", "from 1 to 65536"])

    def test_a_duplicate_key(self):
        self.refuses_recipe(RECIPE + "eval.batch = 6\n",
                            ["bad.toml:9:", "duplicate key", "eval.batch", "once"])
        self.refuses_recipe(RECIPE.replace("seed = 3", "seed = 3, seed = 4"),
                            ["bad.toml:6:", "duplicate key", "seed"])

    def test_a_missing_key(self):
        self.refuses_recipe(RECIPE.replace('model.name = "mlp-784-128-64-10"\n', ""),
                            ["'model.name' is missing", "add for example model.name = \"lenet5\""])

    def test_all_problems_are_reported_at_once(self):
        text = RECIPE.replace("lanes = 4", "lanse = 4").replace("seed = 3", "seed = -3")
        self.refuses_recipe(text, ["bad.toml:5:", "'batch.lanse'", "bad.toml:6:",
                                   "'train.seed' is -3"])

    def test_text_that_is_no_toml(self):
        self.refuses_recipe(RECIPE + "train for two epochs\n", ["bad.toml:9:"])
        self.refuses_recipe(b"\x89PNG\r\n\x1a\n\x00\x00", ["bad.toml:1:"])

    def test_an_unknown_model_gets_a_suggestion(self):
        self.refuses_recipe(RECIPE.replace("mlp-784-128-64-10", "lenet-5"),
                            ["bad.toml:4:", "'lenet-5'", "did you mean 'lenet5'?",
                             "`lockstep models`"])

    def test_an_impossible_shape_names_the_layer(self):
        crops = ((8, "lenet5", ["layer 'conv2'", "conv2d", "kernel of 5", "the 4 of the input"]),
                 (2, "convnet-bn", ["layer 'block2/pool'", "max_pool2d", "the 1 of the input"]))
        for size, model, says in crops:
            for command in ("train", "explain"):
                self.refuses(INVALID, command, "recipe.toml", "data.val=", f"model.name={model}",
                             f"augment.train=random-crop:{size},normalise", says=says)

    def test_training_and_evaluation_of_other_sizes(self):
        self.refuses(INVALID, "train", "recipe.toml", "augment.train=random-crop:8,normalise",
                     says=["the parameter 'fc1.weight'", "needs one size of images"])

    def test_a_crop_larger_than_the_image(self):
        self.refuses(INVALID, "train", "recipe.toml", "augment.train=random-crop:40,normalise",
                     says=["'random-crop:40'", "40x40", "28x28"])

    def test_fewer_classes_than_the_dataset_has(self):
        self.refuses(INVALID, "train", "recipe.toml", "model.classes=3",
                     says=["model.classes is 3", "10 classes"])

    def test_fewer_lanes_than_ranks(self):
        for command in ("train", "explain"):
            self.refuses(INVALID, command, "recipe.toml", "--ranks", 5,
                         says=["--ranks 5", "batch.lanes = 4", "use --ranks 4 or fewer"])
        self.refuses(INVALID, "train", "recipe.toml", "--ranks", 0, says=["--ranks 0", "1"])

    def test_an_unknown_split(self):
        self.refuses(INVALID, "train", "recipe.toml", "data.train=trian",
                     says=["'trian'", "it has test, train", "did you mean 'train'?"])

    def test_an_override_is_as_strict_as_the_file(self):
        self.refuses(INVALID, "train", "recipe.toml", "optimizer.lrr=0.1",
                     says=["'optimizer.lrr=0.1'", "did you mean 'optimizer.lr'?"])
        self.refuses(INVALID, "train", "recipe.toml", "optimizer.lr=x",
                     says=["'optimizer.lr' is \"x\"", "expected a number above 0"])
        self.refuses(INVALID, "train", "recipe.toml", "fast",
                     says=["'fast'", "expected key=value"])

    def test_a_number_in_another_base(self):
        for text in ("0x10", "0o17", "0b1"):
            self.refuses_recipe(RECIPE.replace("lr = 0.02", f"lr = {text}"),
                                ["bad.toml:7:", "'optimizer.lr' is", "not written as a decimal"])
            self.refuses(INVALID, "train", "recipe.toml", f"optimizer.lr={text}",
                         says=["'optimizer.lr' is", "not written as a decimal"])
        self.refuses(INVALID, "train", "recipe.toml", "optimizer.lr=0x1p-3",
                     says=["'optimizer.lr' is \"0x1p-3\"", "expected a number above 0"])

    def test_what_hardly_anyone_means_gets_a_warning(self):
        for command in (["train"], ["explain"]):
            done = self.succeeds(*command, "recipe.toml", "model.classes=700", "train.max_steps=1",
                                 "batch.lane_batch=50")
            said = done.err + done.out
            self.assertRegex(said, r"(?m)^warning: model.classes is 700 and the dataset has 10 ")
            self.assertRegex(said, r"(?m)^warning: the global batch is 200 \(4 lanes of 50\) and "
                                   r"split 'train' has 160 samples")
        self.assertNotIn("warning", self.succeeds("train", "recipe.toml", "--run", "a").err)

    def test_no_such_recipe(self):
        self.refuses(NOT_FOUND, "train", "nosuch.toml",
                     says=["'nosuch.toml'", "No such file", "cluster/recipes",
                           f"looked up from '{self.folder}'"])
        self.refuses(INVALID, "train", "source",
                     says=["'source'", "it is a directory", "expected a TOML file"])


if __name__ == "__main__":
    harness.main()
