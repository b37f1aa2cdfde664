// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/id_permutation.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "storage/dataset/testing/made_dataset.h"

namespace lockstep::storage {
namespace {

TEST(IdPermutation, IsThatOfTheKnownAnswers) {
  std::ifstream file(LOCKSTEP_SOURCE_DIR "/storage/order/testdata/known_answers.json");
  const auto ids = nlohmann::json::parse(file).at("ids");
  EXPECT_EQ(IdPermutation(ids.at("listing").get<std::vector<std::string>>()),
            ids.at("listing_index_of_id").get<std::vector<uint32_t>>());
}

TEST(IdPermutation, OfNothingAndOfOne) {
  EXPECT_TRUE(IdPermutation({}).empty());
  EXPECT_EQ(IdPermutation({"a"}), std::vector<uint32_t>{0});
}

// A source sorted by class gives ids whose every 1,024 consecutive ones look like a random sample
// of its classes: chi-square with 9 degrees of freedom stays below 44.81, where p is 1e-6. The
// windows overlap, so this is a property of the fixed listing, not a chance.
TEST(IdPermutation, EveryRunOfIdsIsARandomSampleOfASortedSource) {
  constexpr int64_t kSamples = 60000, kClasses = 10, kRun = 1024;
  std::vector<std::string> paths;
  for (int64_t i = 0; i < kSamples; ++i) paths.push_back(MadeDataset::PathOf("train", i));
  const std::vector<uint32_t> order = IdPermutation(paths);
  std::vector<int64_t> counts(kClasses);
  const auto label = [&](int64_t id) {
    return static_cast<size_t>(order[static_cast<size_t>(id)] * kClasses / kSamples);
  };
  double worst = 0;
  for (int64_t id = 0; id < kSamples; ++id) {
    ++counts[label(id)];
    if (id >= kRun) --counts[label(id - kRun)];
    if (id + 1 < kRun) continue;
    const double expected = static_cast<double>(kRun) / kClasses;
    double chi_square = 0;
    for (const int64_t c : counts) {
      const double d = static_cast<double>(c) - expected;
      chi_square += d * d / expected;
    }
    worst = std::max(worst, chi_square);
  }
  EXPECT_LT(worst, 44.81);
  EXPECT_GT(worst, 9.0);  // and it is not suspiciously even
}

}  // namespace
}  // namespace lockstep::storage
