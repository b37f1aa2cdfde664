// SPDX-License-Identifier: Apache-2.0
#include "cluster/recipes/schema.h"

#include <set>

#include "base/file.h"
#include "base/hash.h"
#include "cluster/recipes/part_lists.h"
#include "cluster/recipes/recipe.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

using ::testing::HasSubstr;
using worker::TrainConfig;

// A value the option accepts and that is not its default.
KeyValue OtherValue(const Option& option) {
  const KeyValue value = option.default_value;
  for (const std::string& one : option.spec.words) {
    if (KeyValue(one) != value) return one;
  }
  switch (option.type()) {
    case OptionType::kBool:
      return !std::get<bool>(value);
    case OptionType::kInteger:
      return std::get<int64_t>(value) + 1;
    case OptionType::kFloat:
      return std::get<double>(value) == 0.5 ? 0.25 : 0.5;
    case OptionType::kString:
      return std::get<std::string>(value) + "x";
    case OptionType::kIntegerList:
      return std::vector<int64_t>{1};
    case OptionType::kStringList:
      return std::vector<std::string>{"hflip", "normalise"};
    case OptionType::kFloatList:
      return std::vector<double>{0.5};
  }
  return value;
}

bool HasOneAllowedValue(const RecipeKey& key) { return key.option().spec.words.size() == 1; }

// A configuration whose chosen parts have the key.
TrainConfig ConfigWith(const RecipeKey& key) {
  TrainConfig config;
  config.model.name = "lenet5";
  if (key.of_part()) *FindPartList(key.group())->name_of(&config) = key.option_parts().front();
  return config;
}

TEST(RecipeSchema, NamesAreUniqueAndGrouped) {
  std::set<std::string> names;
  for (const RecipeKey& key : RecipeKeys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    // A key of the whole run stands in no group.
    EXPECT_TRUE(key.name.find('.') != std::string::npos || key.name == "sync" || key.name == "task")
        << key.name;
    for (const KeyVariant& variant : key.variants) EXPECT_STRNE(variant.option.spec.doc, "");
    EXPECT_EQ(FindRecipeKey(key.name), &key);
  }
  EXPECT_EQ(FindRecipeKey("batch"), nullptr);
}

TEST(RecipeSchema, DefaultsAreAcceptedByTheirOwnRules) {
  for (const RecipeKey& key : RecipeKeys()) {
    if (key.required()) continue;
    for (const KeyVariant& variant : key.variants) {
      const auto accepted = variant.option.Accept(variant.option.default_value, key.name);
      EXPECT_TRUE(accepted.ok()) << accepted.status();
    }
  }
}

TEST(RecipeSchema, EveryKeySetsAndReadsOneFieldOfItsOwn) {
  for (const RecipeKey& key : RecipeKeys()) {
    if (HasOneAllowedValue(key)) continue;
    const TrainConfig plain = ConfigWith(key);
    TrainConfig config = plain;
    const auto value = key.option().Accept(OtherValue(key.option()), key.name);
    ASSERT_TRUE(value.ok()) << value.status();
    key.set(&config, *value);
    for (const RecipeKey& other : RecipeKeys()) {
      // Another part has other options.
      if (other.of_part() && FindPartList(other.group())->name_key == key.name) continue;
      EXPECT_EQ(other.get(config) != other.get(plain), other.name == key.name)
          << "setting " << key.name << " and reading " << other.name;
    }
  }
}

TEST(RecipeSchema, AnOptionIsThereOnlyWithThePartThatHasIt) {
  const RecipeKey& gamma = *FindRecipeKey("schedule.gamma");
  TrainConfig config;
  EXPECT_EQ(gamma.get(config), std::nullopt);
  config.schedule.name = "step";
  EXPECT_EQ(gamma.get(config), KeyValue(0.1));
  const RecipeKey& dropout = *FindRecipeKey("model.dropout");
  EXPECT_EQ(dropout.Of("convnet-bn")->default_value, KeyValue(0.25));
  EXPECT_EQ(dropout.Of("vgg11")->default_value, KeyValue(0.5));
  EXPECT_EQ(dropout.Of("lenet5"), nullptr);
}

TEST(RecipeSchema, RecomputeTakesAWordOrANumberQuotedOrNot) {
  const RecipeKey& key = *FindRecipeKey("train.recompute");
  for (const KeyValue& value : {KeyValue(int64_t{800}), KeyValue(std::string("800"))}) {
    const auto accepted = key.option().Accept(value, key.name);
    ASSERT_TRUE(accepted.ok()) << accepted.status();
    EXPECT_EQ(*accepted, KeyValue(std::string("800")));
  }
  EXPECT_TRUE(key.option().Accept("blocks", key.name).ok());
  for (const KeyValue& wrong : {KeyValue(int64_t{0}), KeyValue(int64_t{-3}), KeyValue(1.5),
                                KeyValue(std::string("8 GiB")), KeyValue(std::string("block"))}) {
    const auto refused = key.option().Accept(wrong, key.name);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.status().message(),
                HasSubstr("expected one of \"none\", \"blocks\", or a whole number from 1 on"));
  }
}

TEST(RecipeHash, ChangesWithEveryFixedAndBranchKeyAndWithNoOther) {
  std::set<uint64_t> hashes;
  for (const RecipeKey& key : RecipeKeys()) {
    if (HasOneAllowedValue(key)) continue;
    TrainConfig config = ConfigWith(key);
    const uint64_t plain = RecipeHash(config);
    key.set(&config, OtherValue(key.option()));
    if (key.role == KeyRole::kFree || key.is_path) {
      EXPECT_EQ(RecipeHash(config), plain) << key.name;
    } else {
      EXPECT_NE(RecipeHash(config), plain) << key.name;
      EXPECT_TRUE(hashes.insert(RecipeHash(config)).second) << key.name;
    }
  }
}

TEST(RecipeHash, IsOfTheSchemaTheNamesAndTheSortedLinesThatDifferFromDefaults) {
  const auto config = ParseRecipe(
      "optimizer = { lr = 0.1, name = \"sgd\", weight_decay = 0.0005 }\nmodel.name = \"lenet5\"\n"
      "train.epochs = 8\ndata.dataset = \"/somewhere\"\nrun.cores = 2\n"
      "augment.train = [\"hflip\", \"normalise\"]\n",
      "r.toml", {});
  ASSERT_TRUE(config.ok()) << config.status();
  const std::string lines =
      "augment.train=[\"hflip\", \"normalise\"]\nloss.name=\"cross-entropy\"\n"
      "model.name=\"lenet5\"\noptimizer.name=\"sgd\"\noptimizer.weight_decay=5e-04\n"
      "recipe.schema=2\nschedule.name=\"constant\"\ntrain.epochs=8\ntrain.kernels=\"auto\"\n";
  EXPECT_EQ(CanonicalRecipeLines(*config), lines);
  EXPECT_EQ(config->recipe_hash, Hash64(lines));
}

TEST(RecipeHash, IgnoresOrderExplicitDefaultsPathsAndNegativeZero) {
  const char* const same[] = {
      "data.dataset = \"a\"\nmodel.name = \"lenet5\"\nbatch.lane_batch = 16\ntrain.seed = 2\n",
      "train.seed = 2\nbatch.lane_batch = 16\nmodel.name = \"lenet5\"\ndata.dataset = \"b/c\"\n",
      "data.dataset = \"a\"\nmodel.name = \"lenet5\"\ntrain.seed = 2\n"
      "batch = { lanes = 8, lane_batch = 16 }\noptimizer.lr = 1e-1\nrun.log_every = 7\n"
      "optimizer.weight_decay = -0.0\n",
  };
  std::set<uint64_t> hashes;
  for (const char* text : same) {
    const auto config = ParseRecipe(text, "r.toml", {});
    ASSERT_TRUE(config.ok()) << config.status();
    hashes.insert(config->recipe_hash);
  }
  EXPECT_EQ(hashes.size(), 1u);
}

// A value that is not the key's default, so that it stands among the lines.
TEST(RecipeHash, ZeroAndNegativeZeroAreOneValue) {
  std::set<uint64_t> hashes;
  for (const char* momentum : {"0.0", "-0.0"}) {
    const auto config = ParseRecipe(
        std::string("data.dataset = \"a\"\nmodel.name = \"lenet5\"\noptimizer.momentum = ") +
            momentum + "\n",
        "r.toml", {});
    ASSERT_TRUE(config.ok()) << config.status();
    hashes.insert(config->recipe_hash);
  }
  EXPECT_EQ(hashes.size(), 1u);
}

TEST(RecipeHash, AnOptionThatIsGivenItsDefaultIsAsIfItWereNotGiven) {
  const auto parse = [](const std::string& rest) {
    const auto config =
        ParseRecipe("data.dataset = 'a'\nmodel.name = 'resnet18'\n" + rest, "r.toml", {});
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? config->recipe_hash : 0;
  };
  EXPECT_EQ(parse("model.stem = 'imagenet'\n"), parse(""));
  EXPECT_NE(parse("model.stem = 'cifar'\n"), parse(""));
}

TEST(OptionText, FloatsReadBackAsTheSameBits) {
  for (const double value : {0.1, 1.0, 5e-4, 1e-8, 1e22, 123456789.125, 5e-324}) {
    const std::string text = OptionText(value);
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    EXPECT_NE(text.find_first_of(".e"), std::string::npos) << text;
  }
}

TEST(ListRecipeKeys, ShowsEveryKeyWithDefaultAndRole) {
  const std::string text = ListRecipeKeys();
  for (const RecipeKey& key : RecipeKeys()) EXPECT_THAT(text, HasSubstr("\n" + key.name + "  ("));
  EXPECT_THAT(text, HasSubstr("batch.lanes  (fixed, default 8)"));
  EXPECT_THAT(text, HasSubstr("data.dataset  (fixed, required)"));
  EXPECT_THAT(text,
              HasSubstr("number from 0 below 1; only with optimizer.name = \"lars\", \"sgd\"\n"));
}

TEST(RecipePage, IsTheStoredPage) {
  const Result<std::string> stored = ReadFile(LOCKSTEP_SOURCE_DIR "/docs/recipes.md");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(RecipePage(), *stored)
      << "write it anew: build/release/cluster/lockstep recipe --page > docs/recipes.md";
}

}  // namespace
}  // namespace lockstep::cluster
