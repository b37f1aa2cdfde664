// SPDX-License-Identifier: Apache-2.0
#include "cluster/recipes/recipe.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "cluster/recipes/conflicts.h"
#include "cluster/recipes/schema.h"
#include "cluster/recipes/toml_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::cluster {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using worker::TrainConfig;

// A recipe with what every one needs; `rest` starts on line 3.
std::string Recipe(const std::string& rest) {
  return "data = { dataset = \"d.ldb\" }\nmodel.name = \"lenet5\"\n" + rest;
}

std::string ErrorOf(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const auto config = ParseRecipe(text, "r.toml", overrides);
  if (config.ok()) return "(accepted)";
  EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument);
  return config.status().message();
}

TrainConfig Parsed(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const auto config = ParseRecipe(text, "r.toml", overrides);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *config : TrainConfig{};
}

void ExpectSameKeys(const TrainConfig& a, const TrainConfig& b) {
  for (const RecipeKey& key : RecipeKeys()) {
    EXPECT_EQ(key.get(a), key.get(b)) << key.name;
  }
  EXPECT_EQ(a.recipe_hash, b.recipe_hash);
}

TEST(Recipe, TheExampleOfTheDesignSetsEveryField) {
  const TrainConfig c = Parsed(R"(
data.dataset = "fashion-mnist.ldb"      # dotted keys or [tables]
data.train = "train"
data.val = "test"
model = { name = "lenet5", classes = 10 }
batch = { lanes = 8, lane_batch = 32, lane_threads = 1 }
train = { epochs = 5, seed = 7, precision = "fp32" }
loss = { name = "cross-entropy", label_smoothing = 0.25 }
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9, weight_decay = 5e-4 }
schedule = { name = "cosine", warmup_epochs = 1 }
augment.train = ["random-crop:28:pad=2", "hflip", "normalise"]
run = { device = "auto", cores = 3 }
)");
  EXPECT_EQ(c.data.dataset, "fashion-mnist.ldb");
  EXPECT_EQ(c.model.name, "lenet5");
  EXPECT_EQ(c.model.classes, 10);
  EXPECT_EQ(c.batch.lanes, 8);
  EXPECT_EQ(c.batch.lane_batch, 32);
  EXPECT_EQ(c.seed, 7u);
  EXPECT_EQ(c.loss.options, (Attrs{{"label_smoothing", 0.25}}));
  EXPECT_EQ(c.optimizer.options, (Attrs{{"momentum", 0.9}, {"weight_decay", 5e-4}}));
  EXPECT_EQ(c.schedule.name, "cosine");
  EXPECT_EQ(c.schedule.warmup_epochs, 1.0);
  EXPECT_EQ(c.augment_train,
            (std::vector<std::string>{"random-crop:28:pad=2", "hflip", "normalise"}));
  EXPECT_EQ(c.run.cores, 3);
  EXPECT_EQ(c.precision, DType::kFloat32);
}

TEST(Recipe, DottedKeysTablesAndInlineTablesMeanTheSame) {
  const TrainConfig dotted = Parsed(
      "data.dataset = \"d\"\nmodel.name = \"lenet5\"\nbatch.lanes = 4\nbatch.lane_batch = 3\n");
  const TrainConfig tables = Parsed(
      "[model]\nname = \"lenet5\"\n[batch]\nlane_batch = 3\nlanes = 4\n[data]\ndataset = 'd'\n");
  const TrainConfig inline_tables =
      Parsed("data={dataset=\"d\"}\nmodel={name=\"lenet5\"}\nbatch={lanes=4, lane_batch=3}\n");
  ExpectSameKeys(dotted, tables);
  ExpectSameKeys(dotted, inline_tables);
}

struct BadRecipe {
  const char* rest;   // from line 3 on
  const char* error;  // the whole message; "[...]" stands for a list of parts that grows
};

class BadRecipeTest : public ::testing::TestWithParam<BadRecipe> {};

TEST_P(BadRecipeTest, IsRefusedWithPositionAndRemedy) {
  constexpr std::string_view kList = "[...]";
  const std::string_view expected = GetParam().error;
  const std::string error = ErrorOf(Recipe(GetParam().rest));
  const size_t list = expected.find(kList);
  if (list == std::string_view::npos) {
    EXPECT_EQ(error, expected);
  } else {
    EXPECT_THAT(error, testing::StartsWith(std::string(expected.substr(0, list))));
    EXPECT_THAT(error, testing::EndsWith(std::string(expected.substr(list + kList.size()))));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Typo, BadRecipeTest,
    ::testing::Values(
        BadRecipe{"batch.lanse = 4\n",
                  "r.toml:3:7: unknown key 'batch.lanse'; did you mean 'batch.lanes'?"},
        BadRecipe{"[batch]\nlanes = 4\n  lane_bacth = 2\n",
                  "r.toml:5:3: unknown key 'batch.lane_bacth'; did you mean 'batch.lane_batch'?"},
        BadRecipe{"batch = { lanse = 4 }\n",
                  "r.toml:3:11: unknown key 'batch.lanse'; did you mean 'batch.lanes'?"},
        BadRecipe{"lr = 0.1\n", "r.toml:3:1: unknown key 'lr'; did you mean 'optimizer.lr'?"},
        BadRecipe{"optimizer.learning_rate = 0.1\n",
                  "r.toml:3:11: unknown key 'optimizer.learning_rate'; did you mean "
                  "'optimizer.lr'?"},
        BadRecipe{"quux = 1\n",
                  "r.toml:3:1: unknown key 'quux'; `lockstep recipe --keys` lists the keys"},
        BadRecipe{"sampler = { class_weights = 200 }\n",
                  "r.toml:3:13: 'sampler.class_weights' is not in this version of Lockstep, so "
                  "it would do nothing; remove it"},
        BadRecipe{"optimizer.name = \"sdg\"\n",
                  "r.toml:3:18: 'optimizer.name' is \"sdg\"; expected one of \"adagrad\", [...]"
                  "; did you mean \"sgd\"?"},
        BadRecipe{"run.device = \"cuda\"\n",
                  "r.toml:3:14: 'run.device' is \"cuda\"; expected one of \"auto\", \"cpu\", "
                  "\"emulated\""}));

INSTANTIATE_TEST_SUITE_P(
    TypeOrRange, BadRecipeTest,
    ::testing::Values(
        BadRecipe{"batch.lanes = \"eight\"\n",
                  "r.toml:3:15: 'batch.lanes' is \"eight\", a string; expected an integer from 1 "
                  "to 65536"},
        BadRecipe{"batch.lanes = 8.0\n",
                  "r.toml:3:15: 'batch.lanes' is 8.0, a float; expected an integer from 1 to "
                  "65536"},
        BadRecipe{"optimizer.nesterov = 1\n",
                  "r.toml:3:22: 'optimizer.nesterov' is 1, an integer; expected true or false"},
        BadRecipe{"batch.lane_threads = 0\n",
                  "r.toml:3:22: 'batch.lane_threads' is 0, out of range; expected an integer from "
                  "1 to 1024"},
        BadRecipe{"train.epochs = 99999999999\n",
                  "r.toml:3:16: 'train.epochs' is 99999999999, out of range; expected an integer "
                  "from 1 to 2147483647"},
        BadRecipe{"optimizer.lr = 0\n",
                  "r.toml:3:16: 'optimizer.lr' is 0, out of range; expected a number above 0"},
        BadRecipe{"optimizer.lr = inf\n",
                  "r.toml:3:16: 'optimizer.lr' is inf, which is not finite; expected a number "
                  "above 0"},
        BadRecipe{"optimizer.lr = nan\n",
                  "r.toml:3:16: 'optimizer.lr' is nan, which is not finite; expected a number "
                  "above 0"},
        BadRecipe{"model.pool = \"min\"\n",
                  "r.toml:3:14: 'model.pool' is \"min\"; expected one of \"avg\", \"max\"; did "
                  "you mean \"max\"?"},
        BadRecipe{"schedule.gamma = 1.5\nschedule.name = 'step'\n",
                  "r.toml:3:18: 'schedule.gamma' is 1.5, out of range; expected a number above 0 "
                  "and at most 1"},
        BadRecipe{"augment.train = \"hflip\"\n",
                  "r.toml:3:17: 'augment.train' is \"hflip\", a string; expected a list of "
                  "strings"},
        BadRecipe{"augment.train = [1, 2]\n",
                  "r.toml:3:17: 'augment.train' is [1.0, 2.0], a list of numbers; expected a "
                  "list of strings"},
        BadRecipe{
            "train.epochs = 2026-01-01\n",
            "r.toml:3:16: 'train.epochs' is a date; expected an integer from 1 to 2147483647"},
        BadRecipe{"batch.lanes = { x = 1 }\n",
                  "r.toml:3:17: unknown key 'batch.lanes.x'; did you mean 'batch.lanes'?"},
        BadRecipe{"batch = 8\n",
                  "r.toml:3:1: 'batch' is a group, not a key; its keys are batch.lanes, "
                  "batch.lane_batch, batch.lane_threads"}));

INSTANTIATE_TEST_SUITE_P(
    Combination, BadRecipeTest,
    ::testing::Values(
        BadRecipe{"train.precision = \"fp64\"\n",
                  "r.toml:3:19: train.precision = \"fp64\" needs batch.lanes = 1, not 8 (gradients "
                  "cross lanes as fp32); set batch.lanes = 1"},
        BadRecipe{"train = { kernel_file = \"k.json\", kernels = \"reference\" }\n",
                  "r.toml:3:25: 'train.kernel_file' does nothing with train.kernels = "
                  "\"reference\"; it belongs to \"auto\": remove it or change train.kernels"},
        BadRecipe{"train = { kernel_file = \"k.json\", precision = \"fp64\" }\nbatch.lanes = 1\n",
                  "r.toml:3:25: train.kernel_file = \"k.json\" does nothing with "
                  "train.precision = \"fp64\", which has reference kernels only: remove it"},
        BadRecipe{"batch.lane_threads = 2\ntrain.kernels = \"reference\"\n",
                  "r.toml:3:22: batch.lane_threads = 2, but reference kernels run one thread per "
                  "lane; set "
                  "it to 1 (lanes still run at once, one a core)"},
        BadRecipe{
            "optimizer = { name = \"adam\", momentum = 0.5 }\n",
            "r.toml:3:41: 'optimizer.momentum' does nothing with optimizer.name = \"adam\", "
            "which has beta1, beta2, eps, weight_decay; it belongs to [...]\"rmsprop\": remove "
            "it or change optimizer.name"},
        BadRecipe{"model.dropout = 0.5\n",
                  "r.toml:3:17: 'model.dropout' does nothing with model.name = \"lenet5\", which "
                  "has activation, pool; it belongs to \"mlp-784-400-400-10\", \"alexnet\", "
                  "\"vgg11\", \"vgg11-bn\", \"vgg13\", \"vgg13-bn\", \"vgg16\", \"vgg16-bn\", "
                  "\"vgg19\", \"vgg19-bn\", \"convnet-bn\", \"my-cnn\", \"fcn-resnet50\", "
                  "\"fcn-resnet101\", \"deeplabv3-resnet50\": remove it or change "
                  "model.name"},
        BadRecipe{"optimizer.name = \"adam\"\n",
                  "r.toml:3:18: 'optimizer.lr' is missing: optimizer \"adam\" has no learning rate "
                  "of its own; add for example optimizer.lr = 0.001"},
        BadRecipe{"schedule.final_lr = 0.01\n",
                  "r.toml:3:21: 'schedule.final_lr' does nothing with schedule.name = "
                  "\"constant\", which has no options; it belongs to \"cosine\": remove it or "
                  "change schedule.name"},
        BadRecipe{"schedule = { name = \"cosine\", final_lr = 0.2 }\n",
                  "r.toml:3:42: schedule.final_lr = 0.2 is above optimizer.lr = 0.1: a cosine "
                  "schedule falls"},
        BadRecipe{"schedule.warmup_epochs = 6\n",
                  "r.toml:3:26: schedule.warmup_epochs = 6.0 is longer than train.epochs = 5"},
        BadRecipe{"eval.weights = \"ema\"\n",
                  "r.toml:3:16: eval.weights = \"ema\", and no average of the weights is kept: "
                  "set train.ema_decay, for example to 0.999, or remove eval.weights"},
        BadRecipe{"train.ema_decay = 1\n",
                  "r.toml:3:19: 'train.ema_decay' is 1, out of range; expected a number from 0 "
                  "below 1"},
        BadRecipe{"optimizer.groups = [\"fc.*:unfreeze_epoch=5\"]\n",
                  "r.toml:3:20: optimizer.groups 'fc.*:unfreeze_epoch=5' is never trained in "
                  "train.epochs = 5: make unfreeze_epoch smaller, or freeze it for the whole run "
                  "with model.freeze"},
        BadRecipe{"optimizer = { nesterov = true, momentum = 0 }\n",
                  "r.toml:3:26: optimizer.nesterov needs optimizer.momentum above 0"}));

INSTANTIATE_TEST_SUITE_P(
    NotToml, BadRecipeTest,
    ::testing::Values(
        BadRecipe{"batch.lanes = 4\nbatch.lanes = 8\n",
                  "r.toml:4:15: duplicate key: cannot redefine existing integer 'batch.lanes'; "
                  "give each key once"},
        BadRecipe{"batch = { lanes = 4 }\nbatch.lane_batch = 8\n",
                  "r.toml:4:1: duplicate key: cannot redefine existing table as dotted "
                  "key-value pair; give each key once"},
        BadRecipe{"[batch]\nlanes = 4\n[batch]\n",
                  "r.toml:5:1: duplicate key: cannot redefine existing table 'batch'; give each "
                  "key once"},
        BadRecipe{"batch.lanes 4\n",
                  "r.toml:3:13: Error while parsing key-value pair: expected '=', saw '4'"}));

TEST(Recipe, ModelAndAugmentationNamesAreCheckedWithPosition) {
  EXPECT_THAT(ErrorOf("data.dataset = 'd'\nmodel.name = \"lenet6\"\n"),
              ::testing::AllOf(StartsWith("r.toml:2:14: "), HasSubstr("did you mean 'lenet5'?")));
  EXPECT_THAT(ErrorOf(Recipe("augment.train = [\"hflop\", \"normalise\"]\n")),
              ::testing::AllOf(StartsWith("r.toml:3:17: "), HasSubstr("hflip")));
  EXPECT_THAT(ErrorOf(Recipe("augment.val = [\"hflip\", \"normalise\"]\n")),
              ::testing::AllOf(StartsWith("r.toml:3:15: "), HasSubstr("hflip")));
}

TEST(Recipe, AllProblemsAreReportedAtOnce) {
  EXPECT_EQ(
      ErrorOf(Recipe("batch.lanse = 4\ntrain.epochs = 0\n"), {"optimizer.lr=x"}),
      "r.toml:3:7: unknown key 'batch.lanse'; did you mean 'batch.lanes'?\n"
      "r.toml:4:16: 'train.epochs' is 0, out of range; expected an integer from 1 to 2147483647\n"
      "argument 'optimizer.lr=x': 'optimizer.lr' is \"x\"; expected a number above 0");
}

TEST(Recipe, AnEmptyRecipeSaysWhatIsMissing) {
  for (const char* text : {"", "\n", "# nothing\n", "\xef\xbb\xbf"}) {
    EXPECT_EQ(ErrorOf(text),
              "r.toml: 'data.dataset' is missing (directory that `lockstep data import` made; "
              "relative to the current directory); add for example data.dataset = "
              "\"data/fashion-mnist.ldb\"\n"
              "r.toml: 'model.name' is missing (the network; `lockstep models` lists them); add "
              "for example model.name = \"lenet5\"");
  }
}

TEST(Recipe, BinaryAndForeignTextIsRefusedWithPosition) {
  EXPECT_THAT(ErrorOf(std::string("\x7f"
                                  "ELF\x02\x01\x01\0\0\0",
                                  10)),
              StartsWith("r.toml:1:1"));
  EXPECT_THAT(ErrorOf(Recipe("data.val = \"\xff\xfe\"\n")), StartsWith("r.toml:3:"));
  EXPECT_THAT(ErrorOf("data:\n  dataset: x\n"), StartsWith("r.toml:1:"));
  EXPECT_THAT(ErrorOf(std::string(kMaxRecipeBytes + 1, '\n')), HasSubstr("larger than 65536"));
  EXPECT_THAT(ErrorOf("#" + std::string(kMaxRecipeLineBytes, 'x')),
              StartsWith("r.toml:1:8193: line longer than 8192 bytes"));
}

TEST(Recipe, WhatBreaksTheTomlParserIsAnErrorWithItsLine) {
  EXPECT_EQ(ErrorOf(Recipe("train.epochs = 5\n[\\x]\nrun.cores = 1\n")),
            "r.toml:4:1: not TOML: expected key = value or [table]");
}

TEST(Recipe, CarriageReturnsAndAByteOrderMarkAreHarmless) {
  ExpectSameKeys(Parsed("\xef\xbb\xbf"
                        "data.dataset = 'd'\r\nmodel.name = 'lenet5'\r\n"),
                 Parsed("data.dataset = 'd'\nmodel.name = 'lenet5'\n"));
}

TEST(Recipe, DeepNestingIsRefusedInBoundedSpace) {
  const std::string nested = "a = " + std::string(5000, '[') + "\n";
  EXPECT_EQ(ErrorOf(nested), "r.toml:1:21: values nested deeper than 16 levels");
  std::string dotted = "a";
  for (int i = 0; i < 2000; ++i) dotted += ".a";
  EXPECT_EQ(ErrorOf(dotted + " = 1\n"), "r.toml:1:402: more than 200 dots in a line: key too deep");
  // As deep as the bounds allow: inline tables of dotted keys, inside a table of as many parts.
  std::string part = "a";
  for (int i = 0; i < 150; ++i) part += ".a";
  std::string value = "1";
  for (int level = 0; level < 7; ++level) value = "[ { a = " + value + " } ]";
  EXPECT_THAT(ErrorOf("[" + part + "]\n" + part + " = " + value + "\n"),
              HasSubstr("unknown key 'a.a.a.a"));
}

TEST(Recipe, OverridesBeatTheFileAndAcceptBareWords) {
  const TrainConfig c =
      Parsed(Recipe("optimizer.lr = 0.1\nbatch.lanes = 2\n"),
             {"optimizer.lr=0.05", "optimizer.name=adam", "data.dataset=2026",
              "data.val=", "train.precision=\"fp64\"", "batch.lanes=1",
              "augment.train=hflip,normalise", "augment.val=[\"normalise\"]", "data.train=a=b"});
  EXPECT_EQ(c.optimizer.lr, 0.05);
  EXPECT_EQ(c.optimizer.name, "adam");
  EXPECT_EQ(c.data.dataset, "2026");
  EXPECT_EQ(c.data.val, "");
  EXPECT_EQ(c.precision, DType::kFloat64);
  EXPECT_EQ(c.batch.lanes, 1);
  EXPECT_EQ(c.augment_train, (std::vector<std::string>{"hflip", "normalise"}));
  EXPECT_EQ(c.augment_val, std::vector<std::string>{"normalise"});
  EXPECT_EQ(c.data.train, "a=b");
}

TEST(Recipe, BadOverridesNameTheArgument) {
  const std::string good = Recipe("");
  EXPECT_EQ(ErrorOf(good, {"batch.lanse=4"}),
            "argument 'batch.lanse=4': unknown key 'batch.lanse'; did you mean 'batch.lanes'?");
  EXPECT_EQ(ErrorOf(good, {"batch.lanes"}),
            "argument 'batch.lanes': expected key=value, for example optimizer.lr=0.05");
  EXPECT_EQ(ErrorOf(good, {"batch.lanes="}),
            "argument 'batch.lanes=': 'batch.lanes' is \"\"; expected an integer from 1 to 65536");
  EXPECT_EQ(ErrorOf(good, {"batch.lanes=4", "batch.lanes=8"}),
            "argument 'batch.lanes=8': 'batch.lanes' is given twice");
  EXPECT_EQ(ErrorOf(good, {"batch.lanes=4\nevil = 1"}),
            "argument 'batch.lanes=4?evil = 1': 'batch.lanes' is \"4\\u000aevil = 1\"; expected an "
            "integer from 1 to 65536");
  EXPECT_EQ(ErrorOf(good, {"batch={lanes=4}"}),
            "argument 'batch={lanes=4}': 'batch' is a group, not a key; its keys are batch.lanes, "
            "batch.lane_batch, batch.lane_threads");
  EXPECT_EQ(ErrorOf(good, {"train.epochs=9", "schedule.warmup_epochs=10"}),
            "argument 'schedule.warmup_epochs=10': schedule.warmup_epochs = 10.0 is longer than "
            "train.epochs = 9");
  EXPECT_THAT(ErrorOf(good, {"data.dataset=\xff"}), StartsWith("argument 'data.dataset=?': "));
}

TEST(Recipe, ResolvedTextNamesOriginsAndLoadsToTheSameRecipe) {
  const TrainConfig first =
      Parsed(Recipe("train.seed = 9\naugment.train = [\"pad:2\", \"normalise\"]\n"
                    "loss.label_smoothing = 0.1\n"),
             {"optimizer.lr=0.3", "data.dataset=a \"b\\c\"\t\xc3\xa9"});
  EXPECT_THAT(first.recipe_text, HasSubstr("train.seed = 9  # r.toml:3\n"));
  EXPECT_THAT(first.recipe_text, HasSubstr("optimizer.lr = 0.3  # command line\n"));
  EXPECT_THAT(first.recipe_text, HasSubstr("batch.lanes = 8  # default\n"));
  const TrainConfig second = Parsed(first.recipe_text);
  ExpectSameKeys(first, second);
  for (const RecipeKey& key : RecipeKeys()) {
    if (!key.get(first)) continue;
    EXPECT_THAT(first.recipe_text, HasSubstr("\n" + key.name + " = "));
  }
}

// Resolved recipes of schema 1 hold the options of all parts, at values that mean nothing.
TEST(Recipe, WhatRecipesOfSchema1SpellOutIsAsIfItWereNotGiven) {
  const TrainConfig spelled = Parsed(
      Recipe("model.activation = \"\"\nmodel.pool = \"\"\nmodel.dropout = -1.0\n"
             "model.stem = \"\"\nmodel.zero_init_residual = false\noptimizer.name = \"adam\"\n"
             "optimizer.lr = 0.002\noptimizer.momentum = 0.9\noptimizer.nesterov = false\n"
             "optimizer.beta1 = 0.9\noptimizer.beta2 = 0.999\noptimizer.eps = 1e-08\n"
             "schedule.name = \"step\"\nschedule.step_epochs = 30.0\nschedule.gamma = 0.1\n"
             "schedule.final_lr = 0.0\n"));
  EXPECT_EQ(spelled.model.options, Attrs());
  ExpectSameKeys(spelled, Parsed(Recipe("optimizer = { name = \"adam\", lr = 0.002 }\n"
                                        "schedule.name = \"step\"\n")));
}

TEST(Recipe, EveryRecipeInTheRepositoryLoads) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(LOCKSTEP_SOURCE_DIR "/cluster/recipes")) {
    if (entry.path().extension() != ".toml") continue;
    const auto config = LoadRecipe(entry.path(), {});
    EXPECT_TRUE(config.ok()) << config.status();
    ++count;
  }
  EXPECT_EQ(count, 9);
}

class IncludeTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFileAtomic(scratch_ / name, text).ok());
  }
  Result<TrainConfig> Load(const std::string& text,
                           const std::vector<std::string>& overrides = {}) {
    Write("mine.toml", text);
    return LoadRecipe(scratch_ / "mine.toml", overrides);
  }
  storage::ScratchDirectory scratch_;
};

TEST_F(IncludeTest, WhatTheFileSaysReplacesWhatTheIncludedOneSays) {
  Write("base.toml", Recipe("optimizer = { lr = 0.3, momentum = 0.5 }\nbatch.lanes = 4\n"));
  const auto config =
      Load("batch.lanes = 2\ninclude = \"base.toml\"\noptimizer.lr = 0.2\n", {"train.seed=9"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->model.name, "lenet5");
  EXPECT_EQ(config->batch.lanes, 2);
  EXPECT_EQ(config->optimizer.lr, 0.2);
  EXPECT_EQ(config->optimizer.options, (Attrs{{"momentum", 0.5}}));
  EXPECT_EQ(config->seed, 9u);
  EXPECT_THAT(config->recipe_text,
              HasSubstr("optimizer.momentum = 0.5  # " + scratch_.path() + "/base.toml:3\n"));
}

TEST_F(IncludeTest, AnotherNameDropsWhatWasSaidOfTheOtherPart) {
  Write("base.toml", Recipe("optimizer = { lr = 0.3, momentum = 0.5, clip_norm = 1 }\n"
                            "schedule = { name = \"step\", gamma = 0.5 }\n"));
  const auto config = Load(
      "include = \"base.toml\"\nschedule.name = \"cosine\"\n"
      "optimizer = { name = \"adam\", lr = 0.01 }\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->optimizer.options, Attrs());
  EXPECT_EQ(config->optimizer.clip_norm, 0.0);
  EXPECT_EQ(config->schedule.options, Attrs());
  const auto same = Load("include = \"base.toml\"\nschedule.name = \"step\"\n");
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->schedule.options, (Attrs{{"gamma", 0.5}}));
}

TEST_F(IncludeTest, OneLevelOfOneFileIsAllThereIs) {
  Write("deep.toml", Recipe(""));
  Write("base.toml", "include = \"deep.toml\"\n");
  EXPECT_THAT(Load("include = \"base.toml\"\n").status().message(),
              HasSubstr("mine.toml:1:11: '" + scratch_.path() +
                        "/base.toml' includes another recipe itself"));
  EXPECT_THAT(Load("include = [\"deep.toml\"]\n").status().message(),
              HasSubstr("'include' is the path of one recipe"));
  EXPECT_THAT(Load("include = \"none.toml\"\n").status().message(),
              HasSubstr("mine.toml:1:11: cannot read the recipe "));
  EXPECT_THAT(Load("include = \"deep.toml\"\n", {"include=deep.toml"}).status().message(),
              HasSubstr("'include' stands in a recipe file alone"));
  EXPECT_THAT(ErrorOf("include = \"deep.toml\"\n"),
              StartsWith("r.toml:1:11: 'include' stands in a recipe file alone"));
}

TEST_F(IncludeTest, AProblemOfTheIncludedFileHasItsPlaceThere) {
  Write("base.toml", Recipe("batch.lanes = 0\n"));
  EXPECT_THAT(Load("include = \"base.toml\"\n").status().message(),
              HasSubstr("/base.toml:3:15: 'batch.lanes' is 0, out of range"));
}

TEST(Recipe, FilesThatAreNoRecipesGetTheirOwnErrors) {
  const std::string folder = ::testing::TempDir();
  const auto missing = LoadRecipe(folder + "/no such recipe.toml", {});
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.status().message(), HasSubstr("no such recipe.toml"));
  const auto directory = LoadRecipe(folder, {});
  EXPECT_EQ(directory.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(directory.status().message(), HasSubstr("it is a directory"));
  EXPECT_THAT(LoadRecipe("/dev/zero", {}).status().message(), HasSubstr("expected a TOML file"));
}

TEST(CheckRanks, NeedsALaneForEachRank) {
  TrainConfig config;
  config.batch.lanes = 5;
  for (int ranks = 1; ranks <= 5; ++ranks) {
    config.run.ranks = ranks;
    EXPECT_TRUE(CheckRanks(config).ok());
  }
  config.run.ranks = 6;
  EXPECT_THAT(CheckRanks(config).message(), HasSubstr("use --ranks 5 or fewer"));
  const std::string launched = CheckRanks(config, "Open MPI's mpirun").message();
  EXPECT_THAT(launched, HasSubstr("Open MPI's mpirun started 6 ranks"));
  EXPECT_THAT(launched, HasSubstr("start 5 ranks or fewer"));
  EXPECT_THAT(launched, Not(HasSubstr("--ranks")));  // which is refused there
  config.run.ranks = 0;
  EXPECT_THAT(CheckRanks(config).message(), HasSubstr("at least 1 rank"));
}

TEST(ParseRecipeTest, CharactersThatTheParserCallsUnreachableAreAnError) {
  for (const char* text : {"\xEF\xBB\xBD", "a = \xEF\xBB\xBD", "\xEF\xBB\xBD = 1"}) {
    EXPECT_FALSE(ParseRecipe(text, "mine.toml", {}).ok());
  }
}

}  // namespace
}  // namespace lockstep::cluster
