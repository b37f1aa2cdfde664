// SPDX-License-Identifier: Apache-2.0
// The canonical sum: the one tree by which everything is summed over lanes, whatever the number of
// ranks. Over lanes [a, b): one lane is its value; else sum[a, m) + sum[m, b), where m = a + the
// largest power of two strictly below b - a. The tree below a node depends on its size alone.
//
// A rank owns a contiguous range of lanes and can add inside the maximal tree nodes ("maximal
// subtrees") that lie in it; what is left, the owner of a block adds by CombineProgram.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/ids.h"
#include "base/range.h"

namespace lockstep::comm {

// The lanes of rank r: [floor(r V / W), floor((r+1) V / W)). V = lanes, W = ranks, 1 <= W <= V.
Range LanesOfRank(Rank rank, int32_t ranks, int32_t lanes);

// Where a node of at least two lanes is split: its children are [begin, m) and [m, end).
inline int64_t SplitOf(Range node) {
  CHECK_GE(node.size(), 2);
  return node.begin + static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(node.size() - 1)));
}

// The canonical sum of at least one value.
template <typename T>
T CanonicalSum(std::span<const T> values) {
  CHECK(!values.empty()) << "a sum over no lanes has no meaning";
  if (values.size() == 1) return values[0];
  const auto m = static_cast<size_t>(SplitOf({0, static_cast<int64_t>(values.size())}));
  return CanonicalSum(values.first(m)) + CanonicalSum(values.subspan(m));
}

// The maximal nodes of the tree over [0, all_lanes) that lie inside `lanes`, left to right. There
// are at most about 2 log2 of the number of lanes, and one where `lanes` is a node itself.
std::vector<Range> MaximalSubtrees(Range lanes, int32_t all_lanes);

// The maximal subtrees of every rank, in rank and lane order. Their number is T; an index into
// this list is a "slot".
std::vector<Range> AllMaximalSubtrees(int32_t ranks, int32_t all_lanes);

// slot[dst] = slot[dst] + slot[src]; dst stands left of src in the tree.
struct TreeAdd {
  int32_t dst = 0;
  int32_t src = 0;
  bool operator==(const TreeAdd&) const = default;
};

// The additions, in order, that turn the sums of `subtrees` (disjoint tree nodes, left to right,
// that cover [0, all_lanes)) into the canonical total in slot 0. Has subtrees.size() - 1 entries;
// no slot is read after it has been a src.
std::vector<TreeAdd> CombineProgram(std::span<const Range> subtrees, int32_t all_lanes);

// Bytes that one reduce and gather move, relative to a ring's: (T / W + 1) / 2. It is 1 where
// V and W are powers of two; `explain` prints it.
double ExchangeCostFactor(int32_t all_lanes, int32_t ranks);

}  // namespace lockstep::comm
