// SPDX-License-Identifier: Apache-2.0
#include "worker/trainer/consumption.h"

#include <algorithm>
#include <bit>

namespace lockstep::worker {

Consumption::Consumption(SampleId first, int64_t samples)
    : first_(first), samples_(samples), words_(static_cast<size_t>((samples + 63) / 64) + 2, 0) {}

void Consumption::Consume(const storage::StepBatch& batch) {
  uint64_t& count = words_[words_.size() - 2];
  uint64_t& twice = words_[words_.size() - 1];
  for (const storage::LaneBatch& lane : batch.lanes) {
    for (SampleId id : lane.ids) {
      ++count;
      const uint64_t k = id.value - first_.value;
      if (k >= static_cast<uint64_t>(samples_)) {
        twice = 1;
        continue;
      }
      uint64_t& word = words_[k / 64];
      const uint64_t bit = uint64_t{1} << (k % 64);
      if ((word & bit) != 0) twice = 1;
      word |= bit;
    }
  }
}

Result<Consumption::Report> Consumption::Finish(comm::Communicator* communicator, Stream* stream,
                                                Deadline deadline) {
  const size_t n = words_.size();
  std::vector<uint64_t> all(n * static_cast<size_t>(communicator->size()));
  RETURN_IF_ERROR(
      communicator->AllGather(words_.data(), n * sizeof(uint64_t), all.data(), stream, deadline)
          ->Wait(Deadline::Never()));
  Report report;
  std::vector<uint64_t> seen(n - 2, 0);
  int64_t distinct = 0;
  for (size_t at = 0; at < all.size(); at += n) {
    for (size_t k = 0; k < n - 2; ++k) {
      if ((seen[k] & all[at + k]) != 0) report.duplicates = true;
      seen[k] |= all[at + k];
    }
    report.consumed += static_cast<int64_t>(all[at + n - 2]);
    report.duplicates = report.duplicates || all[at + n - 1] != 0;
  }
  for (uint64_t word : seen) distinct += std::popcount(word);
  report.complete = distinct == samples_;
  std::fill(words_.begin(), words_.end(), 0);
  return report;
}

}  // namespace lockstep::worker
