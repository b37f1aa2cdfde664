// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_directory.h"

#include <gtest/gtest.h>

#include <bit>

#include "base/file.h"
#include "storage/env/scratch_directory.h"

namespace lockstep::worker {
namespace {

class RunDirectoryTest : public testing::Test {
 protected:
  // As a run does: looks first, then opens.
  Result<std::unique_ptr<RunDirectory>> Create(bool overwrite = false, HistoryStart start = {}) {
    TrainConfig config;
    config.run.directory = path_;
    config.run.overwrite = overwrite;
    config.recipe_text = "# recipe\n";
    RETURN_IF_ERROR(RunDirectory::Check(config));
    return RunDirectory::Open(config, start);
  }
  void Put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(MakeDirs(path_).ok());
    ASSERT_TRUE(WriteFileAtomic(path_ + "/" + name, text).ok());
  }
  std::string Get(const std::string& name) {
    const Result<std::string> text = ReadFile(path_ + "/" + name);
    return text.ok() ? *text : "(" + text.status().ToString() + ")";
  }

  storage::ScratchDirectory scratch_;
  std::string path_ = scratch_ / "new/run";
};

TEST_F(RunDirectoryTest, IsMadeWithItsParentsAndHoldsRecipeAndHeaders) {
  const auto directory = Create();
  ASSERT_TRUE(directory.ok()) << directory.status();
  EXPECT_EQ(Get("recipe.toml"), "# recipe\n");
  EXPECT_EQ(Get("digests.csv"), "step,loss_bits,loss,skipped,digest\n");
  EXPECT_EQ((*directory)->WeightsPath(), path_ + "/model.safetensors");
}

TEST_F(RunDirectoryTest, RefusesAFinishedRunWithoutCheckpointsAndChangesNothingOfIt) {
  Put("recipe.toml", "old");
  Put("digests.csv", "old digests");
  Put("model.safetensors", "old weights");
  Put("summary.json", R"({"status": "finished", "digest": "0000000000000abc"})");
  const auto again = Create();
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.status().code(), StatusCode::kAlreadyExists);
  EXPECT_NE(again.status().message().find("--overwrite"), std::string::npos) << again.status();
  EXPECT_EQ(Get("recipe.toml"), "old");
  EXPECT_EQ(Get("digests.csv"), "old digests");
  EXPECT_EQ(Get("model.safetensors"), "old weights");
}

TEST_F(RunDirectoryTest, RefusesAFolderThatIsNoRunAndChangesNothingOfIt) {
  Put("results.csv", "someone's results");
  for (bool overwrite : {false, true}) {
    const auto directory = Create(overwrite);
    ASSERT_FALSE(directory.ok()) << "overwrite " << overwrite;
    EXPECT_EQ(directory.status().code(), StatusCode::kAlreadyExists);
    EXPECT_NE(directory.status().message().find("results.csv"), std::string::npos)
        << directory.status();
  }
  EXPECT_EQ(Get("results.csv"), "someone's results");
  EXPECT_FALSE(FileExists(path_ + "/recipe.toml"));
}

TEST_F(RunDirectoryTest, KnowsAFinishedRunByItsSummaryAndItsWeights) {
  Put("summary.json", R"({"status": "finished", "digest": "0000000000000abc"})");
  EXPECT_FALSE(RunDirectory::FinishedDigest(path_).ok()) << "there are no weights";
  Put("model.safetensors", "weights");
  ASSERT_TRUE(RunDirectory::FinishedDigest(path_).ok());
  EXPECT_EQ(*RunDirectory::FinishedDigest(path_), 0xabcu);
  for (const char* text : {R"({"status": "stopped", "digest": "0000000000000abc"})", "", "[1]",
                           R"({"status": 3})", R"({"status": "finished", "digest": "x"})"}) {
    Put("summary.json", text);
    EXPECT_FALSE(RunDirectory::FinishedDigest(path_).ok()) << text;
  }
}

TEST_F(RunDirectoryTest, AHistoryThatGoesOnKeepsTheRowsBeforeIt) {
  Put("recipe.toml", "old");
  Put("summary.json", "{}");
  Put("model.safetensors", "old weights");
  Put("digests.csv", "step,loss_bits,loss,skipped,digest\n1,a,b,0,c\n2,a,b,0,d\n3,a,b,0,e\n4,a,");
  Put("results.csv",
      "epoch,step,train_loss,val_loss,acc1,lr,images_per_second,seconds\n0,2,x\n1,3,cut\n1,4,y\n");
  const auto directory = Create(false, {.step = 3, .epoch = 1});
  ASSERT_TRUE(directory.ok()) << directory.status();
  ASSERT_TRUE((*directory)->AddStep({4, 2.5, false, true, 0xabc}).ok());
  EXPECT_EQ(Get("digests.csv"),
            "step,loss_bits,loss,skipped,digest\n1,a,b,0,c\n2,a,b,0,d\n3,a,b,0,e\n"
            "4,4004000000000000,2.5,0,0000000000000abc\n");
  EXPECT_EQ(Get("results.csv"),
            "epoch,step,train_loss,val_loss,acc1,lr,images_per_second,seconds\n0,2,x\n");
  EXPECT_EQ(Get("recipe.toml"), "# recipe\n");
  EXPECT_FALSE(FileExists(path_ + "/summary.json")) << "it told of an earlier end";
  EXPECT_FALSE(FileExists(path_ + "/model.safetensors"));
}

TEST_F(RunDirectoryTest, KeepsACopyOfTheKernelFile) {
  TrainConfig config;
  config.run.directory = path_;
  ASSERT_TRUE(RunDirectory::Check(config).ok());
  ASSERT_TRUE(RunDirectory::Open(config, {}, "kernels").ok());
  EXPECT_EQ(Get("kernels.json"), "kernels");
  ASSERT_TRUE(RunDirectory::Open(config, {.step = 3, .epoch = 1}, "kernels").ok());
  EXPECT_EQ(Get("kernels.json"), "kernels");
}

TEST_F(RunDirectoryTest, ARunThatGoesOnWithoutAKernelFileKeepsNoCopyOfOne) {
  TrainConfig config;
  config.run.directory = path_;
  ASSERT_TRUE(RunDirectory::Check(config).ok());
  ASSERT_TRUE(RunDirectory::Open(config, {}, "kernels").ok());
  ASSERT_TRUE(RunDirectory::Open(config, {.step = 3, .epoch = 1}).ok());
  EXPECT_FALSE(FileExists(path_ + "/kernels.json"));
  EXPECT_TRUE(FileExists(path_ + "/digests.csv"));
}

TEST_F(RunDirectoryTest, AProcessThatWasReplacedWritesToNoTableOfItsSuccessor) {
  const auto zombie = Create();
  ASSERT_TRUE(zombie.ok());
  const auto successor = Create();
  ASSERT_TRUE(successor.ok());
  ASSERT_TRUE((*zombie)->AddStep({1, 2.5, false, true, 0xbad}).ok());
  EXPECT_EQ(Get("digests.csv"), "step,loss_bits,loss,skipped,digest\n");
}

TEST_F(RunDirectoryTest, OverwriteRemovesARunsFilesAndNoOthers) {
  for (const char* name :
       {"recipe.toml", "kernels.json", "summary.json", "model.safetensors", "notes.txt"}) {
    Put(name, "old");
  }
  ASSERT_TRUE(Create(/*overwrite=*/true).ok());
  EXPECT_FALSE(FileExists(path_ + "/kernels.json"));
  EXPECT_EQ(Get("recipe.toml"), "# recipe\n");
  EXPECT_FALSE(FileExists(path_ + "/summary.json"));
  EXPECT_FALSE(FileExists(path_ + "/model.safetensors"));
  EXPECT_EQ(Get("notes.txt"), "old");
}

TEST_F(RunDirectoryTest, SaysWhichDirectoryCannotBeMade) {
  ASSERT_TRUE(WriteFileAtomic(scratch_ / "file", "").ok());
  path_ = scratch_ / "file/run";
  const auto directory = Create();
  ASSERT_FALSE(directory.ok());
  EXPECT_NE(directory.status().message().find("the run directory"), std::string::npos);
  EXPECT_NE(directory.status().message().find(path_), std::string::npos) << directory.status();
}

TEST_F(RunDirectoryTest, AStepsRowHasTheBitsOfItsLossAndItsDigest) {
  const auto directory = Create();
  ASSERT_TRUE(directory.ok());
  ASSERT_TRUE((*directory)->AddStep({1, 2.5, false, true, 0xabc}).ok());
  ASSERT_TRUE((*directory)->AddStep({2, 0.0, true, false, 0xabc}).ok());
  EXPECT_EQ(Get("digests.csv"),
            "step,loss_bits,loss,skipped,digest\n"
            "1,4004000000000000,2.5,0,0000000000000abc\n"
            "2,0000000000000000,0,1,\n");
}

TEST_F(RunDirectoryTest, EveryNanIsRecordedAsOne) {
  const auto directory = Create();
  ASSERT_TRUE(directory.ok());
  for (uint64_t bits : {0xfff8000000000000u, 0x7ff8000000000001u, 0x7ff8000000000000u}) {
    ASSERT_TRUE((*directory)->AddStep({1, std::bit_cast<double>(bits), true, true, 1}).ok());
  }
  const std::string row = "1,7ff8000000000000,nan,1,0000000000000001\n";
  EXPECT_EQ(Get("digests.csv"), "step,loss_bits,loss,skipped,digest\n" + row + row + row);
}

TEST_F(RunDirectoryTest, AnEpochWithoutEvaluationLeavesItsColumnsEmpty) {
  const auto directory = Create();
  ASSERT_TRUE(directory.ok());
  EpochReport report;
  report.epoch = 1;
  report.global_step = 20;
  report.train_loss = 0.5;
  ASSERT_TRUE((*directory)->AddEpoch(report).ok());
  report.evaluated = true;
  report.validation = {.samples = 8, .correct = 2, .loss = 1.5};
  ASSERT_TRUE((*directory)->AddEpoch(report).ok());
  EXPECT_EQ(Get("results.csv"),
            "epoch,step,train_loss,val_loss,acc1,lr,images_per_second,seconds\n"
            "1,20,0.5,,,0,0,0\n"
            "1,20,0.5,1.5,0.25,0,0,0\n");
}

}  // namespace
}  // namespace lockstep::worker
