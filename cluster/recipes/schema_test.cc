// SPDX-License-Identifier: Apache-2.0
#include "cluster/recipes/schema.h"

#include <set>

#include "base/hash.h"
#include "cluster/recipes/recipe.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

using ::testing::HasSubstr;
using worker::TrainConfig;

// A value the key accepts and that is not its default.
KeyValue OtherValue(const RecipeKey& key) {
  const KeyValue value = key.Default();
  for (const std::string& one : key.allowed) {
    if (KeyValue(one) != value) return one;
  }
  switch (key.type) {
    case KeyType::kBool:
      return !std::get<bool>(value);
    case KeyType::kInteger:
      return std::get<int64_t>(value) + 1;
    case KeyType::kFloat:
      return std::get<double>(value) == 0.5 ? 0.25 : 0.5;
    case KeyType::kString:
      return std::get<std::string>(value) + "x";
    case KeyType::kStringList:
      return std::vector<std::string>{"hflip", "normalise"};
  }
  return value;
}

bool HasOneAllowedValue(const RecipeKey& key) { return key.allowed.size() == 1; }

TEST(RecipeSchema, NamesAreUniqueAndGrouped) {
  std::set<std::string> names;
  for (const RecipeKey& key : RecipeKeys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    // A key of the whole run stands in no group.
    EXPECT_TRUE(key.name.find('.') != std::string::npos || key.name == "sync") << key.name;
    EXPECT_FALSE(key.doc.empty()) << key.name;
    EXPECT_EQ(FindRecipeKey(key.name), &key);
  }
  EXPECT_EQ(FindRecipeKey("batch"), nullptr);
}

TEST(RecipeSchema, DefaultsAreAcceptedByTheirOwnRules) {
  for (const RecipeKey& key : RecipeKeys()) {
    if (key.required()) continue;
    const auto accepted = key.Accept(key.Default());
    EXPECT_TRUE(accepted.ok()) << accepted.status();
  }
}

TEST(RecipeSchema, EveryKeySetsAndReadsOneFieldOfItsOwn) {
  for (const RecipeKey& key : RecipeKeys()) {
    if (HasOneAllowedValue(key)) continue;
    TrainConfig config;
    const auto value = key.Accept(OtherValue(key));
    ASSERT_TRUE(value.ok()) << value.status();
    key.set(&config, *value);
    for (const RecipeKey& other : RecipeKeys()) {
      EXPECT_EQ(other.get(config) != other.Default(), other.name == key.name)
          << "setting " << key.name << " and reading " << other.name;
    }
  }
}

TEST(RecipeSchema, RecomputeTakesAWordOrANumberQuotedOrNot) {
  const RecipeKey& key = *FindRecipeKey("train.recompute");
  for (const KeyValue& value : {KeyValue(int64_t{800}), KeyValue(std::string("800"))}) {
    const auto accepted = key.Accept(value);
    ASSERT_TRUE(accepted.ok()) << accepted.status();
    EXPECT_EQ(*accepted, KeyValue(std::string("800")));
  }
  EXPECT_TRUE(key.Accept(KeyValue(std::string("blocks"))).ok());
  for (const KeyValue& wrong : {KeyValue(int64_t{0}), KeyValue(int64_t{-3}), KeyValue(1.5),
                                KeyValue(std::string("8 GiB")), KeyValue(std::string("block"))}) {
    const auto refused = key.Accept(wrong);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.status().message(),
                HasSubstr("expected one of \"none\", \"blocks\", or a whole number from 1 on"));
  }
}

TEST(RecipeHash, ChangesWithEveryFixedAndBranchKeyAndWithNoOther) {
  const uint64_t plain = RecipeHash(TrainConfig{});
  std::set<uint64_t> hashes = {plain};
  for (const RecipeKey& key : RecipeKeys()) {
    if (HasOneAllowedValue(key)) continue;
    TrainConfig config;
    key.set(&config, OtherValue(key));
    if (key.role == KeyRole::kFree || key.is_path) {
      EXPECT_EQ(RecipeHash(config), plain) << key.name;
    } else {
      EXPECT_TRUE(hashes.insert(RecipeHash(config)).second) << key.name;
    }
  }
}

TEST(RecipeHash, IsOfTheSortedLinesThatDifferFromDefaults) {
  const auto config = ParseRecipe(
      "optimizer = { lr = 0.1, name = \"sgd\", weight_decay = 0.0005 }\nmodel.name = \"lenet5\"\n"
      "train.epochs = 8\ndata.dataset = \"/somewhere\"\nrun.cores = 2\n"
      "augment.train = [\"hflip\", \"normalise\"]\n",
      "r.toml", {});
  ASSERT_TRUE(config.ok()) << config.status();
  const std::string lines =
      "augment.train=[\"hflip\", \"normalise\"]\nmodel.name=\"lenet5\"\n"
      "optimizer.weight_decay=5e-04\ntrain.epochs=8\ntrain.kernels=\"auto\"\n";
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

// Of a key whose default is another value, so that it stands among the lines.
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

TEST(FormatKeyValue, FloatsReadBackAsTheSameBits) {
  for (const double value : {0.1, 1.0, 5e-4, 1e-8, 1e22, 123456789.125, 5e-324}) {
    const std::string text = FormatKeyValue(value);
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    EXPECT_NE(text.find_first_of(".e"), std::string::npos) << text;
  }
}

TEST(ListRecipeKeys, ShowsEveryKeyWithDefaultAndRole) {
  const std::string text = ListRecipeKeys();
  for (const RecipeKey& key : RecipeKeys()) EXPECT_THAT(text, HasSubstr("\n" + key.name + "  ("));
  EXPECT_THAT(text, HasSubstr("batch.lanes  (fixed, default 8)"));
  EXPECT_THAT(text, HasSubstr("data.dataset  (fixed, required)"));
}

}  // namespace
}  // namespace lockstep::cluster
