// SPDX-License-Identifier: Apache-2.0
// A whole run, call by call: whatever a checkpoint, the ledger or the end of a run vouches for was
// on the disk before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"
#include "tests/distributed/small_runs.h"
#include "tests/durability/disk_journal.h"

namespace lockstep::tests {
namespace {

using storage::CheckpointId;
using storage::ScratchDirectory;
using ::testing::IsEmpty;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The number in a column of a row of a table; -1 in its header.
int64_t NumberAt(const std::string& row, int column) {
  std::istringstream stream(row);
  std::string cell;
  for (int i = 0; i <= column; ++i) std::getline(stream, cell, ',');
  return cell.empty() || cell[0] < '0' || cell[0] > '9' ? -1 : std::stoll(cell);
}

// The checkpoint that a call gives its name, if it is such a call.
std::optional<CheckpointId> CommittedBy(const DiskCall& call) {
  if (call.kind != DiskCall::Kind::kName || call.from.empty()) return std::nullopt;
  if (storage::ParentOf(call.path) != "run/checkpoints") return std::nullopt;
  return CheckpointId::Parse(storage::BaseNameOf(call.path));
}

class RunOrderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(MakeSmallDataset({.train = 133, .test = 29, .side = 6}, scratch_ / "data").ok());
    ASSERT_TRUE(MakeDirs(scratch_ / "watched").ok());
    config_ = SmallConfig(scratch_ / "data", scratch_ / "watched/run", "mlp-784-128-64-10", 4, 8);
    config_.checkpoint.every_steps = 2;
    config_.run.ranks = 2;
  }
  std::string watched() const { return scratch_ / "watched"; }

  const ScratchDirectory scratch_;
  worker::TrainConfig config_;
};

TEST_F(RunOrderTest, NothingOfAFinishedRunCanBeLostAndNothingIsNamedTooEarly) {
  const DiskJournal journal(watched());
  const auto summary = Train(config_);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_THAT(journal.EarlyNames(), IsEmpty());
  std::set<std::string> left = journal.Unsynced();
  std::erase_if(left, [](const std::string& what) {
    // A sign of life that counts only while it moves; what is told to people; an index that is made
    // anew where it is lost.
    return what.ends_with(".alive") || what.ends_with(".status") ||
           what.find("run/ledger") != std::string::npos;
  });
  EXPECT_THAT(left, IsEmpty());
}

TEST_F(RunOrderTest, TheTablesAreOnTheDiskUpToACheckpointBeforeItHasItsName) {
  const DiskJournal* asked = nullptr;
  int64_t checkpoints = 0;
  const DiskJournal journal(watched(), [&](const DiskCall& call) {
    const auto id = CommittedBy(call);
    if (!id) return;
    ++checkpoints;
    const std::vector<std::string> steps = Lines(asked->Synced("run/digests.csv"));
    EXPECT_TRUE(!steps.empty() && NumberAt(steps.back(), 0) >= id->step) << id->Name();
    const std::vector<std::string> epochs = Lines(asked->Synced("run/results.csv"));
    for (const std::string& row : Lines(*ReadFile(watched() + "/run/results.csv"))) {
      if (NumberAt(row, 1) >= id->step) continue;  // may be of the epoch that has just ended
      EXPECT_NE(std::find(epochs.begin(), epochs.end(), row), epochs.end()) << row;
    }
  });
  asked = &journal;
  ASSERT_TRUE(Train(config_).ok());
  EXPECT_GE(checkpoints, 5);
}

TEST_F(RunOrderTest, ACheckpointIsOnTheDiskBeforeTheLedgerHasIt) {
  const DiskJournal* asked = nullptr;
  std::vector<std::string> committed;
  int64_t entered = 0;
  const DiskJournal journal(watched(), [&](const DiskCall& call) {
    if (const auto id = CommittedBy(call)) committed.push_back(id->Name());
    if (!call.path.starts_with("run/ledger/") || committed.empty()) return;
    if (call.bytes.find("c" + committed.back()) == std::string::npos) return;
    ++entered;
    EXPECT_EQ(asked->Unsynced().count("the name run/checkpoints/" + committed.back()), 0u);
  });
  asked = &journal;
  ASSERT_TRUE(Train(config_).ok());
  EXPECT_GE(committed.size(), 5u);
  EXPECT_GE(entered, static_cast<int64_t>(committed.size()));
}

TEST_F(RunOrderTest, TheGenerationIsOnTheDiskBeforeTheFirstStep) {
  const DiskJournal* asked = nullptr;
  bool seen = false;
  const DiskJournal journal(watched(), [&](const DiskCall& call) {
    const bool row = call.kind == DiskCall::Kind::kWrite && call.path == "run/digests.csv" &&
                     call.bytes.starts_with("1,");
    if (!row || seen) return;
    seen = true;
    const std::set<std::string> unsynced = asked->Unsynced();
    for (const char* name : {"run", "run/generations", "run/generations/g000001"}) {
      EXPECT_EQ(unsynced.count("the name " + std::string(name)), 0u) << name;
    }
  });
  asked = &journal;
  ASSERT_TRUE(Train(config_).ok());
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace lockstep::tests
