// SPDX-License-Identifier: Apache-2.0
#include "worker/run/consumption.h"

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

Result<std::vector<uint64_t>> Consumption::Join(comm::Communicator* communicator, Stream* stream,
                                                Deadline deadline) const {
  const size_t n = words_.size();
  std::vector<uint64_t> all(n * static_cast<size_t>(communicator->size()));
  RETURN_IF_ERROR(
      communicator->AllGather(words_.data(), n * sizeof(uint64_t), all.data(), stream, deadline)
          ->Wait(Deadline::Never()));
  std::vector<uint64_t> joined(n, 0);
  for (size_t at = 0; at < all.size(); at += n) {
    for (size_t k = 0; k < n - 2; ++k) {
      if ((joined[k] & all[at + k]) != 0) joined[n - 1] = 1;
      joined[k] |= all[at + k];
    }
    joined[n - 2] += all[at + n - 2];
    joined[n - 1] |= all[at + n - 1];
  }
  return joined;
}

Status Consumption::Restore(std::vector<uint64_t> words) {
  if (words.size() != words_.size()) {
    return DataLoss("the record of consumed samples has " + std::to_string(words.size()) +
                    " words; a split of " + std::to_string(samples_) + " samples needs " +
                    std::to_string(words_.size()));
  }
  words_ = std::move(words);
  return OkStatus();
}

Result<Consumption::Report> Consumption::Finish(comm::Communicator* communicator, Stream* stream,
                                                Deadline deadline) {
  ASSIGN_OR_RETURN(const std::vector<uint64_t> joined, Join(communicator, stream, deadline));
  const size_t n = joined.size();
  Report report;
  int64_t distinct = 0;
  for (size_t k = 0; k < n - 2; ++k) distinct += std::popcount(joined[k]);
  report.consumed = static_cast<int64_t>(joined[n - 2]);
  report.duplicates = joined[n - 1] != 0;
  report.complete = distinct == samples_;
  std::fill(words_.begin(), words_.end(), 0);
  return report;
}

}  // namespace lockstep::worker
