// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_directory.h"

#include <gtest/gtest.h>

#include <bit>

#include "base/file.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::worker {
namespace {

const std::vector<Metric> kMetrics = {{.name = "hits", .unit = ""}, {.name = "error", .unit = ""}};

class RunDirectoryTest : public testing::Test {
 protected:
  // As a run does: looks first, then opens.
  Result<std::unique_ptr<RunDirectory>> Create(bool overwrite = false,
                                               HistoryStart start = {
                                                   0, RunTables::WithoutRows(kMetrics)}) {
    TrainConfig config;
    config.run.directory = path_;
    config.run.overwrite = overwrite;
    config.recipe_text = "# recipe\n";
    RETURN_IF_ERROR(RunDirectory::Check(config));
    return RunDirectory::Open(config, start);
  }
  void Put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(MakeDirs(storage::ParentOf(path_ + "/" + name)).ok());
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
  for (const char* summary : {R"({"status": "finished", "digest": "0000000000000abc"})", ""}) {
    Put("summary.json", summary);
    const auto again = Create();
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.status().code(), StatusCode::kAlreadyExists);
    EXPECT_NE(again.status().message().find("--overwrite"), std::string::npos) << again.status();
    EXPECT_EQ(Get("recipe.toml"), "old");
    EXPECT_EQ(Get("digests.csv"), "old digests");
    EXPECT_EQ(Get("model.safetensors"), "old weights");
  }
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

HistoryStart StartAtStepThree() {
  HistoryStart start{.step = 3, .tables = RunTables::WithoutRows(kMetrics)};
  start.tables.digests += "1,a,b,0,c\n2,a,b,0,d\n3,a,b,0,e\n";
  start.tables.results += "0,2,x,y,z,w,lr,100,7\n";
  return start;
}

TEST_F(RunDirectoryTest, AHistoryThatGoesOnKeepsTheRowsBeforeIt) {
  const HistoryStart start = StartAtStepThree();
  Put("recipe.toml", "old");
  Put("summary.json", "{}");
  Put("model.safetensors", "old weights");
  Put("digests.csv", start.tables.digests + "4,a,");
  Put("results.csv", start.tables.results + "1,3,cut\n1,4,y\n");
  Put("checkpoints/b01-s0000000003/manifest.json", "");
  const auto directory = Create(false, start);
  ASSERT_TRUE(directory.ok()) << directory.status();
  ASSERT_TRUE((*directory)->AddStep({4, 2.5, false, true, 0xabc}).ok());
  EXPECT_EQ(Get("digests.csv"),
            start.tables.digests + "4,4004000000000000,2.5,0,0000000000000abc\n");
  EXPECT_EQ(Get("results.csv"), start.tables.results);
  EXPECT_EQ((*directory)->tables().results, start.tables.results);
  EXPECT_EQ(Get("recipe.toml"), "# recipe\n");
  EXPECT_FALSE(FileExists(path_ + "/summary.json")) << "it told of an earlier end";
  EXPECT_FALSE(FileExists(path_ + "/model.safetensors"));
}

// The checkpoint has the rows, so nothing is lost with a file.
TEST_F(RunDirectoryTest, ATableThatWasLostCutOrChangedIsWrittenAgain) {
  const HistoryStart start = StartAtStepThree();
  for (const std::string& text :
       {std::string(), std::string("step\n"), std::string(FirstRows(start.tables.digests, 2)),
        std::string(start.tables.digests).replace(50, 1, "x")}) {
    Put("recipe.toml", "old");
    Put("digests.csv", text);
    Put("results.csv", "");
    ASSERT_TRUE(RemoveFileIfExists(path_ + "/results.csv").ok());
    ASSERT_TRUE(Create(false, start).ok());
    EXPECT_EQ(Get("digests.csv"), start.tables.digests);
    EXPECT_EQ(Get("results.csv"), start.tables.results);
  }
}

TEST_F(RunDirectoryTest, ATableThatIsRemovedOrChangedWhileTheRunGoesOnIsPutRight) {
  const auto directory = Create();
  ASSERT_TRUE(directory.ok());
  ASSERT_TRUE((*directory)->AddStep({1, 2.5, false, true, 0xabc}).ok());
  const std::string written = Get("digests.csv");
  const auto may_write = [] { return OkStatus(); };
  ASSERT_TRUE(RemoveFileIfExists(path_ + "/digests.csv").ok());
  ASSERT_TRUE((*directory)->Sync(may_write).ok());
  EXPECT_EQ(Get("digests.csv"), written);
  Put("digests.csv", "step,loss_bits,loss,skipped,digest\n");
  ASSERT_TRUE((*directory)->Sync(may_write).ok());
  EXPECT_EQ(Get("digests.csv"), written);
  ASSERT_TRUE((*directory)->AddStep({2, 2.5, false, true, 0xdef}).ok());
  EXPECT_EQ(Get("digests.csv"), written + "2,4004000000000000,2.5,0,0000000000000def\n");
  ASSERT_TRUE((*directory)->Sync(may_write).ok());
}

TEST_F(RunDirectoryTest, AProcessThatWasReplacedPutsNoTableRight) {
  const auto zombie = Create();
  ASSERT_TRUE(zombie.ok());
  Put("digests.csv", "its successor's");
  EXPECT_EQ((*zombie)->Sync([] { return Superseded("g000002 is there"); }).code(),
            StatusCode::kSuperseded);
  EXPECT_EQ(Get("digests.csv"), "its successor's");
}

TEST_F(RunDirectoryTest, AFinishedRunNamesWhatItLeftAndNoticesAnyChangeOfIt) {
  const auto directory = Create();
  ASSERT_TRUE(directory.ok());
  ASSERT_TRUE((*directory)->AddStep({1, 2.5, false, true, 0xabc}).ok());
  TrainSummary summary;
  summary.status = "stopped";
  ASSERT_TRUE((*directory)->WriteSummary(summary).ok());
  EXPECT_EQ(VerifyFinishedRun(path_).status().code(), StatusCode::kFailedPrecondition);
  Put("model.safetensors", "weights");
  summary.status = "finished";
  summary.digest = 0xabc;
  summary.step = 1;
  summary.error = "not UTF-8: \xff";
  ASSERT_TRUE((*directory)->WriteSummary(summary).ok());
  const auto finished = VerifyFinishedRun(path_);
  ASSERT_TRUE(finished.ok()) << finished.status();
  EXPECT_EQ(finished->digest, 0xabcu);
  EXPECT_EQ(finished->step, 1);
  for (const char* name :
       {"digests.csv", "results.csv", "model.safetensors", "recipe.toml", "summary.json"}) {
    const std::string whole = Get(name);
    for (const size_t at : {size_t{0}, whole.size() / 2, whole.size() - 1}) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 2);
      Put(name, flipped);
      const Status status = VerifyFinishedRun(path_).status();
      EXPECT_EQ(status.code(), StatusCode::kDataLoss) << name << " at " << at << ": " << status;
      EXPECT_NE(status.message().find(name), std::string::npos) << status;
    }
    Put(name, whole);
  }
  ASSERT_TRUE(VerifyFinishedRun(path_).ok());
  ASSERT_TRUE(RemoveFileIfExists(path_ + "/model.safetensors").ok());
  EXPECT_EQ(VerifyFinishedRun(path_).status().code(), StatusCode::kDataLoss);
  ASSERT_TRUE(RemoveFileIfExists(path_ + "/summary.json").ok());
  EXPECT_EQ(VerifyFinishedRun(path_).status().code(), StatusCode::kNotFound);
}

TEST_F(RunDirectoryTest, KeepsACopyOfTheKernelFile) {
  TrainConfig config;
  config.run.directory = path_;
  ASSERT_TRUE(RunDirectory::Check(config).ok());
  ASSERT_TRUE(RunDirectory::Open(config, {}, "kernels").ok());
  EXPECT_EQ(Get("kernels.json"), "kernels");
  ASSERT_TRUE(RunDirectory::Open(config, StartAtStepThree(), "kernels").ok());
  EXPECT_EQ(Get("kernels.json"), "kernels");
}

TEST_F(RunDirectoryTest, ARunThatGoesOnWithoutAKernelFileKeepsNoCopyOfOne) {
  TrainConfig config;
  config.run.directory = path_;
  ASSERT_TRUE(RunDirectory::Check(config).ok());
  ASSERT_TRUE(RunDirectory::Open(config, {}, "kernels").ok());
  ASSERT_TRUE(RunDirectory::Open(config, StartAtStepThree()).ok());
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
  report.validation.loss = 1.5;
  report.validation.metrics = {{"hits", 0.25, true, ""}, {"error", 0.5, false, ""}};
  ASSERT_TRUE((*directory)->AddEpoch(report).ok());
  EXPECT_EQ(Get("results.csv"),
            "epoch,step,train_loss,val_loss,hits,error,lr,images_per_second,seconds\n"
            "1,20,0.5,,,,0,0,0\n"
            "1,20,0.5,1.5,0.25,0.5,0,0,0\n");
}

TEST_F(RunDirectoryTest, ARunThatGoesOnKeepsTheColumnsOfMetricsItBeganWith) {
  const std::string header =
      "epoch,step,train_loss,val_loss,gone,hits,lr,images_per_second,seconds\n";
  RunTables tables = RunTables::WithoutRows({});
  tables.results = header + "0,10,0.5,1,1,1,0,0,0\n";
  const auto directory = Create(/*overwrite=*/false, {10, tables});
  ASSERT_TRUE(directory.ok()) << directory.status();
  EpochReport report;
  report.epoch = 1;
  report.global_step = 20;
  report.evaluated = true;
  report.validation.loss = 1.5;
  report.validation.metrics = {{"hits", 0.25, true, ""}, {"error", 0.5, false, ""}};
  ASSERT_TRUE((*directory)->AddEpoch(report).ok());
  EXPECT_EQ(Get("results.csv"), tables.results + "1,20,0,1.5,,0.25,0,0,0\n");
}

}  // namespace
}  // namespace lockstep::worker
