// SPDX-License-Identifier: Apache-2.0
// The plan. Placing buffers in a given order is simple (`Place`: each goes into a gap between those
// that are alive with it), so the search is for a good order. `Planner` tries five ways to sort the
// buffers, each with both ways to choose a gap, and then climbs from the best: it moves one buffer
// ahead in the order, places all anew, and keeps the change where the peak is no higher. Every
// other move takes a buffer that ends at the peak, since nothing else can lower it. Where the
// result stays more than 4 % above the lower bound, it climbs from the other orders as well. The
// random numbers are Philox's and the number of tries depends on the number of buffers alone, so
// the plan is a pure function.
#include "graph/plan/memory.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/philox.h"

namespace lockstep::graph {
namespace {

using Order = std::vector<uint32_t>;  // indices of buffers

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
// Placing n buffers looks at about n * n / 2 pairs: so many pairs are looked at in all.
constexpr int64_t kPairs = int64_t{800} << 20;
constexpr int64_t kMostTries = 8000;

// Bytes alive at each node.
std::vector<int64_t> LiveBytes(const std::vector<BufferLife>& buffers) {
  int32_t last = -1;
  for (const BufferLife& b : buffers) last = std::max(last, b.last_node);
  std::vector<int64_t> live(static_cast<size_t>(last) + 2, 0);
  for (const BufferLife& b : buffers) {
    live[static_cast<size_t>(b.first_node)] += Aligned(b.bytes);
    live[static_cast<size_t>(b.last_node) + 1] -= Aligned(b.bytes);
  }
  std::partial_sum(live.begin(), live.end(), live.begin());
  return live;
}

enum class Fit { kLowest, kTightest };

struct Placement {
  std::vector<int64_t> offsets;
  int64_t peak = 0;
};

// A buffer that has its place.
struct Taken {
  int64_t begin, end;
  int32_t first_node, last_node;
};

// Where `size` bytes of this life fit among those placed, given sorted by begin.
int64_t FindOffset(const BufferLife& life, int64_t size, const std::vector<Taken>& placed,
                   Fit fit) {
  int64_t at = 0, best = -1, best_gap = kNoLimit;
  for (const Taken& t : placed) {
    if (t.first_node > life.last_node || life.first_node > t.last_node) continue;
    const int64_t gap = t.begin - at;
    if (gap >= size && gap < best_gap) {
      if (fit == Fit::kLowest || gap == size) return at;
      best = at;
      best_gap = gap;
    }
    at = std::max(at, t.end);
  }
  return best >= 0 ? best : at;
}

// Places the buffers in this order. Ends early, with a peak above `limit`, where it would be.
Placement Place(const std::vector<BufferLife>& buffers, const Order& order, Fit fit,
                int64_t limit) {
  Placement placement;
  placement.offsets.assign(buffers.size(), 0);
  std::vector<Taken> placed;
  placed.reserve(buffers.size());
  for (uint32_t i : order) {
    const BufferLife& life = buffers[i];
    const int64_t size = Aligned(life.bytes);
    const int64_t begin = FindOffset(life, size, placed, fit);
    placement.offsets[i] = begin;
    placement.peak = std::max(placement.peak, begin + size);
    if (placement.peak > limit) break;
    const Taken taken{begin, begin + size, life.first_node, life.last_node};
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), taken,
                         [](const Taken& a, const Taken& b) { return a.begin < b.begin; }),
        taken);
  }
  return placement;
}

class Planner {
 public:
  Planner(const std::vector<BufferLife>& buffers, const std::vector<int64_t>& live)
      : buffers_(buffers), live_(live) {
    const int64_t lower_bound = *std::max_element(live.begin(), live.end());
    enough_ = lower_bound + lower_bound / 100;
    far_ = lower_bound + lower_bound / 25;
  }

  // Climbs from the order that places best. Where that ends far above the bound, other orders may
  // lead lower.
  Placement Run() {
    TryOrders();
    std::stable_sort(starts_.begin(), starts_.end(), [](const Found& a, const Found& b) {
      return a.placement.peak < b.placement.peak;
    });
    Found best = Climb(starts_.front());
    for (size_t i = 1; i < starts_.size() && best.placement.peak > far_; ++i) {
      Found other = Climb(starts_[i]);
      if (other.placement.peak < best.placement.peak) best = std::move(other);
    }
    return std::move(best.placement);
  }

 private:
  // An order and the placement that it gives.
  struct Found {
    Order order;
    Fit fit = Fit::kLowest;
    Placement placement;
  };

  // The buffers by a falling key; equal keys by a falling size, then by number.
  template <typename Key>
  Order Sorted(Key key) const {
    Order order(buffers_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      const int64_t ka = key(buffers_[a]), kb = key(buffers_[b]);
      return ka != kb ? ka > kb : buffers_[a].bytes > buffers_[b].bytes;
    });
    return order;
  }

  void TryOrders() {
    const auto length = [](const BufferLife& b) { return int64_t{b.last_node} - b.first_node + 1; };
    const auto most_alive = [this](const BufferLife& b) {
      return *std::max_element(live_.begin() + b.first_node, live_.begin() + b.last_node + 1);
    };
    const Order orders[] = {
        Sorted(most_alive), Sorted([](const BufferLife& b) { return b.bytes; }),
        Sorted([&](const BufferLife& b) { return length(b) * (Aligned(b.bytes) >> 6); }),
        Sorted(length), Sorted([](const BufferLife& b) { return -int64_t{b.first_node}; })};
    for (const Order& order : orders) {
      for (Fit fit : {Fit::kLowest, Fit::kTightest}) {
        starts_.push_back({order, fit, Place(buffers_, order, fit, kNoLimit)});
        if (starts_.back().placement.peak <= enough_) return;
      }
    }
  }

  // The place in the order of a buffer that ends at the peak, chosen among them by `word`.
  uint32_t PickAtPeak(const Found& found, uint32_t word) const {
    std::vector<uint32_t> top;
    for (uint32_t k = 0; k < found.order.size(); ++k) {
      const uint32_t i = found.order[k];
      if (found.placement.offsets[i] + Aligned(buffers_[i].bytes) == found.placement.peak) {
        top.push_back(k);
      }
    }
    return top[word % top.size()];
  }

  Found Climb(Found found) const {
    const auto n = static_cast<int64_t>(buffers_.size());
    const int64_t tries = n < 2 ? 0 : std::min(kMostTries, kPairs / (n * n / 2));
    for (int64_t t = 0; t < tries && found.placement.peak > enough_; ++t) {
      const PhiloxCounter words = Philox4x32({static_cast<uint32_t>(t), 0, 0, 0}, {0, 0});
      const uint32_t any = 1 + words[2] % static_cast<uint32_t>(n - 1);
      const uint32_t top = PickAtPeak(found, words[0]);
      const uint32_t from = t % 2 == 0 && top > 0 ? top : any;  // the first cannot move ahead
      const uint32_t to = words[1] % from;
      Order order = found.order;
      std::rotate(order.begin() + to, order.begin() + from, order.begin() + from + 1);
      Placement placement = Place(buffers_, order, found.fit, found.placement.peak);
      if (placement.peak > found.placement.peak) continue;
      found.placement = std::move(placement);
      found.order = std::move(order);
    }
    return found;
  }

  const std::vector<BufferLife>& buffers_;
  const std::vector<int64_t>& live_;  // bytes, at each node
  int64_t enough_ = 0, far_ = 0;      // peaks with which it stops, and begins again
  std::vector<Found> starts_;
};

}  // namespace

int32_t PeakNode(const std::vector<BufferLife>& buffers) {
  if (buffers.empty()) return -1;
  const std::vector<int64_t> live = LiveBytes(buffers);
  return static_cast<int32_t>(std::max_element(live.begin(), live.end()) - live.begin());
}

MemoryPlan PlanMemory(std::vector<BufferLife> buffers, int64_t alignment) {
  MemoryPlan plan;
  if (alignment > kBufferAlignment) {  // sizes in whole units lead to offsets in whole units
    for (BufferLife& buffer : buffers) buffer.bytes = Aligned(buffer.bytes, alignment);
  }
  if (buffers.empty()) return plan;
  const std::vector<int64_t> live = LiveBytes(buffers);
  plan.lower_bound = *std::max_element(live.begin(), live.end());
  Placement placement = Planner(buffers, live).Run();
  plan.offsets = std::move(placement.offsets);
  plan.arena_bytes = placement.peak;
  return plan;
}

}  // namespace lockstep::graph
