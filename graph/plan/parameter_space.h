// SPDX-License-Identifier: Apache-2.0
// The parameter space: all trained tensors laid end to end and cut into blocks, the unit of
// ownership, hashing and updates. It is a function of the model and of which tensors are frozen:
// blocks are part of the bits, but who owns them is not. Frozen tensors lie behind it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::graph {

inline constexpr int64_t kTensorPadding = 128;               // elements; zeros that stay zeros
inline constexpr int64_t kBlockElements = int64_t{1} << 16;  // a tensor's last block may be shorter

// Offsets and lengths in elements.
struct Segment {
  int32_t tensor = 0;  // index in order of creation
  int64_t offset = 0;
  int64_t elements = 0;         // without padding
  int64_t padded_elements = 0;  // a multiple of kTensorPadding
};

struct Block {
  int64_t offset = 0;
  int64_t length = 0;  // padded
  int32_t tensor = 0;
};

class ParameterSpace {
 public:
  // `elements[i]`: size of tensor i, in order of creation. They are laid out in reverse, so that
  // the gradients backward finishes first come first. `frozen` (by tensor; empty: none is): those
  // that are not trained lie behind the space, in the same order, and are in no block.
  explicit ParameterSpace(const std::vector<int64_t>& elements,
                          const std::vector<bool>& frozen = {});

  const std::vector<Segment>& segments() const { return segments_; }  // by tensor, creation order
  const std::vector<Block>& blocks() const { return blocks_; }        // by offset
  int64_t elements() const { return elements_; }  // of the space, padded: what is trained
  // Of an arena that holds the frozen tensors too, padded.
  int64_t arena_elements() const { return arena_elements_; }
  bool IsFrozen(size_t tensor) const { return segments_[tensor].offset >= elements_; }

 private:
  std::vector<Segment> segments_;
  std::vector<Block> blocks_;
  int64_t elements_ = 0;
  int64_t arena_elements_ = 0;
};

}  // namespace lockstep::graph
