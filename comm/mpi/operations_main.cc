// SPDX-License-Identifier: Apache-2.0
// Part of mpi_world_check: everything that must succeed over MPI, on any number of ranks. Says the
// same as comm/local/local_world_test.cc.
#include <algorithm>
#include <cstring>

#include "base/device/queue_stream.h"
#include "comm/local/rank_threads.h"
#include "comm/mpi/testing/mpi_world_check.h"
#include "comm/reduce/block_exchange.h"
#include "comm/reduce/testing/test_values.h"

namespace lockstep::comm {
namespace {

// A group of sends and receives of numbers, some with every rank, and what must come.
class Traffic {
 public:
  explicit Traffic(const CheckRank& me) : me_(me), out_(me.size()), in_(me.size()) {}

  void Send(int32_t to, uint32_t tag, size_t n) {
    out_[to] = Payload(me_.rank().value, to, tag, n);
    sends_.push_back({Rank(to), tag, out_[to].data(), n * sizeof(int64_t)});
  }
  void Receive(int32_t from, uint32_t tag, size_t n) {
    in_[from].assign(n, -1);
    receives_.push_back({Rank(from), tag, in_[from].data(), n * sizeof(int64_t)});
  }
  void Run(const std::string& what) {
    std::reverse(receives_.begin(), receives_.end());  // the order in a group does not matter
    me_.ExpectOk(me_.communicator->Exchange(sends_, receives_, me_.stream, Late()), what);
    for (const ReceiveOp& r : receives_) {
      const auto& came = in_[r.from.value];
      me_.Expect(came == Payload(r.from.value, me_.rank().value, r.tag, came.size()),
                 what + ": wrong data of rank " + std::to_string(r.from.value));
    }
  }

 private:
  const CheckRank& me_;
  std::vector<std::vector<int64_t>> out_, in_;
  std::vector<SendOp> sends_;
  std::vector<ReceiveOp> receives_;
};

// Every subset of the ordered pairs of ranks, oneself included; of four ranks every 131st.
void EveryPatternIsDelivered(const CheckRank& me) {
  const int32_t ranks = me.size();
  const uint32_t stride = ranks > 3 ? 131 : 1;
  for (uint32_t pattern = 0; pattern < (1u << (ranks * ranks)); pattern += stride) {
    Traffic traffic(me);
    const int32_t self = me.rank().value;
    for (int32_t peer = 0; peer < ranks; ++peer) {
      if (pattern >> (self * ranks + peer) & 1) {
        traffic.Send(peer, pattern, (self * 3 + peer + pattern) % 5);
      }
      if (pattern >> (peer * ranks + self) & 1) {
        traffic.Receive(peer, pattern, (peer * 3 + self + pattern) % 5);
      }
    }
    traffic.Run("pattern " + std::to_string(pattern));
  }
}

// Around the size that still travels in the envelope, around a page, and large.
void MessagesOfEverySizeAreDelivered(const CheckRank& me) {
  uint32_t tag = 0;
  for (const size_t n : {126, 127, 128, 511, 512, 513, 4096, 20000, 1 << 20}) {
    Traffic traffic(me);
    ++tag;
    for (int32_t peer = 0; peer < me.size(); ++peer) {
      traffic.Send(peer, tag, n);
      traffic.Receive(peer, tag, n);
    }
    traffic.Run(std::to_string(n) + " numbers to everyone");
  }
}

void MessagesOfOneTagMatchInOrderAndTagsAreApart(const CheckRank& me, size_t n) {
  if (me.size() < 2) return;
  constexpr uint32_t kLargeTag = 32767;  // every MPI takes it
  const size_t bytes = n * sizeof(int64_t);
  std::vector<std::vector<int64_t>> data;
  for (uint32_t i = 0; i < 3; ++i) data.push_back(Payload(0, 1, i, n));
  if (me.rank() == Rank(0)) {
    const std::vector<SendOp> sends = {{Rank(1), 5, data[0].data(), bytes},
                                       {Rank(1), kLargeTag, data[1].data(), bytes},
                                       {Rank(1), 5, data[2].data(), bytes}};
    me.ExpectOk(me.communicator->Exchange(sends, {}, me.stream, Late()), "sends of two tags");
  } else if (me.rank() == Rank(1)) {
    std::vector<std::vector<int64_t>> in(3, std::vector<int64_t>(n));
    const EventPtr apart = me.communicator->Exchange(
        {}, {{Rank(0), kLargeTag, in[0].data(), bytes}, {Rank(0), 5, in[1].data(), bytes}},
        me.stream, Late());
    me.ExpectOk(apart, "receives of two tags");
    me.ExpectOk(
        me.communicator->Exchange({}, {{Rank(0), 5, in[2].data(), bytes}}, me.stream, Late()),
        "the second of one tag");
    me.Expect(in[0] == data[1] && in[1] == data[0] && in[2] == data[2], "tags were mixed up");
  }
}

void AllGatherPutsEveryPartInPlace(const CheckRank& me) {
  for (const size_t n : {0, 1, 2, 127, 128, 50000}) {
    std::vector<int64_t> mine = Payload(me.rank().value, 0, 0, n);
    std::vector<int64_t> all(n * me.size(), -1), in_place(n * me.size(), -1), expected;
    for (int32_t r = 0; r < me.size(); ++r) {
      const auto part = Payload(r, 0, 0, n);
      expected.insert(expected.end(), part.begin(), part.end());
    }
    int64_t* const place = in_place.data() + n * me.rank().value;
    std::copy(mine.begin(), mine.end(), place);
    Communicator* const c = me.communicator;
    const EventPtr apart = c->AllGather(mine.data(), n * 8, all.data(), me.stream, Late());
    me.ExpectOk(c->AllGather(place, n * 8, in_place.data(), me.stream, Late()), "all-gather");
    me.ExpectOk(apart, "all-gather");
    me.Expect(all == expected && in_place == expected, "all-gather: wrong parts");
  }
}

template <typename T>
void AllReduceAddsEveryRanksNumbers(const CheckRank& me) {
  for (const size_t n : {0, 1, 3, 5000}) {
    std::vector<T> data(n);
    for (size_t i = 0; i < n; ++i) data[i] = static_cast<T>(me.rank().value * 10 + i % 7);
    me.ExpectOk(me.communicator->AllReduceSum(data.data(), n, kDTypeOf<T>, me.stream, Late()),
                "all-reduce");
    const int32_t w = me.size();
    for (size_t i = 0; i < n; ++i) {
      const T expected = static_cast<T>(10 * (w * (w - 1) / 2) + w * static_cast<int32_t>(i % 7));
      me.Expect(data[i] == expected,
                "all-reduce: element " + std::to_string(i) + " is " + std::to_string(data[i]));
    }
  }
}

// The last rank enters the barrier only when the others have told it, by another stream, that they
// have looked and were held.
void ABarrierHoldsEveryone(const CheckRank& me) {
  for (int round = 0; round < 100; ++round) {
    me.ExpectOk(me.communicator->Barrier(me.stream, Late()), "barrier");
  }
  const Rank last(me.size() - 1);
  int64_t looked = 1;
  if (me.rank() != last) {
    const EventPtr event = me.communicator->Barrier(me.stream, Late());
    me.Expect(!event->Wait(Soon()).ok() && !event->Done(), "the barrier did not hold");
    QueueStream other;
    me.ExpectOk(me.communicator->Exchange({{last, 1, &looked, 8}}, {}, &other, Late()), "telling");
    me.ExpectOk(event, "the barrier that held");
    return;
  }
  for (int32_t r = 0; r < last.value; ++r) {
    const EventPtr told =
        me.communicator->Exchange({}, {{Rank(r), 1, &looked, 8}}, me.stream, Late());
    me.ExpectOk(told, "being told");
  }
  me.ExpectOk(me.communicator->Barrier(me.stream, Late()), "the barrier of the last");
}

// Each round every rank sends messages of changing sizes to changing peers, with a ring on top.
void ChangingTrafficIsDelivered(const CheckRank& me) {
  const int32_t self = me.rank().value;
  for (uint32_t round = 0; round < 150; ++round) {
    const auto size_of = [round](int32_t from, int32_t to) {
      return static_cast<size_t>((from * 131 + to * 17 + round * 7) % 1500);
    };
    const auto talks = [round](int32_t from, int32_t to) {
      return (from * 5 + to * 3 + round) % 3 != 0;
    };
    Traffic traffic(me);
    for (int32_t p = 0; p < me.size(); ++p) {
      if (talks(self, p)) traffic.Send(p, round % 3, size_of(self, p));
      if (talks(p, self)) traffic.Receive(p, round % 3, size_of(p, self));
    }
    std::vector<int64_t> all(me.size());
    const int64_t mine = self + round;
    const EventPtr gather = me.communicator->AllGather(&mine, 8, all.data(), me.stream, Late());
    traffic.Run("round " + std::to_string(round));
    me.ExpectOk(gather, "all-gather of round " + std::to_string(round));
    for (int32_t p = 0; p < me.size(); ++p) me.Expect(all[p] == p + round, "all-gather");
  }
}

constexpr int32_t kLanes = 8;

// The canonical totals, of random values and blocks of uneven sizes in several buckets.
std::vector<float> TotalsOver(Communicator* c, Stream* stream) {
  std::vector<BlockSpan> blocks;
  int64_t elements = 0;
  for (const int64_t length : {128, 65536, 65536, 384, 128, 20480, 128, 128, 65536, 1280}) {
    blocks.push_back({elements, length});
    elements += length;
  }
  BlockExchange exchange(c, {.lanes = kLanes, .blocks = blocks, .bucket_bytes = 400'000});
  std::vector<std::vector<float>> arenas;
  std::vector<const void*> pointers;
  for (const Range& subtree : exchange.subtrees()) {
    std::vector<std::vector<float>> lanes;
    for (int64_t l = subtree.begin; l < subtree.end; ++l) {
      lanes.push_back(TestValues<float>(static_cast<uint64_t>(l), elements));
    }
    std::vector<float>& sums = arenas.emplace_back(elements);
    std::vector<float> terms(lanes.size());
    for (int64_t i = 0; i < elements; ++i) {
      for (size_t l = 0; l < lanes.size(); ++l) terms[l] = lanes[l][i];
      sums[i] = CanonicalSum<float>(terms);
    }
  }
  for (const auto& arena : arenas) pointers.push_back(arena.data());
  std::vector<float> totals(elements);
  EventPtr last;
  for (int64_t b = 0; b < exchange.buckets(); ++b) {
    exchange.Reduce(b, pointers, totals.data(), stream, Late());
    last = exchange.Gather(b, totals.data(), stream, Late());
  }
  const Status status = last->Wait(Deadline::Never());
  if (!status.ok()) CheckFailed(c->rank(), "block exchange: " + status.ToString());
  return totals;
}

void BlockExchangeHasTheBitsOfRanksAsThreads(const CheckRank& me) {
  const std::vector<float> totals = TotalsOver(me.communicator, me.stream);
  for (const int32_t ranks : {1, me.size()}) {
    std::vector<float> expected;
    RunRanks(ranks, [&](Communicator* c, Stream* stream) {
      std::vector<float> result = TotalsOver(c, stream);
      if (c->rank() == Rank(0)) expected = std::move(result);
    });
    me.Expect(totals.size() == expected.size() &&
                  std::memcmp(totals.data(), expected.data(), totals.size() * sizeof(float)) == 0,
              "block exchange over MPI has other bits than over " + std::to_string(ranks) +
                  " ranks as threads");
  }
}

}  // namespace

void CheckOperations(const CheckRank& me) {
  EveryPatternIsDelivered(me);
  MessagesOfEverySizeAreDelivered(me);
  MessagesOfOneTagMatchInOrderAndTagsAreApart(me, 1);
  MessagesOfOneTagMatchInOrderAndTagsAreApart(me, 3000);
  AllGatherPutsEveryPartInPlace(me);
  AllReduceAddsEveryRanksNumbers<float>(me);
  AllReduceAddsEveryRanksNumbers<double>(me);
  ABarrierHoldsEveryone(me);
  ChangingTrafficIsDelivered(me);
  BlockExchangeHasTheBitsOfRanksAsThreads(me);
}

}  // namespace lockstep::comm
