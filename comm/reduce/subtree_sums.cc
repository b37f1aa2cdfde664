// SPDX-License-Identifier: Apache-2.0
// The plan. A complete node of the tree (a lane, or several lanes already added) stands in
// `complete_` with its buffer. `Complete` looks whether the sibling of its node is there: if not,
// it leaves its own node there and returns; if so, it takes the sibling out, adds the right one to
// the left one outside the lock, frees the right one's buffer, and goes on with the parent. So
// every addition is made once, by the thread that completed the later of the two operands, and
// always as left + right, whatever the order in which lanes finish.
//
// How many buffers that can need at most is worked out in advance (`WorstCases`): lanes are claimed
// from left to right, so a moment is described by which nodes are fully claimed and how many lanes
// still run. A node without running lanes holds one buffer, any other what its children hold, and
// the worst split of the running lanes between two children follows from theirs.
#include "comm/reduce/subtree_sums.h"

#include <algorithm>
#include <limits>

#include "comm/reduce/canonical_tree.h"

namespace lockstep::comm {
namespace {

// worst[j] = most buffers in use with exactly j lanes running; below 0 where that cannot be.
using Worst = std::vector<int32_t>;
constexpr int32_t kNever = std::numeric_limits<int32_t>::min() / 4;

Worst Max(Worst a, const Worst& b) {
  for (size_t j = 0; j < a.size(); ++j) a[j] = std::max(a[j], b[j]);
  return a;
}

// Two disjoint parts side by side: their running lanes add up.
Worst Beside(const Worst& a, const Worst& b) {
  Worst worst(a.size(), kNever);
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; i + j < a.size(); ++j) worst[i + j] = std::max(worst[i + j], a[i] + b[j]);
  }
  return worst;
}

struct NodeWorst {
  Worst all;   // every lane of the node has been claimed
  Worst last;  // a prefix has been claimed, its last lane is running
};

// The worst cases of a node by its number of lanes. A node whose lanes are all complete holds one
// buffer, one with a running lane holds what its children hold: a running lane counts until
// Complete has returned, hence so do both operands of an addition.
class WorstCases {
 public:
  explicit WorstCases(int32_t at_once) : at_once_(at_once) {}

  const NodeWorst& Of(int64_t lanes) {
    const auto it = known_.find(lanes);
    if (it != known_.end()) return it->second;
    return known_[lanes] = lanes == 1 ? Leaf() : Inner(lanes);
  }

  Worst Never() const { return Worst(at_once_ + 1, kNever); }

 private:
  NodeWorst Leaf() const {
    NodeWorst leaf{.all = Never(), .last = Never()};
    leaf.all[0] = leaf.all[1] = leaf.last[1] = 1;
    return leaf;
  }

  NodeWorst Inner(int64_t lanes) {
    const int64_t m = SplitOf({0, lanes});
    const NodeWorst left = Of(m);
    const NodeWorst right = Of(lanes - m);
    NodeWorst node{.all = Beside(left.all, right.all),
                   .last = Max(left.last, Beside(left.all, right.last))};
    node.all[0] = 1;
    return node;
  }

  const int32_t at_once_;
  std::map<int64_t, NodeWorst> known_;
};

// The other child of the parent of `node` in the subtree `root`; `node` is not `root`.
Range SiblingOf(Range node, Range root) {
  while (true) {
    const int64_t m = SplitOf(root);
    const Range left{root.begin, m};
    const Range right{m, root.end};
    if (node == left) return right;
    if (node == right) return left;
    root = node.end <= m ? left : right;
  }
}

}  // namespace

int32_t SubtreeSums::BuffersNeeded(Range lanes, int32_t all_lanes, int32_t at_once) {
  CHECK_GE(at_once, 1);
  WorstCases cases(static_cast<int32_t>(std::min<int64_t>(at_once, lanes.size())));
  // The worst is met right after a claim: the lane claimed last is running.
  Worst worst = cases.Never();
  Worst before = cases.Never();  // the subtrees left of this one, all claimed
  before[0] = 0;
  for (const Range& subtree : MaximalSubtrees(lanes, all_lanes)) {
    const NodeWorst& node = cases.Of(subtree.size());
    worst = Max(worst, Beside(before, node.last));
    before = Beside(before, node.all);
  }
  return *std::max_element(worst.begin(), worst.end());
}

SubtreeSums::SubtreeSums(Range lanes, int32_t all_lanes, int32_t at_once, Add add)
    : lanes_(lanes),
      subtrees_(MaximalSubtrees(lanes, all_lanes)),
      buffers_(BuffersNeeded(lanes, all_lanes, at_once)),
      add_(std::move(add)) {
  Reset();
}

std::optional<SubtreeSums::Claim> SubtreeSums::Next() {
  MutexLock lock(&mutex_);
  if (next_lane_ == lanes_.end) return std::nullopt;
  CHECK(!free_.empty()) << "more lanes run at once than SubtreeSums was made for";
  const int32_t buffer = free_.back();
  free_.pop_back();
  return Claim{Lane(static_cast<int32_t>(next_lane_++)), buffer};
}

void SubtreeSums::Complete(const Claim& claim) {
  Range node{claim.lane.value, claim.lane.value + 1};
  const Range root = SubtreeOf(node.begin);
  int32_t buffer = claim.buffer;
  while (true) {
    Range sibling;
    int32_t other = 0;
    {
      MutexLock lock(&mutex_);
      if (node != root) sibling = SiblingOf(node, root);
      const auto it = complete_.find({sibling.begin, sibling.end});
      if (it == complete_.end()) {
        CHECK(complete_.emplace(Node{node.begin, node.end}, buffer).second)
            << "lane " << claim.lane << " was completed twice";
        return;
      }
      other = it->second;
      complete_.erase(it);
    }
    const bool is_left = node.begin < sibling.begin;
    const int32_t dst = is_left ? buffer : other;
    const int32_t src = is_left ? other : buffer;
    add_(dst, src);
    {
      MutexLock lock(&mutex_);
      free_.push_back(src);
    }
    buffer = dst;
    node = {std::min(node.begin, sibling.begin), std::max(node.end, sibling.end)};
  }
}

bool SubtreeSums::done() const {
  MutexLock lock(&mutex_);
  for (const Range& subtree : subtrees_) {
    if (!complete_.contains({subtree.begin, subtree.end})) return false;
  }
  return true;
}

std::vector<int32_t> SubtreeSums::SubtreeBuffers() const {
  MutexLock lock(&mutex_);
  std::vector<int32_t> buffers;
  for (const Range& subtree : subtrees_) {
    const auto it = complete_.find({subtree.begin, subtree.end});
    CHECK(it != complete_.end()) << "lanes " << subtree.begin << " to " << subtree.end - 1
                                 << " are not complete";
    buffers.push_back(it->second);
  }
  return buffers;
}

void SubtreeSums::Reset() {
  MutexLock lock(&mutex_);
  next_lane_ = lanes_.begin;
  complete_.clear();
  free_.clear();
  for (int32_t b = buffers_ - 1; b >= 0; --b) free_.push_back(b);
}

const Range& SubtreeSums::SubtreeOf(int64_t lane) const {
  for (const Range& subtree : subtrees_) {
    if (subtree.begin <= lane && lane < subtree.end) return subtree;
  }
  CHECK(false) << "lane " << lane << " is not in [" << lanes_.begin << ", " << lanes_.end << ")";
  return subtrees_.front();
}

}  // namespace lockstep::comm
