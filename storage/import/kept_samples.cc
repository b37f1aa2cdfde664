// SPDX-License-Identifier: Apache-2.0
#include "storage/import/kept_samples.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace lockstep::storage {
namespace {

// What malloc adds to a piece of memory, and rounds it up by, at most.
constexpr int64_t kOfAllocator = 32;

}  // namespace

KeptSamples::KeptSamples(const std::vector<SplitListing>& splits, int64_t most_bytes, int threads)
    : most_of_piece_(std::min(int64_t{4} << 20, most_bytes / (4 * threads))), room_(most_bytes) {
  for (const SplitListing& split : splits) {
    pieces_.emplace_back((split.paths.size() + kPiece - 1) / kPiece);
  }
}

void KeptSamples::Keep(size_t split, size_t begin, std::vector<Values> piece) {
  CHECK_EQ(begin % kPiece, 0U);
  int64_t bytes = kOfAllocator + static_cast<int64_t>(piece.capacity() * sizeof(Values));
  for (const Values& values : piece) bytes += BytesOf(values);
  if (room_.fetch_sub(bytes) < bytes) {
    room_.fetch_add(bytes);
    return;
  }
  pieces_[split][begin / kPiece] = std::move(piece);
}

KeptSamples::Values KeptSamples::Take(size_t split, size_t index) {
  std::vector<Values>& piece = pieces_[split][index / kPiece];
  return piece.empty() ? Values() : std::exchange(piece[index % kPiece], {});
}

int64_t KeptSamples::BytesOf(const Values& values) {
  int64_t bytes = kOfAllocator + static_cast<int64_t>(values.capacity() * sizeof(FieldValue));
  for (const FieldValue& value : values) {
    bytes += 2 * kOfAllocator + static_cast<int64_t>(value.bytes.capacity() +
                                                     value.dims.capacity() * sizeof(uint32_t));
  }
  return bytes;
}

}  // namespace lockstep::storage
