// SPDX-License-Identifier: Apache-2.0
// The parameter space: all trained tensors laid end to end and cut into blocks, the unit of
// ownership, hashing and updates. It is a function of the model alone: blocks are part of the bits,
// but who owns them is not.
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
  // the gradients backward finishes first come first.
  explicit ParameterSpace(const std::vector<int64_t>& elements);

  const std::vector<Segment>& segments() const { return segments_; }  // by tensor, creation order
  const std::vector<Block>& blocks() const { return blocks_; }        // by offset
  int64_t elements() const { return elements_; }                      // of the whole arena, padded

 private:
  std::vector<Segment> segments_;
  std::vector<Block> blocks_;
  int64_t elements_ = 0;
};

}  // namespace lockstep::graph
