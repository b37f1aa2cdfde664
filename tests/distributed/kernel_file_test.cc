// SPDX-License-Identifier: Apache-2.0
// Runs with a kernel file: the same bits on any number of ranks, the file in digest(0), and a run
// that goes on with the file it began with.
#include "storage/kernel_file/kernel_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/file.h"
#include "tests/distributed/small_runs.h"
#include "worker/measure/tuner.h"
#include "worker/model/run_setup.h"
#include "worker/report/explain.h"

namespace lockstep::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using worker::TrainConfig;

class KernelFileTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(MakeSmallDataset({}, folder_ / "data").ok());
    file_ = MadeFile();
    Write(file_);
  }

  TrainConfig Config(const std::string& kernel_file) {
    TrainConfig config = SmallConfig(folder_ / "data", folder_ / "unused", "lenet5", 4, 7);
    config.kernels = "auto";
    config.kernel_file = kernel_file;
    config.epochs = 1;
    return config;
  }

  // The second option of every node that has one, wherever it is: no clock has chosen.
  storage::KernelFile MadeFile() {
    const Result<worker::RunSetup> setup = worker::SetUp(Config(""));
    EXPECT_TRUE(setup.ok()) << setup.status();
    const DeviceSpec& spec = setup->device->spec();
    std::map<std::string, storage::KernelFileChoice> choices;
    for (const auto& [rows, executor] : setup->model->lane_executors()) {
      for (const graph::PlanNode& node : executor->plan().nodes) {
        const auto options = *graph::KernelOptions(node.spec, spec);
        if (options.size() < 2) continue;
        const std::string text = graph::NodeText(node.spec);
        const ops::Candidate& second = options[1].candidate;
        choices[text] = {text, second.kernel, second.algorithm, 1.0, 2.0};
      }
    }
    Result<storage::KernelFile> file = worker::MakeKernelFile(spec, {});
    EXPECT_TRUE(file.ok()) << file.status();
    for (const auto& [text, choice] : choices) file->choices.push_back(choice);
    return *std::move(file);
  }

  void Write(const storage::KernelFile& file) {
    const Result<std::string> text = EncodeKernelFile(file);
    ASSERT_TRUE(text.ok()) << text.status();
    ASSERT_TRUE(WriteFileAtomic(path_, *text).ok());
  }

  // The same choices with other times, so that only the hash differs.
  storage::KernelFile TimedAgain() const {
    storage::KernelFile again = file_;
    again.choices[0].milliseconds += 0.25;
    return again;
  }

  std::vector<std::string> Run(const TrainConfig& config) {
    return RunDigests(config, folder_ / ("run" + std::to_string(runs_++)));
  }

  // The losses' bits of the lines of digests.csv.
  static std::vector<std::string> Losses(const std::vector<std::string>& lines) {
    std::vector<std::string> losses;
    for (const std::string& line : lines) {
      const size_t at = line.find(',') + 1;
      losses.push_back(line.substr(at, line.find(',', at) - at));
    }
    return losses;
  }

  void ExpectRefused(const TrainConfig& config, const std::string& before) {
    const auto result = Train(config);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument) << result.status();
    EXPECT_THAT(result.status().message(),
                AllOf(HasSubstr("train.kernel_file: " + before), HasSubstr("--overwrite")));
  }

  TestFolder folder_;
  const std::string path_ = folder_ / "k.json";
  storage::KernelFile file_;
  int runs_ = 0;
};

TEST_F(KernelFileTest, TheBitsAreEqualOnOneAndTwoRanks) {
  ASSERT_FALSE(file_.choices.empty());
  TrainConfig config = Config(path_);
  const std::vector<std::string> expected = Run(config);
  config.run.ranks = 2;
  EXPECT_EQ(Run(config), expected);
  EXPECT_NE(Run(Config("")), expected) << "the file is part of every digest";
}

TEST_F(KernelFileTest, AnotherFileIsAnotherDigestFromTheStartOn) {
  TrainConfig config = Config(path_);
  config.max_steps = 3;
  const std::vector<std::string> lines = Run(config);
  Write(TimedAgain());
  const std::vector<std::string> others = Run(config);
  ASSERT_EQ(lines.size(), 4u);
  ASSERT_EQ(others.size(), 4u);
  EXPECT_EQ(Losses(lines), Losses(others)) << "the choices are the same";
  for (size_t step = 1; step < lines.size(); ++step) EXPECT_NE(lines[step], others[step]);
}

TEST_F(KernelFileTest, ARunKeepsACopyAndGoesOnWithItWhateverBecomesOfTheFile) {
  TrainConfig config = Config(path_);
  const std::vector<std::string> expected = Run(config);
  for (const bool removed : {true, false}) {
    Write(file_);
    config.run.directory = folder_ / (removed ? "removed" : "changed");
    config.max_steps = 5;
    ASSERT_TRUE(Train(config).ok());
    EXPECT_EQ(*ReadFile(config.run.directory + "/kernels.json"), *ReadFile(path_));
    if (removed) {
      ASSERT_TRUE(RemoveTree(path_).ok());
    } else {
      Write(TimedAgain());
    }
    config.max_steps = 0;
    const auto result = Train(config);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->resumed_from_step, 5);
    EXPECT_EQ(DigestLines(config.run.directory), expected);
  }
}

TEST_F(KernelFileTest, ARunCannotGoOnWithAFileAddedOrTakenAway) {
  TrainConfig with = Config(path_), without = Config("");
  with.run.directory = without.run.directory = folder_ / "with";
  with.max_steps = without.max_steps = 3;
  ASSERT_TRUE(Train(with).ok());
  without.max_steps = 5;
  ExpectRefused(without, "");
  with.run.directory = without.run.directory = folder_ / "without";
  without.max_steps = 3;
  ASSERT_TRUE(Train(without).ok());
  with.max_steps = 5;
  ExpectRefused(with, "(none), now ");
  with.run.overwrite = true;
  EXPECT_TRUE(Train(with).ok()) << "begun anew it may be another run";
}

TEST_F(KernelFileTest, NewBitsTakeTheRecipesFileAsANewBranch) {
  TrainConfig config = Config(path_);
  config.run.directory = folder_ / "run";
  config.max_steps = 3;
  ASSERT_TRUE(Train(config).ok());
  Write(TimedAgain());
  config.max_steps = 5;
  config.run.new_bits = true;
  const auto result = Train(config);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->branch, 2);
  EXPECT_EQ(result->resumed_from_step, 3);
  EXPECT_EQ(*ReadFile(config.run.directory + "/kernels.json"), *ReadFile(path_));
}

TEST_F(KernelFileTest, ExplainNamesTheKernelsThatWereChosen) {
  const Result<std::string> text = worker::Explain(Config(path_), {.layers = true});
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, HasSubstr("kernels chosen by " + path_));
  EXPECT_THAT(*text, HasSubstr(file_.choices[0].kernel + " " + file_.choices[0].algorithm));
  EXPECT_EQ(worker::Explain(Config(""))->find("kernels chosen by"), std::string::npos);
}

}  // namespace
}  // namespace lockstep::tests
