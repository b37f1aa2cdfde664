// SPDX-License-Identifier: Apache-2.0
// What verifying says, and which checkpoint a resume takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/fault_point.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/testing/faults_of.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/files.h"
#include "storage/env/testing/damaged_files.h"
#include "storage/env/testing/scratch_directory.h"
#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> NamesOf(const std::vector<CheckpointId>& ids) {
  std::vector<std::string> names;
  for (const CheckpointId id : ids) names.push_back(id.Name());
  return names;
}

Status VerifyStatus(const ScratchDirectory& run) {
  return VerifyCheckpoint(run.path(), {1, 5}).status();
}

class CheckpointVerify : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(MadeCheckpoint({1, 5}).Write(run_.path()).ok()); }
  std::string Path(const std::string& name) const {
    return run_ / ("checkpoints/b01-s0000000005/" + name);
  }
  // Replaces the manifest by one that differs in this and has the hash that belongs to it.
  void ChangeManifest(const std::function<void(nlohmann::json&)>& change) const {
    const std::string text = *ReadRegularFile(Path("manifest.json"));
    nlohmann::json j = *ParseHashed(text);
    change(j);
    std::ofstream(Path("manifest.json"), std::ios::trunc) << HashedText(j);
  }
  void ExpectDamage(const std::string& text) const {
    const Status status = VerifyStatus(run_);
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
    EXPECT_THAT(status.message(), HasSubstr(text));
  }
  ScratchDirectory run_;
};

TEST_F(CheckpointVerify, NamesMissingAndUnlistedFiles) {
  std::ofstream(Path("notes.txt")) << "x";
  std::filesystem::remove(Path("model-00002-of-00003.safetensors"));
  std::filesystem::remove(Path("progress-00001-of-00001.safetensors"));
  std::filesystem::create_directory(Path("progress-00001-of-00001.safetensors"));
  ExpectDamage("model-00002-of-00003.safetensors is missing");
  ExpectDamage("notes.txt is not listed");
  ExpectDamage("is a directory; expected a regular file");
}

TEST_F(CheckpointVerify, NamesWhatIsExpected) {
  Flip(Path("model-00001-of-00003.safetensors"), 3);
  ExpectDamage("model-00001-of-00003.safetensors has XXH3-128 ");
  ExpectDamage(", expected ");
  std::filesystem::resize_file(Path("model-00001-of-00003.safetensors"), 7);
  ExpectDamage("model-00001-of-00003.safetensors has 7 bytes, expected ");
}

TEST_F(CheckpointVerify, WithoutManifestOrDirectory) {
  std::filesystem::remove(Path("manifest.json"));
  ExpectDamage("has no manifest.json: it is not complete");
  std::filesystem::remove_all(run_ / "checkpoints/b01-s0000000005");
  EXPECT_EQ(VerifyStatus(run_).code(), StatusCode::kNotFound);
  std::ofstream(run_ / "checkpoints/b01-s0000000005") << "x";
  ExpectDamage("is a file; a checkpoint is a directory");
}

TEST_F(CheckpointVerify, RefusesAManifestOfAnotherName) {
  std::filesystem::rename(run_ / "checkpoints/b01-s0000000005",
                          run_ / "checkpoints/b01-s0000000006");
  const Status status = VerifyCheckpoint(run_.path(), {1, 6}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("is of checkpoint b01-s0000000005, expected "));
}

TEST_F(CheckpointVerify, ManifestsThatAreNotOfTheFormatAreRefused) {
  const std::string good = *ReadRegularFile(Path("manifest.json"));
  const auto write = [&](const std::string& text) {
    std::ofstream(Path("manifest.json"), std::ios::trunc) << text;
  };
  ChangeManifest([](auto& j) { j["color"] = "red"; });
  ExpectDamage("a key that is not of this format");
  write(good);
  ChangeManifest([](auto& j) { j["step"] = 5.0; });
  ExpectDamage("'step' is not an integer");
  write(good);
  ChangeManifest([](auto& j) { j["branch"] = 0; });
  ExpectDamage("branches count from 1");
  write(good);
  ChangeManifest([](auto& j) { j.erase("build"); });
  ExpectDamage("there is no 'build'");
  write(good);
  ChangeManifest([](auto& j) { j["trainer_state"] = "abc"; });
  ExpectDamage("odd number");
  for (const char* name : {"../x", "model", "model-00001-of-00004.safetensors", "/etc/passwd"}) {
    write(good);
    ChangeManifest([&](auto& j) { j["files"][0]["name"] = name; });
    EXPECT_EQ(VerifyStatus(run_).code(), StatusCode::kDataLoss) << name;
  }
  std::string twice = good;  // the key `build` stands twice
  twice.insert(twice.find(" \"build\""), " \"build\": \"x\",\n");
  write(twice);
  ExpectDamage("not as it was written");
  write(good + "\n");
  ExpectDamage("not as it was written");
  write(std::string(100000, '['));
  ExpectDamage("nested deeper");
  write(good);
  EXPECT_TRUE(VerifyStatus(run_).ok());
}

TEST_F(CheckpointVerify, AFutureVersionIsNotDamageAndStopsAResume) {
  ASSERT_TRUE(MadeCheckpoint({1, 4}).Write(run_.path()).ok());
  ChangeManifest([](auto& j) { j["version"] = 4; });
  EXPECT_EQ(VerifyStatus(run_).code(), StatusCode::kFailedPrecondition) << VerifyStatus(run_);
  EXPECT_EQ(FindResume(run_.path(), {}).status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(CheckpointVerify, TheVersionBeforeIsWholeButNothingGoesOnFromIt) {
  const auto now = VerifyCheckpoint(run_.path(), {1, 5});
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_TRUE(CheckGoesOn(*now).ok());
  ChangeManifest([](auto& j) { j["version"] = 2; });
  const auto before = VerifyCheckpoint(run_.path(), {1, 5});
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(before->version, 2);
  const Status refused = CheckGoesOn(*before);
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find("checkpoint b01-s0000000005 has format version 2"),
            std::string::npos);
  EXPECT_NE(refused.message().find("Go on with the program that made it"), std::string::npos);
  ChangeManifest([](auto& j) { j["version"] = 1; });
  EXPECT_NE(VerifyStatus(run_).message().find("reads version 3 and back to 2"), std::string::npos)
      << VerifyStatus(run_);
}

TEST_F(CheckpointVerify, AResumeThatIsNoLongerWantedEndsBetweenTwoPieces) {
  int64_t pieces = 0;
  const auto found = FindResume(run_.path(), {}, [&](int64_t) {
    ++pieces;
    return Cancelled("stopped on request");
  });
  EXPECT_EQ(found.status().code(), StatusCode::kCancelled) << found.status();
  EXPECT_EQ(pieces, 1);
}

TEST_F(CheckpointVerify, ADiskThatFailsForAMomentIsAskedAgain) {
  const FaultsOf faults("checkpoint.read:eio@2,checkpoint.read:eio@3");
  EXPECT_TRUE(VerifyStatus(run_).ok()) << VerifyStatus(run_);
}

TEST_F(CheckpointVerify, ADiskThatFailsIsNoDamageAndStopsAResume) {
  ASSERT_TRUE(MadeCheckpoint({1, 4}).Write(run_.path()).ok());
  const FaultsOf faults("checkpoint.read:eio@1+");
  EXPECT_EQ(VerifyStatus(run_).code(), StatusCode::kIoError);
  int said = 0;
  const auto found = FindResume(run_.path(), [&](const std::string&) { ++said; });
  EXPECT_EQ(found.status().code(), StatusCode::kIoError) << found.status();
  EXPECT_EQ(said, 0);
}

TEST(CheckpointResume, TakesTheHighestBranchThenTheHighestWholeStep) {
  const ScratchDirectory run;
  std::vector<std::string> said;
  const auto say = [&](const std::string& text) { said.push_back(text); };
  const auto resume = [&] {
    said.clear();
    const auto found = FindResume(run.path(), say);
    EXPECT_TRUE(found.ok()) << found.status();
    return *found ? (*found)->id.Name() : "none";
  };
  EXPECT_EQ(resume(), "none");
  for (const CheckpointId id :
       {CheckpointId{1, 30}, CheckpointId{1, 40}, CheckpointId{2, 20}, CheckpointId{2, 35}}) {
    ASSERT_TRUE(MadeCheckpoint(id).Write(run.path()).ok());
  }
  std::filesystem::create_directory(run / "checkpoints/.tmp-b03-s0000000050-g000001-x");
  EXPECT_THAT(
      NamesOf(*ListCheckpoints(run.path())),
      ElementsAre("b01-s0000000030", "b01-s0000000040", "b02-s0000000020", "b02-s0000000035"));
  EXPECT_EQ(resume(), "b02-s0000000035");
  EXPECT_THAT(said, IsEmpty());
  Flip(run / "checkpoints/b02-s0000000035/manifest.json", 30);
  Flip(run / "checkpoints/b02-s0000000020/momentum_buffer-00001-of-00002.safetensors", 99);
  EXPECT_EQ(resume(), "b01-s0000000040");
  EXPECT_THAT(said, ElementsAre(HasSubstr("b02-s0000000035 is passed over: "),
                                HasSubstr("momentum_buffer-00001-of-00002.safetensors has XXH3")));
}

TEST(CheckpointTensorsTest, AFileThatChangedSinceIsNotReadAsGood) {
  const ScratchDirectory run;
  ASSERT_TRUE(MadeCheckpoint({1, 5}).Write(run.path()).ok());
  const CheckpointManifest manifest = *VerifyCheckpoint(run.path(), {1, 5});
  const std::string name = "model-00001-of-00003.safetensors";
  Flip(run / ("checkpoints/b01-s0000000005/" + name), 300);
  const Status status = CheckpointTensors::Read(run.path(), manifest, "model").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(status.message(), HasSubstr(name));
}

}  // namespace
}  // namespace lockstep::storage
