// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/ckpt_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "storage/checkpoint/generation.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/testing/scratch_directory.h"
#include "worker/report/run_tables.h"

namespace lockstep::cluster {
namespace {

using storage::CheckpointId;
using storage::MadeCheckpoint;
using ::testing::HasSubstr;
using ::testing::Not;

class CkptCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const int64_t step : {100, 200}) {
      MadeCheckpoint made({1, step});
      made.manifest().tables = {worker::StateOfTable("digests.csv", "step\n1\n2\n")};
      ASSERT_TRUE(made.Write(run_.path()).ok());
    }
    ASSERT_TRUE(WriteFileAtomic(run_ / "digests.csv", "step\n1\n2\n3\n").ok());
  }
  std::string Path(const std::string& name) const { return run_ / ("checkpoints/" + name); }
  void Cut(const std::string& name) const { std::filesystem::resize_file(Path(name), 5); }

  const storage::ScratchDirectory run_;
  std::ostringstream out_, err_;
  Console console_{out_, err_};
};

TEST_F(CkptCommand, LsShowsCheckpointsAndGenerations) {
  storage::GenerationInfo info;
  info.parent = "b01-s0000000100";
  const auto held = storage::Generation::Claim(run_.path(), info, {});
  ASSERT_TRUE(held.ok()) << held.status();
  ASSERT_TRUE(RunCkptLs({run_.path()}, &console_).ok());
  EXPECT_THAT(out_.str(), HasSubstr("b01-s0000000100  1       100   1      "));
  EXPECT_THAT(out_.str(), HasSubstr(Hex64(MadeCheckpoint({1, 200}).manifest().digest)));
  EXPECT_THAT(out_.str(), HasSubstr("2026-11-25T02:03:45Z  1           whole\n"));
  EXPECT_THAT(out_.str(), HasSubstr("running\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("damaged")));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CkptCommand, LsSaysWhatIsDamaged) {
  Cut("b01-s0000000200/progress-00001-of-00001.safetensors");
  ASSERT_TRUE(RunCkptLs({run_.path()}, &console_).ok());
  EXPECT_THAT(out_.str(), HasSubstr("damaged\n"));
  EXPECT_THAT(err_.str(), HasSubstr("progress-00001-of-00001.safetensors has 5 bytes, expected "));
  ASSERT_FALSE(MadeCheckpoint({1, 100}, 1).Write(run_.path()).ok());
  ASSERT_TRUE(RunCkptLs({run_.path()}, &console_).ok());
  EXPECT_THAT(err_.str(), HasSubstr("conflict-b01-s0000000100-g000001' was kept"));
}

TEST_F(CkptCommand, LsAsJson) {
  Cut("b01-s0000000100/manifest.json");
  { const auto ended = storage::Generation::Claim(run_.path(), {}, {}); }
  ASSERT_TRUE(RunCkptLs({run_.path(), true}, &console_).ok());
  const auto json = nlohmann::json::parse(out_.str());
  ASSERT_EQ(json["checkpoints"].size(), 2u);
  EXPECT_EQ(json["checkpoints"][0]["state"], "damaged");
  EXPECT_EQ(json["checkpoints"][1]["state"], "whole");
  EXPECT_EQ(json["checkpoints"][1]["name"], "b01-s0000000200");
  EXPECT_EQ(json["checkpoints"][1]["epoch"], 2);
  ASSERT_EQ(json["generations"].size(), 1u);
  EXPECT_EQ(json["generations"][0]["holder"], "ended");
}

TEST_F(CkptCommand, LsOfNothing) {
  EXPECT_EQ(RunCkptLs({run_ / "none"}, &console_).code(), StatusCode::kNotFound);
  std::filesystem::create_directory(run_ / "empty");
  EXPECT_TRUE(RunCkptLs({run_ / "empty"}, &console_).ok());
  EXPECT_THAT(out_.str(), HasSubstr("no checkpoints"));
}

TEST_F(CkptCommand, VerifyReadsAllAndNamesWhatIsDamaged) {
  EXPECT_TRUE(RunCkptVerify({run_.path(), ""}, &console_).ok());
  EXPECT_THAT(out_.str(), HasSubstr("b01-s0000000200  whole, digest "));
  const std::string name = "model-00002-of-00003.safetensors";
  std::fstream file(Path("b01-s0000000100/" + name), std::ios::in | std::ios::out);
  file.seekp(120) << '\x55';
  file.close();
  const Status status = RunCkptVerify({run_.path(), ""}, &console_);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr(name + " has XXH3-128 "));
  EXPECT_TRUE(RunCkptVerify({run_.path(), "b01-s0000000200"}, &console_).ok());
  EXPECT_EQ(RunCkptVerify({run_.path(), "b01-s0000000300"}, &console_).code(),
            StatusCode::kNotFound);
  EXPECT_EQ(RunCkptVerify({run_.path(), "last"}, &console_).code(), StatusCode::kInvalidArgument);
}

TEST_F(CkptCommand, VerifyNamesATableThatDoesNotBeginWithTheRowsOfTheNewestCheckpoint) {
  for (const char* text : {"step\n1\n", "step\n1\n7\n3\n", ""}) {
    ASSERT_TRUE(WriteFileAtomic(run_ / "digests.csv", text).ok());
    const Status status = RunCkptVerify({run_.path(), ""}, &console_);
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_THAT(status.message(), HasSubstr("digests.csv' does not begin with the 2 rows"));
  }
  ASSERT_TRUE(RemoveFileIfExists(run_ / "digests.csv").ok());
  EXPECT_EQ(RunCkptVerify({run_.path(), ""}, &console_).code(), StatusCode::kDataLoss);
  EXPECT_TRUE(RunCkptVerify({run_.path(), "b01-s0000000200"}, &console_).ok());
}

TEST_F(CkptCommand, DiffOfEqualStatesIsOk) {
  const storage::ScratchDirectory other;
  MadeCheckpoint same({1, 200});
  same.manifest().generation = 9;
  ASSERT_TRUE(same.Write(other.path()).ok());
  const Status status =
      RunCkptDiff({{Path("b01-s0000000200"), other / "checkpoints/b01-s0000000200"}}, &console_);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(out_.str(), HasSubstr("The states are equal: 8 tensors."));
}

TEST_F(CkptCommand, DiffNamesEveryTensorThatDiffersAndByHowMuch) {
  MadeCheckpoint changed({1, 300});
  std::vector<storage::TensorGroup> groups = changed.groups();
  std::vector<float> values(8);  // layer1.weight, finite numbers
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  groups[0].tensors[1].data = values.data();
  ASSERT_TRUE(WriteCheckpoint(run_.path(), changed.manifest(), groups, {}).ok());
  changed.manifest().id.step = 301;
  changed.manifest().trainer_state = "other";
  values[2] += 0.5f;
  values[7] -= 2;
  groups[1].tensors.pop_back();
  ASSERT_TRUE(WriteCheckpoint(run_.path(), changed.manifest(), groups, {}).ok());
  const Status status =
      RunCkptDiff({{run_.path(), "b01-s0000000300", "b01-s0000000301"}}, &console_);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(status.message(), HasSubstr("2 of 8 tensors and the trainer state"));
  EXPECT_THAT(out_.str(),
              HasSubstr("tensor    model/layer1.weight: f32[8]: 2 of 8 elements differ, "
                        "by up to 2\n"));
  EXPECT_THAT(out_.str(), HasSubstr("tensor    momentum_buffer/layer1.weight: only in a\n"));
  EXPECT_THAT(out_.str(), HasSubstr("position  a has branch 1, step 300"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("layer0")));
}

TEST_F(CkptCommand, DiffRefusesDamagedOnesAndOtherNumbersOfArguments) {
  Cut("b01-s0000000200/manifest.json");
  EXPECT_THAT(
      RunCkptDiff({{run_.path(), "b01-s0000000100", "b01-s0000000200"}}, &console_).message(),
      HasSubstr("is damaged"));
  EXPECT_EQ(RunCkptDiff({{run_.path()}}, &console_).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(RunCkptDiff({{run_.path(), run_.path()}}, &console_).code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace lockstep::cluster
