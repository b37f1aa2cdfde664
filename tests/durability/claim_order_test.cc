// SPDX-License-Identifier: Apache-2.0
// A generation that works has a claim that a power cut cannot take from it: nobody else ever gets
// its number. And a checkpoint in the ledger is one that is on the disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "coordinator/ledger/ledger.h"
#include "storage/checkpoint/generation.h"
#include "storage/checkpoint/testing/made_checkpoint.h"
#include "storage/env/testing/scratch_directory.h"
#include "tests/durability/disk_journal.h"

namespace lockstep::tests {
namespace {

using storage::Generation;
using storage::MadeCheckpoint;
using storage::ScratchDirectory;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(ClaimOrder, TheClaimIsOnTheDiskBeforeItsHolderShowsALife) {
  const ScratchDirectory scratch;
  std::set<std::string> before_first_beat = {"no beat was seen"};
  const DiskJournal* asked = nullptr;
  const DiskJournal journal(scratch.path(), [&](const DiskCall& call) {
    if (call.path.ends_with(".alive") && before_first_beat.count("no beat was seen") != 0) {
      before_first_beat = asked->Unsynced();
    }
  });
  asked = &journal;
  const auto held = Generation::Claim(scratch.path(), {}, {}, std::nullopt);
  ASSERT_TRUE(held.ok() && *held != nullptr) << held.status();
  EXPECT_THAT(journal.EarlyNames(), IsEmpty());
  // The temporary name may come and go; what counts is the claim's.
  std::erase_if(before_first_beat,
                [](const std::string& what) { return what.find(".tmp-") != std::string::npos; });
  EXPECT_THAT(before_first_beat, IsEmpty());
}

TEST(ClaimOrder, ACheckpointIsOnTheDiskBeforeItsWriterSaysSo) {
  const ScratchDirectory scratch;
  const DiskJournal journal(scratch.path());
  const auto written = MadeCheckpoint({1, 100}).Write(scratch.path());
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_THAT(journal.EarlyNames(), IsEmpty());
  EXPECT_THAT(journal.Unsynced(), IsEmpty());
}

TEST(LedgerOrder, AnEntryOfACheckpointIsOnTheDiskWhenItIsMade) {
  const ScratchDirectory scratch;
  const DiskJournal journal(scratch.path());
  coordinator::LedgerOptions options;
  options.run_directory = scratch.path();
  options.generation.number = 1;
  const auto ledger = coordinator::Ledger::Open(options);
  ASSERT_NE(ledger, nullptr);
  const auto log_not_on_disk = Contains(HasSubstr(".log"));
  EXPECT_THAT(journal.Unsynced(), Not(log_not_on_disk)) << "the generation's own entry";
  ASSERT_TRUE(ledger->AddSteps({{1, 11, 5}}).ok());
  EXPECT_THAT(journal.Unsynced(), log_not_on_disk) << "steps wait for the next checkpoint";
  ledger->AddCheckpoint("b01-s0000000100", 7);
  EXPECT_THAT(journal.Unsynced(), Not(log_not_on_disk));
}

}  // namespace
}  // namespace lockstep::tests
