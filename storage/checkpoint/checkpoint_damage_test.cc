// SPDX-License-Identifier: Apache-2.0
// 1,000 damaged checkpoints: a bit flipped or a file cut, in every file of one. Verify finds each
// and names the file, and a resume goes on from the checkpoint before, saying so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/philox.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/files.h"
#include "storage/env/testing/damaged_files.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint32_t kDamages = 200;
#else
constexpr uint32_t kDamages = 1400;
#endif

void ExpectNoticed(const std::string& run, const std::string& name, const MadeCheckpoint& before) {
  const Status status = VerifyCheckpoint(run, {1, 200}).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(status.message(), HasSubstr(name));
  std::vector<std::string> said;
  const auto found = FindResume(run, [&](const std::string& text) { said.push_back(text); });
  ASSERT_TRUE(found.ok() && *found) << found.status();
  EXPECT_EQ((*found)->id, (CheckpointId{1, 100}));
  EXPECT_TRUE(before.IsIn(run, **found));
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], HasSubstr("b01-s0000000200 is passed over"));
  EXPECT_THAT(said[0], HasSubstr(name));
}

TEST(CheckpointDamage, IsFoundAndNamedAndAResumeGoesOnFromTheOneBefore) {
  const ScratchDirectory run;
  const MadeCheckpoint before({1, 100});
  ASSERT_TRUE(before.Write(run.path()).ok());
  ASSERT_TRUE(MadeCheckpoint({1, 200}).Write(run.path()).ok());
  const std::string directory = run / "checkpoints/b01-s0000000200";
  const std::vector<std::string> files = *ListDir(directory);
  ASSERT_EQ(files.size(), 7u);
  for (uint32_t n = 0; n < kDamages; ++n) {
    const std::string& name = files[n % files.size()];
    const std::string path = directory + "/" + name;
    const std::string whole = *ReadRegularFile(path);
    std::string what;
    Overwrite(path, Damaged(whole, n, &what));
    ExpectNoticed(run.path(), name, before);
    Overwrite(path, whole);
    if (HasFailure()) FAIL() << "damage " << n << ": " << name << ", " << what;
  }
  EXPECT_TRUE(VerifyCheckpoint(run.path(), {1, 200}).ok());
  EXPECT_EQ((*FindResume(run.path(), {}))->id, (CheckpointId{1, 200}));
}

// The manifest guards the rest, so it gets every single bit and every length.
TEST(CheckpointDamage, OfTheManifestIsFoundAtEveryBitAndLength) {
  const MadeCheckpoint made({1, 200});
  const std::string text = EncodeCheckpointManifest(made.manifest());
  ASSERT_TRUE(DecodeCheckpointManifest(text).ok());
  for (size_t at = 0; at < text.size(); ++at) {
    EXPECT_EQ(DecodeCheckpointManifest(text.substr(0, at)).status().code(), StatusCode::kDataLoss);
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      EXPECT_EQ(DecodeCheckpointManifest(damaged).status().code(), StatusCode::kDataLoss)
          << "bit " << bit << " of byte " << at;
    }
  }
}

}  // namespace
}  // namespace lockstep::storage
