// SPDX-License-Identifier: Apache-2.0
// Ranks as threads: exchanges in all patterns, deadlines, mismatches, aborts.
#include "comm/local/local_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <numeric>
#include <string>
#include <vector>

#include "base/device/queue_stream.h"
#include "comm/local/rank_threads.h"

namespace lockstep::comm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Deadline Soon() { return Deadline::In(std::chrono::milliseconds(20)); }
Deadline Late() { return Deadline::In(std::chrono::seconds(60)); }

// How the event ended: "ok" or the failure.
std::string Text(const EventPtr& event) { return event->Wait(Late()).ToString(); }

// What rank `from` sends to rank `to` under `tag`: `n` numbers that say so.
std::vector<int64_t> Payload(int32_t from, int32_t to, uint32_t tag, size_t n) {
  std::vector<int64_t> data(n);
  std::iota(data.begin(), data.end(), (from * 1000 + to) * int64_t{1000000} + tag * 10000);
  return data;
}

TEST(LocalWorldTest, RanksKnowTheirNumberAndTheSize) {
  RunRanks(3, [](Communicator* c, Stream*) {
    EXPECT_EQ(c->size(), 3);
    EXPECT_LT(c->rank().value, 3);
  });
}

// Every subset of the ordered pairs of 3 ranks, oneself included, as one exchange.
TEST(LocalWorldTest, EveryPatternOfThreeRanksIsDelivered) {
  constexpr int32_t kRanks = 3;
  RunRanks(kRanks, [](Communicator* c, Stream* stream) {
    for (uint32_t pattern = 0; pattern < (1u << (kRanks * kRanks)); ++pattern) {
      const int32_t me = c->rank().value;
      std::vector<std::vector<int64_t>> out(kRanks), in(kRanks);
      std::vector<SendOp> sends;
      std::vector<ReceiveOp> receives;
      for (int32_t peer = 0; peer < kRanks; ++peer) {
        const size_t out_n = (me * 3 + peer + pattern) % 5;  // sizes 0 .. 4
        const size_t in_n = (peer * 3 + me + pattern) % 5;
        if (pattern >> (me * kRanks + peer) & 1) {
          out[peer] = Payload(me, peer, pattern, out_n);
          sends.push_back({Rank(peer), pattern, out[peer].data(), out_n * sizeof(int64_t)});
        }
        if (pattern >> (peer * kRanks + me) & 1) {
          in[peer].assign(in_n, -1);
          receives.push_back({Rank(peer), pattern, in[peer].data(), in_n * sizeof(int64_t)});
        }
      }
      std::reverse(receives.begin(), receives.end());  // the order in a group does not matter
      ASSERT_EQ(Text(c->Exchange(sends, receives, stream, Late())), "ok");
      for (const ReceiveOp& r : receives) {
        const size_t n = r.bytes / sizeof(int64_t);
        ASSERT_EQ(in[r.from.value], Payload(r.from.value, me, pattern, n)) << pattern;
      }
    }
  });
}

TEST(LocalWorldTest, MessagesOfOneTagMatchInOrderAndTagsAreApart) {
  RunRanks(2, [](Communicator* c, Stream* stream) {
    if (c->rank() == Rank(0)) {
      const std::vector<int64_t> data = {1, 2, 3};
      const std::vector<SendOp> sends = {
          {Rank(1), 5, &data[0], 8}, {Rank(1), 6, &data[1], 8}, {Rank(1), 5, &data[2], 8}};
      ASSERT_EQ(Text(c->Exchange(sends, {}, stream, Late())), "ok");
    } else {
      std::vector<int64_t> data(3);
      c->Exchange({}, {{Rank(0), 6, &data[0], 8}, {Rank(0), 5, &data[1], 8}}, stream, Late());
      ASSERT_EQ(Text(c->Exchange({}, {{Rank(0), 5, &data[2], 8}}, stream, Late())), "ok");
      EXPECT_EQ(data, (std::vector<int64_t>{2, 1, 3}));
    }
  });
}

// Rank 0 is still copying what rank 1 sent when rank 2's messages arrive: those must go to rank 2's
// receives in their order, although the first of these have been looked at and found missing.
TEST(LocalWorldTest, MessagesOfOneTagMatchInOrderWhenTheyArriveWhileOthersAreCopied) {
  constexpr size_t kMessages = 64, kNumbers = 8192;
  for (int round = 0; round < 20; ++round) {
    RunRanks(3, [&](Communicator* c, Stream* stream) {
      std::vector<SendOp> sends;
      std::vector<ReceiveOp> receives;
      std::vector<std::vector<int64_t>> data(2 * kMessages, std::vector<int64_t>(kNumbers));
      for (size_t i = 0; i < data.size(); ++i) {
        const auto sender = static_cast<int32_t>(i % 2) + 1;  // 1, 2, 1, 2, ...
        if (c->rank() == Rank(0)) {
          receives.push_back({Rank(sender), 0, data[i].data(), kNumbers * sizeof(int64_t)});
        } else if (c->rank() == Rank(sender)) {
          data[i] = Payload(sender, 0, static_cast<uint32_t>(i), kNumbers);
          sends.push_back({Rank(0), 0, data[i].data(), kNumbers * sizeof(int64_t)});
        }
      }
      EXPECT_EQ(Text(c->Exchange(std::move(sends), std::move(receives), stream, Late())), "ok");
      if (c->rank() != Rank(0)) return;
      for (size_t i = 0; i < data.size(); ++i) {
        const auto sender = static_cast<int32_t>(i % 2) + 1;
        EXPECT_EQ(data[i], Payload(sender, 0, static_cast<uint32_t>(i), kNumbers)) << i;
      }
    });
  }
}

TEST(LocalWorldTest, AllGatherPutsEveryRanksPartInPlaceAlsoWhenMineIsThereAlready) {
  for (int32_t size = 1; size <= 5; ++size) {
    RunRanks(size, [size](Communicator* c, Stream* stream) {
      const int32_t me = c->rank().value;
      const std::vector<int64_t> mine = {me * 10, me * 10 + 1};
      std::vector<int64_t> all(2 * size, -1), in_place(2 * size, -1), expected;
      for (int32_t r = 0; r < size; ++r) expected.insert(expected.end(), {r * 10, r * 10 + 1});
      std::copy(mine.begin(), mine.end(), in_place.begin() + 2 * me);
      c->AllGather(mine.data(), 16, all.data(), stream, Late());
      const EventPtr event = c->AllGather(&in_place[2 * me], 16, in_place.data(), stream, Late());
      ASSERT_EQ(Text(event), "ok");
      EXPECT_EQ(all, expected);
      EXPECT_EQ(in_place, expected);
    });
  }
}

TEST(LocalWorldTest, AllReduceSumAddsEveryRanksNumbersInPlace) {
  for (int32_t size = 1; size <= 5; ++size) {
    RunRanks(size, [size](Communicator* c, Stream* stream) {
      const auto me = static_cast<float>(c->rank().value);
      std::vector<float> floats = {me, 0.5f, -3.0f * me};
      std::vector<double> doubles = {me + 0.25};
      const auto n = static_cast<float>(size);
      const float ranks = n * (n - 1) / 2;  // 0 + 1 + ... + (size - 1)
      c->AllReduceSum(floats.data(), 3, DType::kFloat32, stream, Late());
      c->AllReduceSum(nullptr, 0, DType::kFloat32, stream, Late());
      ASSERT_EQ(Text(c->AllReduceSum(doubles.data(), 1, DType::kFloat64, stream, Late())), "ok");
      EXPECT_EQ(floats, (std::vector<float>{ranks, 0.5f * n, -3.0f * ranks}));
      EXPECT_EQ(doubles, (std::vector<double>{ranks + 0.25 * n}));
    });
  }
}

TEST(LocalWorldTest, RanksThatSumDifferentCountsFailNamingBothSizes) {
  RunRanks(2, [](Communicator* c, Stream* stream) {
    std::vector<float> data(4);
    const size_t count = c->rank() == Rank(0) ? 3 : 4;
    const Status status =
        c->AllReduceSum(data.data(), count, DType::kFloat32, stream, Late())->Wait(Late());
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(status.message(), AllOf(HasSubstr(" 12"), HasSubstr(" 16")));
  });
}

TEST(LocalWorldTest, BarrierHoldsEveryoneUntilTheLastArrives) {
  LocalWorld world(2);
  const auto c0 = world.MakeRank(Rank(0));
  const auto c1 = world.MakeRank(Rank(1));
  QueueStream s0, s1;
  const EventPtr first = c0->Barrier(&s0, Late());
  EXPECT_EQ(first->Wait(Soon()).code(), StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(first->Done());
  EXPECT_EQ(Text(c1->Barrier(&s1, Late())), "ok");
  EXPECT_EQ(Text(first), "ok");
}

TEST(LocalWorldTest, ADeadlineNamesRankOperationTagAndWhoIsMissing) {
  LocalWorld world(4);
  const auto c0 = world.MakeRank(Rank(0));
  const auto c1 = world.MakeRank(Rank(1));
  QueueStream s0, s1;
  const int64_t one = 1;
  int64_t in[3];
  // Both messages of rank 1 are posted at once: when one has come, so has the other.
  c1->Exchange({{Rank(0), 6, &one, 8}, {Rank(0), 7, &one, 8}}, {}, &s1, Late());
  ASSERT_EQ(Text(c0->Exchange({}, {{Rank(1), 6, &in[0], 8}}, &s0, Late())), "ok");
  const Status status =
      c0->Exchange({}, {{Rank(1), 7, &in[0], 8}, {Rank(2), 8, &in[1], 8}, {Rank(3), 9, &in[2], 8}},
                   &s0, Soon())
          ->Wait(Late());
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("rank 0: exchange"), HasSubstr("rank 2 (tag 8), rank 3 (tag 9)"),
                    Not(HasSubstr("rank 1"))));
}

TEST(LocalWorldTest, ASenderNamesTheReceiverThatNeverCame) {
  LocalWorld world(2);
  const auto c0 = world.MakeRank(Rank(0));
  QueueStream s0;
  const int64_t one = 1;
  const Status status = c0->Exchange({{Rank(1), 9, &one, 8}}, {}, &s0, Soon())->Wait(Late());
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(), HasSubstr("to be received by rank 1 (tag 9)"));
}

TEST(LocalWorldTest, ABarrierNamesOnlyWhoIsMissingAndTellsTheOthers) {
  LocalWorld world(3);
  const auto c0 = world.MakeRank(Rank(0));
  const auto c2 = world.MakeRank(Rank(2));
  QueueStream s0, s2;
  const EventPtr other = c2->Barrier(&s2, Deadline::Never());
  const Status status = c0->Barrier(&s0, Soon())->Wait(Late());
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(), HasSubstr("barrier"));
  EXPECT_THAT(status.message(), HasSubstr("rank 1"));
  EXPECT_EQ(Text(other), status.ToString());
}

TEST(LocalWorldTest, AnAllGatherNamesWhoIsMissing) {
  LocalWorld world(2);
  const auto c1 = world.MakeRank(Rank(1));
  QueueStream s1;
  int64_t all[2] = {0, 1};
  const Status status = c1->AllGather(&all[1], 8, all, &s1, Soon())->Wait(Late());
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(), HasSubstr("rank 1: all-gather"));
  EXPECT_THAT(status.message(), HasSubstr("for rank 0"));
}

TEST(LocalWorldTest, ASizeMismatchFailsBothRanksAndNamesBothSizes) {
  for (const auto& [sent, expected] : {std::pair<size_t, size_t>{80, 40}, {40, 80}}) {
    std::vector<Status> statuses(2);
    RunRanks(2, [&, sent = sent, expected = expected](Communicator* c, Stream* stream) {
      std::vector<int64_t> data(10);
      const EventPtr event =
          c->rank() == Rank(0)
              ? c->Exchange({{Rank(1), 4, data.data(), sent}}, {}, stream, Late())
              : c->Exchange({}, {{Rank(0), 4, data.data(), expected}}, stream, Late());
      statuses[c->rank().value] = event->Wait(Late());
    });
    EXPECT_EQ(statuses[0].code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(statuses[0].ToString(), statuses[1].ToString());
    EXPECT_THAT(statuses[0].message(),
                AllOf(HasSubstr("rank 0 sends " + std::to_string(sent) + " bytes"),
                      HasSubstr("rank 1 expects " + std::to_string(expected)), HasSubstr("tag 4")));
  }
}

TEST(LocalWorldTest, AbortWakesEveryoneAndFailsLaterOperationsWithItsReason) {
  LocalWorld world(5);
  std::vector<std::unique_ptr<Communicator>> ranks;
  std::vector<std::unique_ptr<QueueStream>> streams;
  std::vector<EventPtr> events;
  int64_t data[5] = {};
  for (int32_t r = 0; r < 5; ++r) {
    ranks.push_back(world.MakeRank(Rank(r)));
    streams.push_back(std::make_unique<QueueStream>());
  }
  // Four ranks block in four ways; rank 4 never comes.
  events.push_back(ranks[0]->Barrier(streams[0].get(), Deadline::Never()));
  events.push_back(
      ranks[1]->Exchange({{Rank(4), 1, &data[1], 8}}, {}, streams[1].get(), Deadline::Never()));
  events.push_back(
      ranks[2]->Exchange({}, {{Rank(4), 1, &data[2], 8}}, streams[2].get(), Deadline::Never()));
  events.push_back(ranks[3]->AllGather(&data[3], 8, data, streams[3].get(), Deadline::Never()));
  ranks[4]->Abort(Unavailable("rank 4 lost its disk"));
  ranks[1]->Abort(Internal("a later reason is dropped"));
  for (const EventPtr& event : events) {
    EXPECT_EQ(Text(event), "unavailable: rank 4 lost its disk");
  }
  QueueStream fresh;
  EXPECT_EQ(ranks[4]->Barrier(&fresh, Late())->Wait(Late()).message(), "rank 4 lost its disk");
}

TEST(LocalWorldTest, AStreamCanBeDestroyedWhileItsRankWaitsOnceTheWorldIsAborted) {
  LocalWorld world(2);
  const auto c0 = world.MakeRank(Rank(0));
  EventPtr running, pending;
  {
    QueueStream stream;
    running = c0->Barrier(&stream, Deadline::Never());
    pending = c0->Barrier(&stream, Deadline::Never());
    c0->Abort(Cancelled("stop"));
  }
  EXPECT_TRUE(running->Done());
  EXPECT_FALSE(running->Wait(Late()).ok());
  EXPECT_FALSE(pending->Wait(Late()).ok());
}

// Each round every rank sends messages of changing sizes to changing peers, with a ring on top.
TEST(LocalWorldTest, StressWithEightRanks) {
  constexpr int32_t kRanks = 8;
  constexpr uint32_t kRounds = 150;
  RunRanks(kRanks, [](Communicator* c, Stream* stream) {
    const int32_t me = c->rank().value;
    for (uint32_t round = 0; round < kRounds; ++round) {
      const auto size_of = [round](int32_t from, int32_t to) {
        return static_cast<size_t>((from * 131 + to * 17 + round * 7) % 1500);
      };
      const auto talks = [round](int32_t from, int32_t to) {
        return (from * 5 + to * 3 + round) % 3 != 0;
      };
      std::vector<std::vector<int64_t>> out(kRanks), in(kRanks);
      std::vector<SendOp> sends;
      std::vector<ReceiveOp> receives;
      for (int32_t p = 0; p < kRanks; ++p) {
        if (talks(me, p)) {
          out[p] = Payload(me, p, round, size_of(me, p));
          sends.push_back({Rank(p), round % 3, out[p].data(), out[p].size() * 8});
        }
        if (talks(p, me)) {
          in[p].assign(size_of(p, me), -1);
          receives.push_back({Rank(p), round % 3, in[p].data(), in[p].size() * 8});
        }
      }
      std::vector<int64_t> all(kRanks);
      const int64_t mine = me + round;
      const EventPtr exchange = c->Exchange(sends, receives, stream, Late());
      const EventPtr gather = c->AllGather(&mine, 8, all.data(), stream, Late());
      if (round % 4 == 0) c->Barrier(stream, Late());
      ASSERT_EQ(Text(exchange), "ok");
      ASSERT_EQ(Text(gather), "ok");
      for (int32_t p = 0; p < kRanks; ++p) {
        if (talks(p, me)) {
          ASSERT_EQ(in[p], Payload(p, me, round, size_of(p, me)));
        }
        ASSERT_EQ(all[p], p + round);
      }
    }
  });
}

// Ranks abort each other in the middle of large copies: afterwards nobody touches freed memory
// (the sanitizer builds see to that) and everyone has ended with the one reason.
TEST(LocalWorldTest, AbortInTheMiddleOfTrafficEndsEveryRankWithOneReason) {
  constexpr int32_t kRanks = 8;
  for (int round = 0; round < 10; ++round) {
    std::vector<Status> statuses(kRanks);
    RunRanks(kRanks, [&](Communicator* c, Stream* stream) {
      const int32_t me = c->rank().value;
      for (uint32_t i = 0; statuses[me].ok(); ++i) {
        const std::vector<int64_t> mine = Payload(me, 0, 0, 5000);
        std::vector<int64_t> all(mine.size() * kRanks);
        const EventPtr event =
            c->AllGather(mine.data(), mine.size() * 8, all.data(), stream, Late());
        if (i == 5 && me == round % kRanks) c->Abort(Cancelled("stop " + std::to_string(round)));
        statuses[me] = event->Wait(Late());
      }
    });
    const Status expected = Cancelled("stop " + std::to_string(round));
    for (const Status& s : statuses) EXPECT_EQ(s.ToString(), expected.ToString());
  }
}

}  // namespace
}  // namespace lockstep::comm
