// SPDX-License-Identifier: Apache-2.0
#include "cluster/recipes/key_use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/file.h"
#include "cluster/recipes/schema.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::cluster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A function, since the lists of keys are made of what ops register.
std::vector<const CommandKeys*> All() {
  return {&EvalKeys(),      &ExplainKeys(),  &TuneKeys(),
          &DataOrderKeys(), &DataShowKeys(), &BenchInputKeys()};
}

class KeyUseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(WriteFileAtomic(recipe_,
                                "data.dataset = \"d.ldb\"\nmodel.name = \"lenet5\"\n"
                                "optimizer.lr = 0.25\n")
                    .ok());
  }
  storage::ScratchDirectory scratch_;
  const std::string recipe_ = scratch_ / "recipe.toml";
};

TEST_F(KeyUseTest, EveryKeyThatACommandSaysItUsesIsOneAndOnce) {
  for (const CommandKeys* use : All()) {
    std::set<std::string> seen;
    for (const std::string& key : use->keys) {
      EXPECT_NE(FindRecipeKey(key), nullptr) << use->command << ", " << key;
      EXPECT_TRUE(seen.insert(key).second) << use->command << ", " << key;
    }
  }
}

TEST_F(KeyUseTest, EveryOtherKeyIsRefusedByNameWithThoseThatAreUsed) {
  for (const CommandKeys* use : All()) {
    const std::set<std::string> used(use->keys.begin(), use->keys.end());
    for (const RecipeKey& key : RecipeKeys()) {
      const KeyValue value = key.required() ? KeyValue(key.example) : key.option().default_value;
      const auto loaded = LoadRecipeFor(*use, recipe_, {key.name + "=" + OptionText(value)});
      if (used.contains(key.name)) {
        const bool of_another = key.of_part() && key.Of("lenet5") == nullptr &&
                                loaded.status().message().find("does nothing") != std::string::npos;
        EXPECT_TRUE(loaded.ok() || of_another) << loaded.status();
        continue;
      }
      EXPECT_EQ(loaded.status().code(), StatusCode::kInvalidArgument) << key.name;
      EXPECT_THAT(loaded.status().message(),
                  AllOf(HasSubstr("`lockstep " + std::string(use->command) + "` does not use '" +
                                  key.name + "'"),
                        HasSubstr("uses data.")));
    }
  }
}

TEST_F(KeyUseTest, AllThatAreOfNoUseAreNamedAtOnceAndTheFileMayHoldAny) {
  const Status refused =
      LoadRecipeFor(EvalKeys(), recipe_, {"model.weights=/no/such", "optimizer.lr=3"}).status();
  EXPECT_THAT(refused.message(),
              AllOf(HasSubstr("'model.weights=/no/such'"), HasSubstr("'optimizer.lr=3'")));
  EXPECT_TRUE(LoadRecipeFor(EvalKeys(), recipe_, {"eval.batch=7"}).ok());
}

TEST_F(KeyUseTest, AKeyThatNobodyKnowsKeepsItsSuggestion) {
  EXPECT_THAT(LoadRecipeFor(EvalKeys(), recipe_, {"eval.bach=7"}).status().message(),
              HasSubstr("did you mean 'eval.batch'"));
}

}  // namespace
}  // namespace lockstep::cluster
