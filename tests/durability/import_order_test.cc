// SPDX-License-Identifier: Apache-2.0
// An import that has said that it is done survives a power cut, whole: every byte and name was on
// the disk before the name by which the dataset is opened.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "storage/dataset/manifest.h"
#include "storage/dataset/testing/made_dataset.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"
#include "tests/durability/disk_journal.h"

namespace lockstep::tests {
namespace {

using storage::BaseNameOf;
using storage::IsStoreFile;
using storage::MadeDataset;
using storage::ParentOf;
using storage::ScratchDirectory;
using ::testing::IsEmpty;

const MadeDataset kSmall{.train = 40, .test = 9, .shard_size = 4, .ids_per_file = 16};

TEST(ImportOrder, NothingOfADatasetThatIsDoneCanBeLost) {
  const ScratchDirectory scratch;
  const DiskJournal journal(scratch.path());
  const auto made = kSmall.Make(scratch / "d");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(journal.EarlyNames(), IsEmpty());
  EXPECT_THAT(journal.Unsynced(), IsEmpty());
}

TEST(ImportOrder, NothingOfADatasetThatReplacesAnotherCanBeLost) {
  const ScratchDirectory scratch;
  const DiskJournal journal(scratch.path());
  ASSERT_TRUE(kSmall.Make(scratch / "d").ok());
  const auto replaced = kSmall.Make(scratch / "d", 1, false, /*replace=*/true);
  ASSERT_TRUE(replaced.ok()) << replaced.status();
  EXPECT_THAT(journal.EarlyNames(), IsEmpty());
  EXPECT_THAT(journal.Unsynced(), IsEmpty());
}

// Not by trust in what RocksDB syncs of its own: after it has closed its store, and before the
// manifest that vouches for them.
TEST(ImportOrder, EveryFileOfTheStoreIsSyncedBetweenItsLastChangeAndTheManifest) {
  const ScratchDirectory scratch;
  const DiskJournal journal(scratch.path());
  ASSERT_TRUE(kSmall.Make(scratch / "d").ok());
  const std::vector<DiskCall> calls = journal.Calls();
  const auto manifest_begins = std::find_if(calls.begin(), calls.end(), [](const DiskCall& call) {
    return call.path.find(storage::kManifestName) != std::string::npos;
  });
  ASSERT_NE(manifest_begins, calls.end());
  const auto changes_store = [](const DiskCall& call) {
    return call.kind != DiskCall::Kind::kSync && IsStoreFile(BaseNameOf(call.path));
  };
  const auto last_change =
      std::find_if(std::make_reverse_iterator(manifest_begins), calls.rend(), changes_store);
  ASSERT_NE(last_change, calls.rend());
  const auto synced = [&](const auto& wanted) {
    return std::any_of(last_change.base(), manifest_begins, [&](const DiskCall& call) {
      return call.kind == DiskCall::Kind::kSync && wanted(call.path);
    });
  };
  const auto manifest = storage::ReadManifest(scratch / "d");
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_GE(manifest->files.size(), 6u);
  for (const storage::ManifestFile& file : manifest->files) {
    EXPECT_TRUE(synced([&](const std::string& path) { return BaseNameOf(path) == file.name; }))
        << file.name;
  }
  EXPECT_TRUE(synced([&](const std::string& path) {
    return ParentOf(manifest_begins->path) == path;
  })) << "the folder that names them";
}

}  // namespace
}  // namespace lockstep::tests
