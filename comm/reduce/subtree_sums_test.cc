// SPDX-License-Identifier: Apache-2.0
// Subtree sums: equal bits for every order of completion, with few buffers, from several threads.
#include "comm/reduce/subtree_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>
#include <thread>

#include "comm/reduce/canonical_tree.h"
#include "comm/reduce/testing/test_values.h"

namespace lockstep::comm {
namespace {

constexpr int64_t kElements = 3;

// Buffers of a few floats, and the lanes' values to fill them with.
class Arenas {
 public:
  Arenas(int32_t lanes, int32_t buffers)
      : values_(TestValues<float>(static_cast<uint64_t>(lanes), lanes * kElements)),
        arenas_(buffers, std::vector<float>(kElements)) {}

  void Fill(const SubtreeSums::Claim& claim) {
    std::copy_n(values_.begin() + claim.lane.value * kElements, kElements,
                arenas_[claim.buffer].begin());
  }
  void Add(int32_t dst, int32_t src) {
    for (int64_t i = 0; i < kElements; ++i) arenas_[dst][i] += arenas_[src][i];
  }
  void ExpectSubtreeSums(const SubtreeSums& sums) const {
    ASSERT_TRUE(sums.done());
    const std::vector<int32_t> buffers = sums.SubtreeBuffers();
    ASSERT_EQ(buffers.size(), sums.subtrees().size());
    for (size_t s = 0; s < buffers.size(); ++s) {
      const Range lanes = sums.subtrees()[s];
      for (int64_t i = 0; i < kElements; ++i) {
        std::vector<float> terms;
        for (int64_t l = lanes.begin; l < lanes.end; ++l)
          terms.push_back(values_[l * kElements + i]);
        ASSERT_TRUE(SameBits(arenas_[buffers[s]][i], CanonicalSum<float>(terms)));
      }
    }
  }

 private:
  std::vector<float> values_;
  std::vector<std::vector<float>> arenas_;
};

// Runs the lanes with `at_once` of them running, ending a random one each time.
void RunInRandomOrder(SubtreeSums* sums, Arenas* arenas, int32_t at_once, uint64_t seed) {
  std::vector<SubtreeSums::Claim> running;
  uint32_t draw = 0;
  while (true) {
    while (static_cast<int32_t>(running.size()) < at_once) {
      const auto claim = sums->Next();
      if (!claim) break;
      arenas->Fill(*claim);
      running.push_back(*claim);
    }
    if (running.empty()) return;
    const uint32_t word = Philox4x32({draw++, 0, 0, 0}, KeyOf(seed))[0];
    const auto it = running.begin() + word % running.size();
    const SubtreeSums::Claim claim = *it;
    running.erase(it);
    sums->Complete(claim);
  }
}

TEST(SubtreeSumsTest, EveryOrderOfCompletionGivesTheTreesBits) {
  for (const int32_t all_lanes : {1, 5, 8, 12, 23}) {
    for (int32_t ranks = 1; ranks <= std::min(all_lanes, 5); ++ranks) {
      for (int32_t r = 0; r < ranks; ++r) {
        const Range lanes = LanesOfRank(Rank(r), ranks, all_lanes);
        for (int32_t at_once = 1; at_once <= lanes.size() + 1; ++at_once) {
          Arenas* arenas = nullptr;
          SubtreeSums sums(lanes, all_lanes, at_once,
                           [&](int32_t dst, int32_t src) { arenas->Add(dst, src); });
          Arenas memory(all_lanes, sums.buffers());
          arenas = &memory;
          for (uint64_t seed = 0; seed < 10; ++seed) {
            sums.Reset();
            RunInRandomOrder(&sums, arenas, at_once, seed);
            arenas->ExpectSubtreeSums(sums);
          }
        }
      }
    }
  }
}

TEST(SubtreeSumsTest, OneLaneAtATimeOfAPowerOfTwoNeedsItsLogarithmPlusOneBuffers) {
  for (int32_t k = 0; k <= 12; ++k) {
    EXPECT_EQ(SubtreeSums::BuffersNeeded({0, 1 << k}, 1 << k, 1), k + 1);
  }
}

TEST(SubtreeSumsTest, BuffersNeededOfKnownCases) {
  EXPECT_EQ(SubtreeSums::BuffersNeeded({0, 8}, 8, 8), 8);  // all at once: one each
  EXPECT_EQ(SubtreeSums::BuffersNeeded({0, 8}, 8, 100), 8);
  EXPECT_EQ(SubtreeSums::BuffersNeeded({2, 5}, 8, 1), 2);     // {2,3} and {4}
  EXPECT_EQ(SubtreeSums::BuffersNeeded({21, 42}, 64, 1), 7);  // 1, 2, 8 stay; 4 for the next 8
}

// Every reachable state: the bound is never passed, and some order reaches it.
TEST(SubtreeSumsTest, BuffersNeededIsExactlyTheWorstOfAllOrders) {
  struct State {
    int64_t next = 0;
    std::set<int64_t> running;
    bool operator<(const State& o) const {
      return std::tie(next, running) < std::tie(o.next, o.running);
    }
  };
  for (const Range lanes : {Range{0, 8}, Range{3, 8}, Range{1, 7}, Range{0, 7}, Range{5, 11}}) {
    const int32_t all_lanes = lanes.end <= 8 ? 8 : 12;
    // The buffers in use: one a running lane, one a maximal node of complete lanes.
    const auto in_use = [&](const State& state) {
      int32_t nodes = static_cast<int32_t>(state.running.size());
      int64_t begin = lanes.begin;
      for (const Range& subtree : MaximalSubtrees(lanes, all_lanes)) {
        for (begin = subtree.begin; begin < std::min(subtree.end, state.next);) {
          int64_t end = begin;
          while (end < std::min(subtree.end, state.next) && !state.running.contains(end)) ++end;
          if (end > begin) {
            const Range run{begin - subtree.begin, end - subtree.begin};
            nodes += static_cast<int32_t>(
                MaximalSubtrees(run, static_cast<int32_t>(subtree.size())).size());
          }
          begin = std::max(end, begin + 1);
        }
      }
      return nodes;
    };
    for (int32_t at_once = 1; at_once <= 4; ++at_once) {
      std::set<State> seen;
      std::vector<State> todo = {{lanes.begin, {}}};
      int32_t worst = 0;
      while (!todo.empty()) {
        const State state = todo.back();
        todo.pop_back();
        if (!seen.insert(state).second) continue;
        worst = std::max(worst, in_use(state));
        if (state.next < lanes.end && static_cast<int32_t>(state.running.size()) < at_once) {
          State more = state;
          more.running.insert(more.next++);
          todo.push_back(more);
        }
        for (const int64_t lane : state.running) {
          State less = state;
          less.running.erase(lane);
          todo.push_back(less);
        }
      }
      EXPECT_EQ(SubtreeSums::BuffersNeeded(lanes, all_lanes, at_once), worst)
          << "lanes " << lanes.begin << " to " << lanes.end << ", " << at_once << " at once";
    }
  }
}

TEST(SubtreeSumsTest, ManyThreadsGiveTheTreesBits) {
  constexpr int32_t kThreads = 8;
  for (const int32_t all_lanes : {64, 53}) {
    Arenas* arenas = nullptr;
    SubtreeSums sums(LanesOfRank(Rank(1), 3, all_lanes), all_lanes, kThreads,
                     [&](int32_t dst, int32_t src) { arenas->Add(dst, src); });
    Arenas memory(all_lanes, sums.buffers());
    arenas = &memory;
    for (int step = 0; step < 20; ++step) {
      std::vector<std::thread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
          while (const auto claim = sums.Next()) {
            arenas->Fill(*claim);
            sums.Complete(*claim);
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      arenas->ExpectSubtreeSums(sums);
      sums.Reset();
      EXPECT_FALSE(sums.done());
    }
  }
}

TEST(SubtreeSumsTest, AStepThatFailedHalfwayLeavesNothingAfterReset) {
  Arenas* arenas = nullptr;
  SubtreeSums sums({0, 8}, 8, 2, [&](int32_t dst, int32_t src) { arenas->Add(dst, src); });
  Arenas memory(8, sums.buffers());
  arenas = &memory;
  for (int lanes = 0; lanes < 5; ++lanes) {
    for (int i = 0; i < lanes; ++i) {
      const auto claim = sums.Next();
      arenas->Fill(*claim);
      sums.Complete(*claim);
    }
    ASSERT_TRUE(sums.Next().has_value());  // this lane fails
    sums.Reset();
    RunInRandomOrder(&sums, arenas, 2, 7);
    arenas->ExpectSubtreeSums(sums);
    sums.Reset();
  }
}

TEST(SubtreeSumsDeathTest, MoreLanesAtOnceThanPromisedIsCaught) {
  SubtreeSums sums({0, 8}, 8, 1, [](int32_t, int32_t) {});
  EXPECT_DEATH(
      {
        for (int i = 0; i < 8; ++i) (void)sums.Next();
      },
      "more lanes run at once");
}

}  // namespace
}  // namespace lockstep::comm
