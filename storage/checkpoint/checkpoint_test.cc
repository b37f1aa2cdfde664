// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/fault_point.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/checkpoint/testing/faults_of.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/files.h"
#include "storage/env/testing/damaged_files.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<std::string> CheckpointsIn(const ScratchDirectory& run) {
  return *ListDir(run / "checkpoints");
}

TEST(CheckpointId, HasOneName) {
  EXPECT_EQ((CheckpointId{1, 1200}.Name()), "b01-s0000001200");
  EXPECT_EQ((CheckpointId{123, 12345678901}.Name()), "b123-s12345678901");
  for (const CheckpointId id :
       {CheckpointId{1, 0}, CheckpointId{99, 9999999999}, CheckpointId{100, 10000000000},
        CheckpointId{INT32_MAX, INT64_MAX}}) {
    EXPECT_EQ(CheckpointId::Parse(id.Name()), id) << id.Name();
  }
  for (const char* name :
       {"", "b01", "b01-s", "b1-s0000001200", "b001-s0000001200", "b01-s000001200",
        "b01-s00000001200", "b00-s0000000001", "b01-s000000120x", "b01-s-000001200",
        "b+1-s0000001200", "B01-s0000001200", "b01-s0000001200 ", ".tmp-b01-s0000001200",
        "b9999999999-s0000000001", "b01-s99999999999999999999", "b-1-s0000000001"}) {
    EXPECT_EQ(CheckpointId::Parse(name), std::nullopt) << name;
  }
}

TEST(Checkpoint, GivesBackManifestAndTensorsOfManyFiles) {
  const ScratchDirectory run;
  MadeCheckpoint made({2, 1234});
  const auto written = made.Write(run.path());
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_THAT(CheckpointsIn(run), ElementsAre("b02-s0000001234"));
  const std::string path = run / "checkpoints/b02-s0000001234";
  EXPECT_THAT(*ListDir(path),
              ElementsAre("manifest.json", "model-00001-of-00003.safetensors",
                          "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors",
                          "momentum_buffer-00001-of-00002.safetensors",
                          "momentum_buffer-00002-of-00002.safetensors",
                          "progress-00001-of-00001.safetensors"));
  int64_t bytes = 0;
  const std::vector<std::string> files = *ListDir(path);
  for (const std::string& name : files) bytes += *FileSize(path + "/" + name);
  EXPECT_EQ(*written, bytes);

  const auto manifest = VerifyCheckpoint(run.path(), {2, 1234});
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  made.manifest().files = manifest->files;
  EXPECT_EQ(manifest->files.size(), 6u);
  EXPECT_EQ(EncodeCheckpointManifest(made.manifest()), EncodeCheckpointManifest(*manifest));
  EXPECT_EQ(manifest->trainer_state, made.manifest().trainer_state);
  EXPECT_EQ(manifest->values, made.manifest().values);
  EXPECT_EQ(manifest->dataset_digest, made.manifest().dataset_digest);
  EXPECT_TRUE(made.IsIn(run.path(), *manifest));

  const auto model = CheckpointTensors::Read(run.path(), *manifest, "model");
  ASSERT_TRUE(model.ok()) << model.status();
  std::vector<std::string> names;
  for (const TensorView& tensor : model->tensors()) names.push_back(tensor.name);
  EXPECT_THAT(names, ElementsAre("layer0.weight", "layer1.weight", "layer2.weight", "layer3.weight",
                                 "layer4.weight"));
  EXPECT_EQ(model->Find("layer9.weight").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(CheckpointTensors::Read(run.path(), *manifest, "mod").status().code(),
            StatusCode::kNotFound);
}

TEST(Checkpoint, FilesDependOnTheStateAlone) {
  const ScratchDirectory a, b;
  ASSERT_TRUE(MadeCheckpoint({1, 5}).Write(a.path()).ok());
  ASSERT_TRUE(MadeCheckpoint({1, 5}).Write(b.path()).ok());
  const std::vector<std::string> files = *ListDir(a / "checkpoints/b01-s0000000005");
  EXPECT_EQ(files, *ListDir(b / "checkpoints/b01-s0000000005"));
  for (const std::string& name : files) {
    const std::string path = "checkpoints/b01-s0000000005/" + name;
    EXPECT_EQ(*ReadRegularFile(a / path), *ReadRegularFile(b / path)) << name;
  }
}

TEST(Checkpoint, WhatCannotBeWrittenIsRefusedBeforeAnythingIs) {
  const ScratchDirectory run;
  const auto refused = [&](const std::function<void(MadeCheckpoint&)>& change,
                           std::vector<TensorGroup> groups = {}) {
    MadeCheckpoint made({1, 5});
    change(made);
    if (groups.empty()) groups = made.groups();
    return WriteCheckpoint(run.path(), made.manifest(), groups, {}).status();
  };
  const auto none = [](MadeCheckpoint&) {};
  const MadeCheckpoint made({1, 5});
  TensorGroup twice = made.groups()[0];
  twice.tensors.push_back(twice.tensors[0]);
  EXPECT_EQ(refused([](auto& m) { m.manifest().id.branch = 0; }).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(refused([](auto& m) { m.manifest().step_in_epoch = -1; }).code(),
            StatusCode::kInvalidArgument);
  EXPECT_THAT(refused([](auto& m) { m.manifest().values["x"] = "\xff"; }).message(),
              HasSubstr("'x' is not UTF-8"));
  EXPECT_THAT(refused(none, {{"Model", {}}}).message(), HasSubstr("'Model'"));
  EXPECT_THAT(refused(none, {{"", {}}}).message(), HasSubstr("[a-z0-9_]+"));
  EXPECT_THAT(refused(none, {{"a", {}}, {"a", {}}}).message(), HasSubstr("two groups"));
  EXPECT_THAT(refused(none, {twice}).message(), HasSubstr("two tensors of group 'model'"));
  EXPECT_FALSE(PathExists(run / "checkpoints"));
}

TEST(Checkpoint, AnEmptyGroupHasOneFile) {
  const ScratchDirectory run;
  MadeCheckpoint made({1, 5});
  ASSERT_TRUE(WriteCheckpoint(run.path(), made.manifest(), {{"none", {}}}, {}).ok());
  const auto manifest = VerifyCheckpoint(run.path(), {1, 5});
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_THAT(CheckpointTensors::Read(run.path(), *manifest, "none")->tensors(), IsEmpty());
}

TEST(CheckpointCommit, AgainWithEqualDigestThrowsTheOwnAway) {
  const ScratchDirectory run;
  const MadeCheckpoint made({1, 5});
  ASSERT_TRUE(made.Write(run.path()).ok());
  const std::string before = *ReadRegularFile(run / "checkpoints/b01-s0000000005/manifest.json");
  MadeCheckpoint again({1, 5});
  again.manifest().generation = 2;
  const auto written = again.Write(run.path());
  EXPECT_TRUE(written.ok()) << written.status();
  EXPECT_THAT(CheckpointsIn(run), ElementsAre("b01-s0000000005"));
  EXPECT_EQ(*ReadRegularFile(run / "checkpoints/b01-s0000000005/manifest.json"), before);
}

TEST(CheckpointCommit, AgainWithAnotherDigestKeepsBothAndFails) {
  const ScratchDirectory run;
  const MadeCheckpoint first({1, 5});
  ASSERT_TRUE(first.Write(run.path()).ok());
  MadeCheckpoint second({1, 5}, 1);
  second.manifest().generation = 3;
  for (int time = 0; time < 2; ++time) {
    const Status status = second.Write(run.path()).status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
    EXPECT_THAT(status.message(), HasSubstr(Hex64(first.manifest().digest)));
    EXPECT_THAT(status.message(), HasSubstr(Hex64(second.manifest().digest)));
    EXPECT_THAT(status.message(), HasSubstr("conflict-b01-s0000000005-g000003"));
  }
  EXPECT_THAT(CheckpointsIn(run), ElementsAre("b01-s0000000005", "conflict-b01-s0000000005-g000003",
                                              StartsWith("conflict-b01-s0000000005-g000003-")));
  const auto kept = VerifyCheckpointDirectory(run / "checkpoints/conflict-b01-s0000000005-g000003",
                                              CheckpointId{1, 5});
  EXPECT_TRUE(kept.ok()) << kept.status();
  EXPECT_TRUE(first.IsIn(run.path(), *VerifyCheckpoint(run.path(), {1, 5})));
}

TEST(CheckpointCommit, ADamagedTargetIsReplaced) {
  const ScratchDirectory run;
  const MadeCheckpoint made({1, 5});
  ASSERT_TRUE(made.Write(run.path()).ok());
  Flip(run / "checkpoints/b01-s0000000005/progress-00001-of-00001.safetensors", 20);
  ASSERT_FALSE(VerifyCheckpoint(run.path(), {1, 5}).ok());
  const auto written = made.Write(run.path());
  EXPECT_TRUE(written.ok()) << written.status();
  EXPECT_THAT(CheckpointsIn(run), ElementsAre("b01-s0000000005"));
  EXPECT_TRUE(made.IsIn(run.path(), *VerifyCheckpoint(run.path(), {1, 5})));
}

TEST(CheckpointCommit, AFileUnderItsNameIsReplacedToo) {
  const ScratchDirectory run;
  std::filesystem::create_directory(run / "checkpoints");
  std::ofstream(run / "checkpoints/b01-s0000000005") << "x";
  const auto written = MadeCheckpoint({1, 5}).Write(run.path());
  EXPECT_TRUE(written.ok()) << written.status();
  EXPECT_TRUE(VerifyCheckpoint(run.path(), {1, 5}).ok());
}

TEST(CheckpointCommit, SupersededBeforeTheRenameLeavesNothing) {
  const ScratchDirectory run;
  int asked = 0;
  const Status status = MadeCheckpoint({1, 5})
                            .Write(run.path(),
                                   [&] {
                                     ++asked;
                                     EXPECT_EQ(CheckpointsIn(run).size(), 1u);  // all but renamed
                                     return Superseded("generation 8 has begun");
                                   })
                            .status();
  EXPECT_EQ(status.code(), StatusCode::kSuperseded) << status;
  EXPECT_GE(asked, 1);
  EXPECT_THAT(CheckpointsIn(run), IsEmpty());
}

TEST(CheckpointCommit, AZombieWhoseFolderWasRemovedSaysSuperseded) {
  const ScratchDirectory run;
  const auto take_over = [&] { return RemoveStaleTemporaries(run.path()); };
  bool first = true;
  const Status status = MadeCheckpoint({1, 5})
                            .Write(run.path(),
                                   [&] {
                                     // Right after the check a newer holder comes, and cleans up.
                                     EXPECT_TRUE(!first || take_over().ok());
                                     const bool newest = std::exchange(first, false);
                                     return newest ? OkStatus() : Superseded("by generation 8");
                                   })
                            .status();
  EXPECT_EQ(status.code(), StatusCode::kSuperseded) << status;
  EXPECT_THAT(CheckpointsIn(run), IsEmpty());
}

TEST(CheckpointCommit, TheRenameThatALostAnswerHidIsFound) {
  const ScratchDirectory run;
  // A network file system may rename, lose the answer, ask again and find nothing to rename.
  const MadeCheckpoint made({1, 5});
  const auto written = made.Write(run.path(), [&] {
    const std::string temporary = run / ("checkpoints/" + CheckpointsIn(run)[0]);
    if (temporary.find(".tmp-") == std::string::npos) return OkStatus();
    return RenameToNew(temporary, run / "checkpoints/b01-s0000000005");
  });
  EXPECT_TRUE(written.ok()) << written.status();
  EXPECT_TRUE(made.IsIn(run.path(), *VerifyCheckpoint(run.path(), {1, 5})));
}

TEST(CheckpointWrite, AFileSizeLimitIsAFailureAndNoSignal) {
  const ScratchDirectory run;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit{400, 400};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
    const Status status = MadeCheckpoint({1, 5}).Write(run.path()).status();
    ::_exit(status.code() == StatusCode::kResourceExhausted ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_THAT(CheckpointsIn(run), IsEmpty());
}

// Each place that can fail, the first and a later time.
TEST(CheckpointWrite, EveryFaultPointFailsTheAttemptAndLeavesNothing) {
  for (const char* point : {"checkpoint.open", "checkpoint.write", "checkpoint.fsync"}) {
    for (const char* action : {":eio", ":enospc", ":eio@2", ":enospc@7"}) {
      const ScratchDirectory run;
      const FaultsOf faults(std::string(point) + action);
      const Status status = MadeCheckpoint({1, 5}).Write(run.path()).status();
      const bool space = std::string(action).starts_with(":enospc");
      EXPECT_EQ(status.code(), space ? StatusCode::kResourceExhausted : StatusCode::kIoError)
          << point << action << status;
      EXPECT_THAT(status.message(), HasSubstr("checkpoint b01-s0000000005: cannot "));
      EXPECT_THAT(CheckpointsIn(run), IsEmpty());
    }
  }
}

}  // namespace
}  // namespace lockstep::storage
