// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint/generation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "base/fault_point.h"
#include "base/process.h"
#include "storage/checkpoint/generation_files.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::storage {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A holder beats often; a newcomer is patient enough for a loaded machine unless a test says so.
constexpr Generation::Timing kBeats{milliseconds(2), std::chrono::seconds(20),
                                    std::chrono::seconds(60)};
constexpr Generation::Timing kNoBeat{std::chrono::hours(1), std::chrono::seconds(20),
                                     std::chrono::seconds(60)};

std::unique_ptr<Generation> Claim(const std::string& run, const Generation::Timing& timing = kBeats,
                                  GenerationInfo info = {}) {
  auto claimed = Generation::Claim(run, std::move(info), timing);
  EXPECT_TRUE(claimed.ok()) << claimed.status();
  return claimed.ok() ? *std::move(claimed) : nullptr;
}

// Until it is true; false after a minute.
bool Eventually(const std::function<bool()>& condition) {
  const Deadline deadline = Deadline::In(std::chrono::minutes(1));
  while (!condition()) {
    if (deadline.Passed()) return false;
    std::this_thread::yield();
  }
  return true;
}

// A process that does `work` until it is killed; it has done it once when this returns.
class Child {
 public:
  explicit Child(const std::function<void()>& work) {
    int ends[2];
    CHECK_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    CHECK_GE(pid_, 0);
    if (pid_ == 0) {
      ::alarm(120);
      ::close(ends[0]);
      work();
      (void)!::write(ends[1], "x", 1);
      for (;;) ::pause();
    }
    ::close(ends[1]);
    char byte;
    CHECK_EQ(::read(ends[0], &byte, 1), 1);
    ::close(ends[0]);
  }
  ~Child() {
    if (pid_ > 0) Reap();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void Signal(int signal) const { CHECK_EQ(::kill(pid_, signal), 0); }
  // Dead, but still a zombie.
  void Kill() const {
    Signal(SIGKILL);
    siginfo_t info;
    CHECK_EQ(::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT), 0);
  }
  void Reap() {
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

// A child that holds the run and beats.
std::unique_ptr<Child> Holder(const std::string& run) {
  return std::make_unique<Child>([&] {
    // Kept for ever: the child ends by a signal.
    static std::unique_ptr<Generation> held;
    held = *Generation::Claim(run, {}, kBeats);
    if (held == nullptr) ::_exit(1);
  });
}

TEST(GenerationName, HasOneSpelling) {
  EXPECT_EQ(GenerationName(7), "g000007");
  EXPECT_EQ(GenerationName(12345678), "g12345678");
  for (const int64_t number : {int64_t{1}, int64_t{999999}, int64_t{1000000}, INT64_MAX}) {
    EXPECT_EQ(ParseGenerationName(GenerationName(number)), number);
  }
  for (const char* name : {"", "g", "g7", "g0000007", "g000000", "g-00007", "000007", "g000007x",
                           "g000007.alive", "g99999999999999999999", "G000007"}) {
    EXPECT_EQ(ParseGenerationName(name), std::nullopt) << name;
  }
}

TEST(Generation, FileGivesBackWhatWasClaimed) {
  const ScratchDirectory run;
  GenerationInfo info;
  info.recipe_hash = 0xfedcba9876543210u;
  info.fixed_keys = "model.name=lenet5\n";
  info.branch_keys = "optimizer.lr=0.1\n";
  info.branch = 3;
  info.parent = "b02-s0000000100";
  info.parent_digest = 5;
  info.overwrite = true;
  const auto held = Claim(run.path(), kNoBeat, info);
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->info().number, 1);
  EXPECT_EQ(held->info().pid, ::getpid());
  EXPECT_EQ(HolderOf(held->info()), OwnProcess());
  std::vector<std::string> problems;
  const auto listed = ListGenerations(run.path(), &problems);
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(EncodeGeneration((*listed)[0]), EncodeGeneration(held->info()));
  EXPECT_EQ((*listed)[0].parent, info.parent);
  EXPECT_EQ((*listed)[0].recipe_hash, info.recipe_hash);
  EXPECT_TRUE((*listed)[0].overwrite);
  EXPECT_THAT(*ListDir(run / "generations"), ElementsAre("g000001", "g000001.alive"));
}

TEST(Generation, FilesThatAreNotOfTheFormatAreRefused) {
  GenerationInfo info{.number = 7, .host = "knot4", .pid = 1};
  const std::string text = EncodeGeneration(info);
  ASSERT_TRUE(DecodeGeneration(text).ok());
  for (size_t at = 0; at < text.size(); ++at) {
    EXPECT_EQ(DecodeGeneration(text.substr(0, at)).status().code(), StatusCode::kDataLoss);
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_EQ(DecodeGeneration(damaged).status().code(), StatusCode::kDataLoss) << at;
  }
  info.host.clear();
  EXPECT_FALSE(DecodeGeneration(EncodeGeneration(info)).ok());
}

TEST(Generation, AnOrderlyEndIsSeenAtOnce) {
  const ScratchDirectory run;
  Generation::Waiter waiter(run.path(), false, kBeats);
  EXPECT_TRUE(*waiter.Poll());
  EXPECT_EQ(waiter.newest(), 0);
  Claim(run.path()).reset();
  EXPECT_EQ(*ReadAlive(run.path(), 1), kEnded);
  // As another process sees it: not by the pid, which is this one's.
  GenerationInfo info = (*ListGenerations(run.path(), nullptr))[0];
  info.host = "elsewhere";
  std::ofstream(run / "generations/g000001", std::ios::trunc) << EncodeGeneration(info);
  EXPECT_TRUE(*waiter.Poll());
  EXPECT_EQ(waiter.newest(), 1);
  EXPECT_EQ(DescribeHolder(run.path(), info), "ended");
}

TEST(Generation, OfTheSameProcessIsTakenAtOnce) {
  const ScratchDirectory run;
  const auto first = Claim(run.path());
  Generation::Waiter waiter(run.path(), false, kBeats);
  EXPECT_TRUE(*waiter.Poll());
  const auto second = Claim(run.path());
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->info().number, 2);
  EXPECT_TRUE(second->CheckNewest().ok());
  EXPECT_EQ(first->CheckNewest().code(), StatusCode::kSuperseded);
}

TEST(Generation, AKilledHolderIsTakenAtOnceEvenAsAZombie) {
  const ScratchDirectory run;
  const auto holder = Holder(run.path());
  Generation::Waiter waiter(run.path(), false, kBeats);
  EXPECT_FALSE(*waiter.Poll());
  EXPECT_THAT(waiter.note(), HasSubstr("process " + std::to_string(holder->pid()) + " on "));
  EXPECT_EQ(DescribeHolder(run.path(), (*ListGenerations(run.path(), nullptr))[0]), "running");
  holder->Kill();
  EXPECT_TRUE(*waiter.Poll());
  EXPECT_EQ(DescribeHolder(run.path(), (*ListGenerations(run.path(), nullptr))[0]), "gone");
  const auto claimed = Claim(run.path());
  ASSERT_NE(claimed, nullptr);
  EXPECT_EQ(claimed->info().number, 2);
}

TEST(Generation, KilledBetweenLinkAndBeatIsTakenAtOnce) {
  for (const char* fault : {"generation.link.before:kill", "generation.link.after:kill"}) {
    const ScratchDirectory run;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      SetFaultsForTesting(fault);
      (void)Generation::Claim(run.path(), {}, kNoBeat).status();
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    Generation::Waiter waiter(run.path(), false, kBeats);
    EXPECT_TRUE(*waiter.Poll());
    const auto claimed = Generation::Claim(run.path(), {}, kBeats, waiter.newest());
    ASSERT_TRUE(claimed.ok() && *claimed) << claimed.status();
    const std::vector<std::string> names = *ListDir(run / "generations");
    for (const std::string& name : names) EXPECT_FALSE(name.starts_with(".tmp-")) << name;
  }
}

TEST(Generation, AMovingCounterIsRefusedAfterGiveUpAndItsHolderNamed) {
  const ScratchDirectory run;
  const auto holder = Holder(run.path());
  const Generation::Timing timing{milliseconds(2), std::chrono::seconds(20), milliseconds(50)};
  Generation::Waiter waiter(run.path(), false, timing);
  Status status;
  ASSERT_TRUE(Eventually([&] {
    const auto free = waiter.Poll();
    status = free.status();
    EXPECT_TRUE(!free.ok() || !*free);
    return !free.ok();
  }));
  EXPECT_EQ(status.code(), StatusCode::kAlreadyExists) << status;
  EXPECT_THAT(status.message(), HasSubstr("process " + std::to_string(holder->pid()) + " on "));
  EXPECT_THAT(status.message(), HasSubstr("--takeover"));
  Generation::Waiter takeover(run.path(), true, timing);
  EXPECT_TRUE(*takeover.Poll());
}

TEST(Generation, AStoppedHolderIsWaitedForThenTakenAndFindsItselfSuperseded) {
  const ScratchDirectory run;
  const std::string found = run / "found";
  const Child holder([&] {
    static std::unique_ptr<Generation> held;
    held = *Generation::Claim(run.path(), {}, kBeats);
    static std::thread watcher([&found] {
      while (held->Health().ok()) std::this_thread::yield();
      std::ofstream(found) << held->Health().ToString() << "\n" << held->CheckNewest().ToString();
      std::filesystem::rename(found, found + ".done");
    });
  });
  Generation::Waiter waiter(run.path(), false,
                            {milliseconds(2), milliseconds(100), std::chrono::minutes(2)});
  holder.Signal(SIGSTOP);
  int waited = 0;
  ASSERT_TRUE(Eventually([&] {
    const auto free = waiter.Poll();
    EXPECT_TRUE(free.ok()) << free.status();
    waited += free.ok() && !*free ? 1 : 0;
    return free.ok() && *free;
  }));
  EXPECT_GT(waited, 0);
  const auto claimed = Generation::Claim(run.path(), {}, kBeats, waiter.newest());
  ASSERT_TRUE(claimed.ok() && *claimed) << claimed.status();
  holder.Signal(SIGCONT);
  ASSERT_TRUE(Eventually([&] { return PathExists(found + ".done"); }));
  const std::string text = *ReadRegularFile(found + ".done");
  EXPECT_THAT(text, HasSubstr("superseded: generation 1 "));
  EXPECT_THAT(text, HasSubstr("by generation 2: process " + std::to_string(::getpid()) + " on "));
  EXPECT_TRUE((*claimed)->CheckNewest().ok());
}

// Without a word of its own a holder elsewhere may be on its way to its first beat.
TEST(Generation, AHolderElsewhereWithoutACounterIsWaitedFor) {
  const ScratchDirectory run;
  std::filesystem::create_directory(run / "generations");
  const GenerationInfo info{.number = 1, .host = "elsewhere", .pid = 1, .process_start = "1"};
  std::ofstream(run / "generations/g000001") << EncodeGeneration(info);
  EXPECT_EQ(DescribeHolder(run.path(), info), "not known");
  Generation::Waiter waiter(run.path(), false,
                            {milliseconds(2), milliseconds(50), std::chrono::minutes(2)});
  EXPECT_FALSE(*waiter.Poll());
  EXPECT_TRUE(Eventually([&] { return *waiter.Poll(); }));
}

TEST(Generation, ADamagedFileKeepsItsNumberAndItsCounterIsWaitedFor) {
  const ScratchDirectory run;
  const auto holder = Holder(run.path());
  std::filesystem::resize_file(run / "generations/g000001", 30);
  std::vector<std::string> problems;
  const auto listed = ListGenerations(run.path(), &problems);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ((*listed)[0].number, 1);
  EXPECT_TRUE((*listed)[0].host.empty());
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0], HasSubstr("g000001' is damaged"));
  Generation::Waiter waiter(run.path(), false,
                            {milliseconds(2), milliseconds(100), std::chrono::minutes(2)});
  EXPECT_FALSE(*waiter.Poll());
  holder->Signal(SIGSTOP);
  EXPECT_TRUE(Eventually([&] { return *waiter.Poll(); }));
  const auto claimed = Claim(run.path());
  ASSERT_NE(claimed, nullptr);
  EXPECT_EQ(claimed->info().number, 2);
}

TEST(Generation, WhoeverWasSlowerThanAnotherIsToldSo) {
  const ScratchDirectory run;
  Generation::Waiter waiter(run.path(), false, kBeats);
  EXPECT_TRUE(*waiter.Poll());
  const auto quicker = Claim(run.path());
  const auto slower = Generation::Claim(run.path(), {}, kBeats, waiter.newest());
  ASSERT_TRUE(slower.ok()) << slower.status();
  EXPECT_EQ(*slower, nullptr);
  EXPECT_TRUE(quicker->CheckNewest().ok());
}

TEST(Generation, OfThreadsThatClaimAtOnceOneHasEachNumber) {
  constexpr int kThreads = 8;
  for (int round = 0; round < 20; ++round) {
    const ScratchDirectory run;
    std::vector<std::unique_ptr<Generation>> won(kThreads);
    std::vector<std::thread> threads;
    std::atomic<int> ready{0};
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        GenerationInfo info;
        info.recipe_hash = static_cast<uint64_t>(i);
        ++ready;
        while (ready.load() < kThreads) std::this_thread::yield();
        auto claimed = Generation::Claim(run.path(), info, kNoBeat, 0);
        EXPECT_TRUE(claimed.ok()) << claimed.status();
        if (claimed.ok()) won[static_cast<size_t>(i)] = *std::move(claimed);
      });
    }
    for (std::thread& thread : threads) thread.join();
    const auto listed = *ListGenerations(run.path(), nullptr);
    ASSERT_EQ(listed.size(), 1u);  // all wanted number 1
    int winners = 0;
    for (size_t i = 0; i < won.size(); ++i) {
      if (won[i] == nullptr) continue;
      ++winners;
      EXPECT_EQ(listed[0].recipe_hash, i);
      EXPECT_TRUE(won[i]->CheckNewest().ok());
    }
    EXPECT_EQ(winners, 1);
  }
}

// Each process claims until it has had ten numbers, whoever holds the run.
TEST(Generation, OfProcessesThatClaimAtOnceOneHasEachNumber) {
  constexpr int kProcesses = 4, kEach = 10;
  const ScratchDirectory run;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(::fork());
    ASSERT_GE(children.back(), 0);
    if (children.back() != 0) continue;
    ::alarm(120);
    std::ofstream mine(run / ("won-" + std::to_string(::getpid())));
    for (int have = 0; have < kEach;) {
      auto claimed = Generation::Claim(run.path(), {}, kNoBeat);
      if (!claimed.ok()) ::_exit(1);
      if (*claimed == nullptr) continue;
      mine << (*claimed)->info().number << std::endl;
      ++have;
    }
    ::_exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  const auto listed = *ListGenerations(run.path(), nullptr);
  ASSERT_EQ(listed.size(), static_cast<size_t>(kProcesses * kEach));
  std::set<int64_t> numbers;
  for (const pid_t child : children) {
    std::ifstream mine(run / ("won-" + std::to_string(child)));
    for (int64_t number = 0; mine >> number;) {
      EXPECT_TRUE(numbers.insert(number).second) << number;
      EXPECT_EQ(listed[static_cast<size_t>(number - 1)].pid, child);
    }
  }
  EXPECT_EQ(numbers.size(), listed.size());
}

TEST(Generation, StaleTemporariesAreRemovedByTheNextHolder) {
  const ScratchDirectory run;
  std::filesystem::create_directories(run / "checkpoints/.tmp-b01-s0000000001-g000001-x");
  std::filesystem::create_directories(run / "checkpoints/.trash-y");
  std::filesystem::create_directories(run / "generations");
  std::ofstream(run / "checkpoints/.trash-y/file") << "x";
  std::ofstream(run / "generations/.tmp-z") << "x";
  const auto held = Claim(run.path());
  EXPECT_TRUE(ListDir(run / "checkpoints")->empty());
  EXPECT_THAT(*ListDir(run / "generations"), ElementsAre("g000001", "g000001.alive"));
}

TEST(Generation, ARunDirectoryThatGoesAwayIsNoticed) {
  const ScratchDirectory scratch;
  const std::string run = scratch / "run";
  std::filesystem::create_directory(run);
  const auto held = Claim(run, {milliseconds(2), milliseconds(100), std::chrono::seconds(1)});
  ASSERT_NE(held, nullptr);
  std::filesystem::rename(run, scratch / "elsewhere");
  EXPECT_EQ(held->CheckNewest().code(), StatusCode::kNotFound) << held->CheckNewest();
  ASSERT_TRUE(Eventually([&] { return !held->Health().ok(); }));
  EXPECT_EQ(held->Health().code(), StatusCode::kNotFound) << held->Health();
  // Another run in its place is not this one's.
  std::filesystem::create_directories(run + "/generations");
  EXPECT_EQ(held->CheckNewest().code(), StatusCode::kNotFound) << held->CheckNewest();
}

TEST(Generation, AClaimThatFailsOnTheDiskLeavesNoGeneration) {
  for (const char* fault :
       {"generation.open:eio", "generation.write:enospc", "generation.fsync:eio"}) {
    const ScratchDirectory run;
    SetFaultsForTesting(fault);
    const Status status = Generation::Claim(run.path(), {}, kNoBeat).status();
    SetFaultsForTesting("");
    EXPECT_FALSE(status.ok()) << fault;
    EXPECT_TRUE(ListDir(run / "generations")->empty()) << fault;
  }
}

TEST(Generation, ReadersNeverSeeAPartOfACounter) {
  const ScratchDirectory run;
  const auto held = Claim(run.path(), {milliseconds(0), std::chrono::seconds(20), {}});
  int64_t last = 0;
  EXPECT_TRUE(Eventually([&] {
    const std::string text = *ReadAlive(run.path(), 1);
    EXPECT_EQ(text.find_first_not_of("0123456789"), std::string::npos) << text;
    const int64_t count = std::stoll(text);
    EXPECT_GE(count, last);
    last = count;
    return last > 200 || testing::Test::HasFailure();
  }));
}

}  // namespace
}  // namespace lockstep::storage
