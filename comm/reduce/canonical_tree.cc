// SPDX-License-Identifier: Apache-2.0
#include "comm/reduce/canonical_tree.h"

namespace lockstep::comm {
namespace {

void AppendSubtrees(Range node, Range lanes, std::vector<Range>* out) {
  if (node.end <= lanes.begin || lanes.end <= node.begin) return;
  if (lanes.begin <= node.begin && node.end <= lanes.end) {
    out->push_back(node);
    return;
  }
  const int64_t m = SplitOf(node);
  AppendSubtrees({node.begin, m}, lanes, out);
  AppendSubtrees({m, node.end}, lanes, out);
}

// Walks the tree over the subtrees in order; `next` is the first slot not yet met.
class Combiner {
 public:
  explicit Combiner(std::span<const Range> subtrees) : subtrees_(subtrees) {}

  // The slot in which the sum of `node` stands.
  int32_t Combine(Range node) {
    CHECK(next_ < subtrees_.size()) << "the subtrees do not cover the lanes";
    if (node == subtrees_[next_]) return static_cast<int32_t>(next_++);
    const int64_t m = SplitOf(node);
    const int32_t left = Combine({node.begin, m});
    const int32_t right = Combine({m, node.end});
    program.push_back({left, right});
    return left;
  }

  bool AtEnd() const { return next_ == subtrees_.size(); }

  std::vector<TreeAdd> program;

 private:
  std::span<const Range> subtrees_;
  size_t next_ = 0;
};

}  // namespace

Range LanesOfRank(Rank rank, int32_t ranks, int32_t lanes) {
  CHECK(ranks >= 1 && ranks <= lanes) << ranks << " ranks for " << lanes << " lanes";
  CHECK(rank.value >= 0 && rank.value < ranks) << "rank " << rank << " of " << ranks;
  return PartOf(lanes, ranks, rank.value);
}

std::vector<Range> MaximalSubtrees(Range lanes, int32_t all_lanes) {
  CHECK(0 <= lanes.begin && lanes.begin < lanes.end && lanes.end <= all_lanes)
      << "lanes [" << lanes.begin << ", " << lanes.end << ") of " << all_lanes;
  std::vector<Range> subtrees;
  AppendSubtrees({0, all_lanes}, lanes, &subtrees);
  return subtrees;
}

std::vector<Range> AllMaximalSubtrees(int32_t ranks, int32_t all_lanes) {
  std::vector<Range> all;
  for (int32_t r = 0; r < ranks; ++r) {
    const auto mine = MaximalSubtrees(LanesOfRank(Rank(r), ranks, all_lanes), all_lanes);
    all.insert(all.end(), mine.begin(), mine.end());
  }
  return all;
}

std::vector<TreeAdd> CombineProgram(std::span<const Range> subtrees, int32_t all_lanes) {
  Combiner combiner(subtrees);
  CHECK_EQ(combiner.Combine({0, all_lanes}), 0);
  CHECK(combiner.AtEnd()) << "more subtrees than the tree over " << all_lanes << " lanes has";
  return std::move(combiner.program);
}

double ExchangeCostFactor(int32_t all_lanes, int32_t ranks) {
  const auto subtrees = static_cast<double>(AllMaximalSubtrees(ranks, all_lanes).size());
  return (subtrees / ranks + 1.0) / 2.0;
}

}  // namespace lockstep::comm
