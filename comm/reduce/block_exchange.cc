// SPDX-License-Identifier: Apache-2.0
// The plan. Every rank knows from V, W and the list of blocks alone who owns what and which subtree
// sums each rank has, so nothing is negotiated. A bucket's blocks are dealt to the ranks in
// contiguous runs of about equal size. Reduce of a bucket: this rank sends every owner its subtree
// sums of that owner's blocks, and receives those of its own blocks from everyone into scratch
// memory; then it runs CombineProgram over these slots, a thousand elements at a time. Gather: each
// owner sends its blocks to everyone. Each is one `Exchange` on the stream, and all ranks enqueue
// them in the same order.
#include "comm/reduce/block_exchange.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "comm/tags.h"

namespace lockstep::comm {
namespace {

constexpr int64_t kChunk = 1024;  // elements added at a time, so that partial sums stay in cache

template <typename T>
const T* ElementAt(const void* arena, int64_t offset) {
  return static_cast<const T*>(arena) + offset;
}

void CheckBlocks(const std::vector<BlockSpan>& blocks) {
  int64_t end = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    CHECK_GT(blocks[i].length, 0) << "block " << i;
    CHECK_GE(blocks[i].offset, end) << "block " << i << " begins before the last one ends";
    end = blocks[i].offset + blocks[i].length;
  }
}

}  // namespace

BlockExchange::BlockExchange(Communicator* communicator, Options options)
    : communicator_(communicator),
      options_(std::move(options)),
      subtrees_(MaximalSubtrees(
          LanesOfRank(communicator->rank(), communicator->size(), options_.lanes), options_.lanes)),
      all_subtrees_(AllMaximalSubtrees(communicator->size(), options_.lanes)),
      program_(CombineProgram(all_subtrees_, options_.lanes)) {
  CHECK(IsFloat(options_.dtype)) << options_.dtype;
  CheckBlocks(options_.blocks);
  int64_t slot = 0;
  for (int32_t r = 0; r < communicator_->size(); ++r) {
    const Range lanes = LanesOfRank(Rank(r), communicator_->size(), options_.lanes);
    const auto count = static_cast<int64_t>(MaximalSubtrees(lanes, options_.lanes).size());
    slots_of_rank_.push_back({slot, slot + count});
    slot += count;
  }
  MakeBuckets();
  const auto received = static_cast<int64_t>(all_subtrees_.size() - subtrees_.size());
  for (const Bucket& bucket : buckets_) {
    const int64_t elements = OwnedElements(bucket, communicator_->rank());
    scratch_bytes_ = std::max(scratch_bytes_, received * elements * SizeOf(options_.dtype));
  }
  scratch_ = std::make_unique<std::byte[]>(scratch_bytes_);
}

void BlockExchange::MakeBuckets() {
  const auto blocks = static_cast<int64_t>(options_.blocks.size());
  const int64_t limit = options_.bucket_bytes / SizeOf(options_.dtype);
  int64_t begin = 0;
  while (begin < blocks) {
    int64_t elements = options_.blocks[begin].length;
    int64_t end = begin + 1;
    while (end < blocks && elements + options_.blocks[end].length <= limit) {
      elements += options_.blocks[end++].length;
    }
    buckets_.push_back({.blocks = {begin, end}, .segments = {}});
    DealBlocks(&buckets_.back());
    begin = end;
  }
}

// A block belongs to the rank in whose W-th of the bucket's elements its middle lies.
void BlockExchange::DealBlocks(Bucket* bucket) {
  const int64_t ranks = communicator_->size();
  bucket->segments.resize(ranks);
  int64_t total = 0;
  for (int64_t b = bucket->blocks.begin; b < bucket->blocks.end; ++b) {
    total += options_.blocks[b].length;
  }
  int64_t before = 0;
  for (int64_t b = bucket->blocks.begin; b < bucket->blocks.end; ++b) {
    const BlockSpan& block = options_.blocks[b];
    const int64_t owner = (2 * before + block.length) * ranks / (2 * total);
    owners_.push_back(Rank(static_cast<int32_t>(owner)));
    before += block.length;
    auto& segments = bucket->segments[owner];
    if (!segments.empty() && segments.back().offset + segments.back().length == block.offset) {
      segments.back().length += block.length;
    } else {
      segments.push_back(block);
    }
  }
}

Rank BlockExchange::OwnerOf(int64_t block) const {
  CHECK(block >= 0 && block < static_cast<int64_t>(owners_.size())) << "block " << block;
  return owners_[block];
}

std::vector<int64_t> BlockExchange::OwnedBlocks() const {
  std::vector<int64_t> owned;
  for (size_t b = 0; b < owners_.size(); ++b) {
    if (owners_[b] == communicator_->rank()) owned.push_back(static_cast<int64_t>(b));
  }
  return owned;
}

Range BlockExchange::BlocksOf(int64_t bucket) const {
  CHECK(bucket >= 0 && bucket < buckets()) << "bucket " << bucket << " of " << buckets();
  return buckets_[bucket].blocks;
}

int64_t BlockExchange::OwnedElements(const Bucket& bucket, Rank rank) const {
  int64_t elements = 0;
  for (const BlockSpan& segment : bucket.segments[rank.value]) elements += segment.length;
  return elements;
}

bool BlockExchange::IsMine(int64_t slot) const {
  const Range mine = slots_of_rank_[communicator_->rank().value];
  return mine.begin <= slot && slot < mine.end;
}

std::byte* BlockExchange::ReceivedAt(const Bucket& bucket, int64_t slot) const {
  CHECK(!IsMine(slot));
  const Range mine = slots_of_rank_[communicator_->rank().value];
  const int64_t index = slot < mine.begin ? slot : slot - mine.size();
  const int64_t elements = OwnedElements(bucket, communicator_->rank());
  return scratch_.get() + index * elements * SizeOf(options_.dtype);
}

EventPtr BlockExchange::Reduce(int64_t bucket_index, std::span<const void* const> subtree_sums,
                               void* sums, Stream* stream, Deadline deadline) {
  CHECK_EQ(subtree_sums.size(), subtrees_.size()) << "one arena for each maximal subtree";
  CHECK(bucket_index >= 0 && bucket_index < buckets()) << "bucket " << bucket_index;
  const Bucket& bucket = buckets_[bucket_index];
  const int64_t element = SizeOf(options_.dtype);
  const uint32_t tag = ReduceTag(bucket_index);
  std::vector<SendOp> sends;
  std::vector<ReceiveOp> receives;
  for (int32_t peer = 0; peer < communicator_->size(); ++peer) {
    if (Rank(peer) == communicator_->rank()) continue;
    for (const void* arena : subtree_sums) {
      for (const BlockSpan& segment : bucket.segments[peer]) {
        sends.push_back({Rank(peer), tag,
                         static_cast<const std::byte*>(arena) + segment.offset * element,
                         static_cast<size_t>(segment.length * element)});
      }
    }
    for (int64_t s = slots_of_rank_[peer].begin; s < slots_of_rank_[peer].end; ++s) {
      std::byte* place = ReceivedAt(bucket, s);
      for (const BlockSpan& segment : bucket.segments[communicator_->rank().value]) {
        const auto bytes = static_cast<size_t>(segment.length * element);
        receives.push_back({Rank(peer), tag, place, bytes});
        place += bytes;
      }
    }
  }
  if (!sends.empty() || !receives.empty()) {
    communicator_->Exchange(std::move(sends), std::move(receives), stream, deadline);
  }
  return stream->Enqueue(
      [this, &bucket, arenas = std::vector<const void*>(subtree_sums.begin(), subtree_sums.end()),
       sums] {
        if (options_.dtype == DType::kFloat32) {
          AddOwned<float>(bucket, arenas, sums);
        } else {
          AddOwned<double>(bucket, arenas, sums);
        }
        return OkStatus();
      });
}

template <typename T>
void BlockExchange::AddOwned(const Bucket& bucket, std::span<const void* const> subtree_sums,
                             void* sums) const {
  int64_t received = 0;  // elements of earlier segments
  for (const BlockSpan& segment : bucket.segments[communicator_->rank().value]) {
    std::vector<const T*> slots;
    size_t mine = 0;
    for (size_t s = 0; s < all_subtrees_.size(); ++s) {
      const auto slot = static_cast<int64_t>(s);
      slots.push_back(IsMine(slot) ? ElementAt<T>(subtree_sums[mine++], segment.offset)
                                   : ElementAt<T>(ReceivedAt(bucket, slot), received));
    }
    AddSegment<T>(slots, segment.length, static_cast<T*>(sums) + segment.offset);
    received += segment.length;
  }
}

template <typename T>
void BlockExchange::AddSegment(const std::vector<const T*>& slots, int64_t length, T* out) const {
  if (program_.empty()) {  // one rank: its one subtree is the total
    if (slots[0] != out) std::memcpy(out, slots[0], static_cast<size_t>(length) * sizeof(T));
    return;
  }
  // A slot that is added to gets a chunk of its own, so that no caller's arena is written but out.
  std::vector<std::array<T, kChunk>> partial(slots.size());
  std::vector<const T*> at(slots.size());
  for (int64_t begin = 0; begin < length; begin += kChunk) {
    const int64_t n = std::min(kChunk, length - begin);
    for (size_t s = 0; s < slots.size(); ++s) at[s] = slots[s] + begin;
    for (size_t i = 0; i < program_.size(); ++i) {
      const TreeAdd add = program_[i];
      T* const to = i + 1 == program_.size() ? out + begin : partial[add.dst].data();
      const T* const left = at[add.dst];
      const T* const right = at[add.src];
      for (int64_t k = 0; k < n; ++k) to[k] = left[k] + right[k];
      at[add.dst] = to;
    }
  }
}

EventPtr BlockExchange::Gather(int64_t bucket_index, void* arena, Stream* stream,
                               Deadline deadline) {
  CHECK(bucket_index >= 0 && bucket_index < buckets()) << "bucket " << bucket_index;
  const Bucket& bucket = buckets_[bucket_index];
  const int64_t element = SizeOf(options_.dtype);
  const uint32_t tag = GatherTag(bucket_index);
  std::vector<SendOp> sends;
  std::vector<ReceiveOp> receives;
  const auto at = [&](const BlockSpan& segment) {
    return static_cast<std::byte*>(arena) + segment.offset * element;
  };
  for (int32_t peer = 0; peer < communicator_->size(); ++peer) {
    if (Rank(peer) == communicator_->rank()) continue;
    for (const BlockSpan& segment : bucket.segments[communicator_->rank().value]) {
      const auto bytes = static_cast<size_t>(segment.length * element);
      sends.push_back({Rank(peer), tag, at(segment), bytes});
    }
    for (const BlockSpan& segment : bucket.segments[peer]) {
      const auto bytes = static_cast<size_t>(segment.length * element);
      receives.push_back({Rank(peer), tag, at(segment), bytes});
    }
  }
  return communicator_->Exchange(std::move(sends), std::move(receives), stream, deadline);
}

}  // namespace lockstep::comm
