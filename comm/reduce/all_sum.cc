// SPDX-License-Identifier: Apache-2.0
#include "comm/reduce/all_sum.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "comm/reduce/canonical_tree.h"

namespace lockstep::comm {

SumRow operator+(const SumRow& a, const SumRow& b) {
  SumRow sum = a;
  for (size_t i = 0; i < b.f64.size(); ++i) sum.f64[i] = a.f64[i] + b.f64[i];
  for (size_t i = 0; i < b.i64.size(); ++i) sum.i64[i] = a.i64[i] + b.i64[i];
  return sum;
}

namespace {

constexpr auto kGrace = std::chrono::seconds(1);

// Rows as 64-bit words: first the doubles' bits, then the integers.
void Pack(const SumRow& row, uint64_t* words) {
  for (double x : row.f64) *words++ = std::bit_cast<uint64_t>(x);
  for (int64_t x : row.i64) *words++ = static_cast<uint64_t>(x);
}

void Unpack(const uint64_t* words, SumRow* row) {
  for (double& x : row->f64) x = std::bit_cast<double>(*words++);
  for (int64_t& x : row->i64) x = static_cast<int64_t>(*words++);
}

// What one AllSum holds until its work on the stream has ended, even if the caller gave up.
struct Gathering {
  int32_t all_lanes = 0;
  int32_t ranks = 0;
  size_t row_words = 0;
  size_t rank_rows = 0;  // rows sent by each rank: the most subtrees that any rank has
  std::vector<uint64_t> mine;
  std::vector<uint64_t> all;
  SumRow total;  // also says how many numbers a row has

  void PackMine(Rank rank, std::span<const SumRow> lanes) {
    const Range range = LanesOfRank(rank, ranks, all_lanes);
    uint64_t* words = mine.data();
    for (const Range& subtree : MaximalSubtrees(range, all_lanes)) {
      const auto first = static_cast<size_t>(subtree.begin - range.begin);
      Pack(SumOf(lanes.subspan(first, static_cast<size_t>(subtree.size()))), words);
      words += row_words;
    }
  }

  Status Combine() {
    std::vector<SumRow> slots;
    for (int32_t r = 0; r < ranks; ++r) {
      const Range range = LanesOfRank(Rank(r), ranks, all_lanes);
      const size_t subtrees = MaximalSubtrees(range, all_lanes).size();
      const uint64_t* words = all.data() + static_cast<size_t>(r) * rank_rows * row_words;
      for (size_t s = 0; s < subtrees; ++s, words += row_words) {
        slots.push_back(total);
        Unpack(words, &slots.back());
      }
    }
    for (const TreeAdd add : CombineProgram(AllMaximalSubtrees(ranks, all_lanes), all_lanes)) {
      slots[add.dst] = slots[add.dst] + slots[add.src];
    }
    total = std::move(slots[0]);
    return OkStatus();
  }

  // A subtree's sum has the association of a canonical sum over its own lanes.
  static SumRow SumOf(std::span<const SumRow> lanes) { return CanonicalSum(lanes); }
};

}  // namespace

Result<SumRow> AllSum(Communicator* communicator, int32_t all_lanes, std::span<const SumRow> mine,
                      Stream* stream, Deadline deadline) {
  auto g = std::make_shared<Gathering>();
  g->all_lanes = all_lanes;
  g->ranks = communicator->size();
  const Range range = LanesOfRank(communicator->rank(), g->ranks, all_lanes);
  CHECK_EQ(static_cast<int64_t>(mine.size()), range.size()) << "one row for each lane of the rank";
  g->total = mine[0];
  for (const SumRow& row : mine) {
    CHECK_EQ(row.f64.size(), g->total.f64.size());
    CHECK_EQ(row.i64.size(), g->total.i64.size());
  }
  g->row_words = g->total.f64.size() + g->total.i64.size();
  for (int32_t r = 0; r < g->ranks; ++r) {
    const Range lanes = LanesOfRank(Rank(r), g->ranks, all_lanes);
    g->rank_rows = std::max(g->rank_rows, MaximalSubtrees(lanes, all_lanes).size());
  }
  g->mine.resize(g->rank_rows * g->row_words);
  g->all.resize(g->mine.size() * static_cast<size_t>(g->ranks));
  g->PackMine(communicator->rank(), mine);
  communicator->AllGather(g->mine.data(), g->mine.size() * sizeof(uint64_t), g->all.data(), stream,
                          deadline);
  const EventPtr combined = stream->Enqueue([g] { return g->Combine(); });
  Status status = combined->Wait(deadline);
  if (status.code() == StatusCode::kDeadlineExceeded) {
    // The all-gather ends by the same deadline, and its failure names who is missing.
    status = combined->Wait(Deadline::In(kGrace));
  }
  RETURN_IF_ERROR(status);
  return std::move(g->total);
}

}  // namespace lockstep::comm
