// SPDX-License-Identifier: Apache-2.0
// KeptSamples: the values of samples that the first pass of an import has read, kept for the second
// as far as a fixed amount of memory reaches, so that the files of a small source are read once.
// Internal to storage/import. Which samples are kept shows in nothing but the time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "storage/dataset/field_value.h"
#include "storage/importers/importer.h"

namespace lockstep::storage {

class KeptSamples {
 public:
  using Values = std::vector<FieldValue>;
  // Samples are kept or not in pieces of this many consecutive ones of a split.
  static constexpr size_t kPiece = 64;

  // `threads` of them collect pieces.
  KeptSamples(const std::vector<SplitListing>& splits, int64_t most_bytes, int threads);

  // How many bytes a piece may have that is collected now: at most 4 MiB (a file of more than 64
  // KiB takes much longer to decode than to read), and less where many threads collect; 0 where
  // there is hardly room for another.
  int64_t room_of_piece() const { return room_.load() < most_of_piece_ ? 0 : most_of_piece_; }
  // Keeps the values of the samples from `begin` on, a multiple of kPiece: those of a rejected one
  // are empty. Without enough room nothing is kept. Threads call it for different pieces.
  void Keep(size_t split, size_t begin, std::vector<Values> piece);
  // Hands out the values of a sample, once; empty where they are not kept. Threads call it for
  // different samples, and none calls Keep any more.
  Values Take(size_t split, size_t index);

  // An upper bound of the memory that `values` occupy, the allocator's included.
  static int64_t BytesOf(const Values& values);

 private:
  const int64_t most_of_piece_;
  std::atomic<int64_t> room_;
  std::vector<std::vector<std::vector<Values>>> pieces_;  // by split
};

}  // namespace lockstep::storage
