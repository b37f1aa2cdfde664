// SPDX-License-Identifier: Apache-2.0
// BlockExchange: Reduce and Gather of a step. The parameter space is cut into blocks; each block is
// owned by one rank. Reduce brings every rank's maximal-subtree sums of a
// block to its owner, who adds them in the canonical tree's order; Gather sends what the owners
// made of their blocks (new parameters) to everyone. The network only moves bytes.
//
// Blocks are grouped into buckets, runs of blocks of about `bucket_bytes`, so that the exchange of
// one bucket can run while others are computed. In a bucket a rank owns a contiguous run of blocks,
// balanced by elements. Ownership and buckets are not part of the bits.
//
// Arenas are flat arrays of `dtype` that hold every block at its offset. All operations of one
// BlockExchange are enqueued on one stream, in the same order on all ranks; any thread may enqueue.
// It must outlive the events. Receive buffers are allocated once, in the constructor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/device/device.h"
#include "base/dtype.h"
#include "base/ids.h"
#include "base/range.h"
#include "comm/communicator.h"
#include "comm/reduce/canonical_tree.h"

namespace lockstep::comm {

struct BlockSpan {
  int64_t offset = 0;  // elements
  int64_t length = 0;  // elements, with padding
};

class BlockExchange {
 public:
  struct Options {
    int32_t lanes = 0;              // V
    DType dtype = DType::kFloat32;  // kFloat32: sums in float; kFloat64: in double
    std::vector<BlockSpan> blocks;  // in increasing offset, disjoint, not empty
    int64_t bucket_bytes = 32 << 20;
  };

  // `communicator` outlives this; its size is at most V.
  BlockExchange(Communicator* communicator, Options options);

  Rank OwnerOf(int64_t block) const;
  std::vector<int64_t> OwnedBlocks() const;  // this rank's, in order
  int64_t buckets() const { return static_cast<int64_t>(buckets_.size()); }
  Range BlocksOf(int64_t bucket) const;
  // The maximal subtrees of this rank's lanes: Reduce takes one arena for each.
  const std::vector<Range>& subtrees() const { return subtrees_; }

  // subtree_sums: one arena for each of subtrees(), in order. The canonical total of the blocks
  // that this rank owns in `bucket` is written to `sums`, nothing else of it is touched; `sums` may
  // be one of the subtree arenas. With one rank and sums == subtree_sums[0] nothing is copied.
  EventPtr Reduce(int64_t bucket, std::span<const void* const> subtree_sums, void* sums,
                  Stream* stream, Deadline deadline);
  // arena: this rank's owned blocks of the bucket are sent to every rank, and those of the others
  // are received.
  EventPtr Gather(int64_t bucket, void* arena, Stream* stream, Deadline deadline);

  // Bytes of the preallocated receive buffers; adding takes a few KiB per subtree besides.
  int64_t scratch_bytes() const { return scratch_bytes_; }

 private:
  struct Bucket {
    Range blocks;
    std::vector<std::vector<BlockSpan>>
        segments;  // per rank: the elements that it owns, adjacent blocks joined
  };
  template <typename T>
  void AddOwned(const Bucket& bucket, std::span<const void* const> subtree_sums, void* sums) const;
  template <typename T>
  void AddSegment(const std::vector<const T*>& slots, int64_t length, T* out) const;

  void MakeBuckets();
  void DealBlocks(Bucket* bucket);
  int64_t OwnedElements(const Bucket& bucket, Rank rank) const;
  // Where the sum of another rank's slot for this rank's segments of the bucket is received.
  std::byte* ReceivedAt(const Bucket& bucket, int64_t slot) const;
  bool IsMine(int64_t slot) const;

  Communicator* const communicator_;
  const Options options_;
  const std::vector<Range> subtrees_;      // of this rank
  const std::vector<Range> all_subtrees_;  // of all ranks; an index is a slot
  const std::vector<TreeAdd> program_;     // all_subtrees_ -> total
  std::vector<Range> slots_of_rank_;
  std::vector<Bucket> buckets_;
  std::vector<Rank> owners_;  // of each block
  int64_t scratch_bytes_ = 0;
  std::unique_ptr<std::byte[]> scratch_;
};

}  // namespace lockstep::comm
