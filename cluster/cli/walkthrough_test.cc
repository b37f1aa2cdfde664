// SPDX-License-Identifier: Apache-2.0
// The whole way of a new user, on a tiny source: import, look, order, explain, train, evaluate.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "cluster/cli/command_line.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

using ::testing::HasSubstr;

void WriteIdx(const std::string& path, const std::vector<uint32_t>& dims,
              const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << '\0' << '\0' << '\x08' << static_cast<char>(dims.size());
  for (const uint32_t dim : dims) {
    for (int shift = 24; shift >= 0; shift -= 8) file << static_cast<char>(dim >> shift);
  }
  file << bytes;
}

// `count` 28x28 images of two classes: bright above, or bright below.
void WriteSplit(const std::string& folder, const std::string& split, uint32_t count) {
  std::string pixels, labels;
  for (uint32_t i = 0; i < count; ++i) {
    const char label = static_cast<char>(i % 2);
    labels += label;
    for (uint32_t p = 0; p < 784; ++p) {
      pixels += static_cast<char>((p < 392) == (label == 0) ? 200 + i % 50 : p % 7);
    }
  }
  WriteIdx(folder + "/" + split + "-images-idx3-ubyte", {count, 28, 28}, pixels);
  WriteIdx(folder + "/" + split + "-labels-idx1-ubyte", {count}, labels);
}

class WalkthroughTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/walkthrough_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/source");
    WriteSplit(folder_ + "/source", "train", 61);
    WriteSplit(folder_ + "/source", "test", 23);
    recipe_ = folder_ + "/tiny.toml";
    std::ofstream(recipe_) << "data.dataset = \"" << folder_ << "/made/tiny.ldb\"\n"
                           << "model.name = \"mlp-784-128-64-10\"\n"
                           << "batch = { lanes = 4, lane_batch = 4 }\n"
                           << "train.epochs = 3\noptimizer.lr = 0.01\n";
  }

  // The command's standard output; its exit code must be `code`.
  std::string Lockstep(const std::vector<std::string>& arguments, int code = 0) {
    std::ostringstream out, err;
    Console console{out, err};
    EXPECT_EQ(RunCommandLine(arguments, &console), code)
        << ::testing::PrintToString(arguments) << err.str();
    errors_ = err.str();
    return out.str();
  }

  std::string folder_, recipe_, errors_;
};

TEST_F(WalkthroughTest, FromASourceToATrainedAndEvaluatedModel) {
  const std::string dataset = folder_ + "/made/tiny.ldb";
  const std::vector<std::string> import = {"data",  "import", "idx", folder_ + "/source",
                                           "--out", dataset};
  EXPECT_THAT(Lockstep(import), HasSubstr("digest"));
  Lockstep(import, 73);  // not again
  EXPECT_THAT(errors_, HasSubstr("--replace"));
  Lockstep({"data", "import", "idx", folder_ + "/source", "--out", dataset, "--replace"});

  const auto info = nlohmann::json::parse(Lockstep({"data", "info", dataset, "--json"}));
  EXPECT_EQ(info["samples"], 84);
  EXPECT_THAT(Lockstep({"data", "info", dataset}), HasSubstr("84, 28 x 28 x 1 (H W C)"));
  EXPECT_THAT(Lockstep({"data", "verify", dataset}), HasSubstr(std::string(info["digest"])));
  EXPECT_THAT(Lockstep({"data", "show", dataset, "83"}), HasSubstr("of split train"));
  Lockstep({"data", "show", dataset, "84"}, 64);

  EXPECT_THAT(Lockstep({"explain", recipe_}), HasSubstr("108,866"));
  const std::string run = folder_ + "/run";
  const std::string trained = Lockstep({"train", recipe_, "--run", run, "--ranks", "3"});
  EXPECT_THAT(trained, HasSubstr("  acc1 100.00 %"));
  EXPECT_THAT(errors_, HasSubstr("epoch 3/3"));
  EXPECT_THAT(Lockstep({"eval", run}), HasSubstr("  acc1 100.00 %"));
  EXPECT_THAT(Lockstep({"eval", run, "--split", "train"}), HasSubstr("(61 samples)"));
  EXPECT_THAT(Lockstep({"train", recipe_, "--run", run}), HasSubstr("is finished already"));
  EXPECT_THAT(Lockstep({"ckpt", "ls", run}), HasSubstr("b01-s"));
  Lockstep({"ckpt", "verify", run});

  // The resolved recipe in the run directory is a recipe, and gives the same bits on one rank.
  const std::string again = Lockstep({"train", run + "/recipe.toml", "--run", folder_ + "/again"});
  const auto digest_of = [](const std::string& text) {
    return text.substr(text.find("digest "), 23);
  };
  EXPECT_EQ(digest_of(again), digest_of(trained));
}

TEST_F(WalkthroughTest, OrderShowsEverySampleOfAnEpochOnce) {
  const std::string dataset = folder_ + "/made/tiny.ldb";
  Lockstep({"data", "import", "idx", folder_ + "/source", "--out", dataset});
  std::multiset<uint64_t> ids;
  int64_t steps = 1;
  for (int64_t step = 1; step <= steps; ++step) {
    const auto order = nlohmann::json::parse(
        Lockstep({"data", "order", recipe_, "--epoch", "2", "--step", std::to_string(step)}));
    steps = order["steps_per_epoch"];
    EXPECT_EQ(order["global_step"], steps + step);
    EXPECT_EQ(order["lanes"].size(), 4u);
    for (const auto& lane : order["lanes"]) {
      for (const auto& sample : lane["samples"]) ids.insert(uint64_t{sample["id"]});
    }
    EXPECT_EQ(order, nlohmann::json::parse(Lockstep(
                         {"data", "order", recipe_, "--step", std::to_string(steps + step)})));
  }
  ASSERT_EQ(ids.size(), 61u);
  EXPECT_EQ(std::set<uint64_t>(ids.begin(), ids.end()).size(), 61u);
  EXPECT_EQ(*ids.begin(), 23u);  // split "test" has the ids before
  Lockstep({"data", "order", recipe_, "--epoch", "1", "--step", std::to_string(steps + 1)}, 64);
  Lockstep({"data", "order", recipe_, "--epoch", "4", "--step", "1"}, 64);
}

}  // namespace
}  // namespace lockstep::cluster
