// SPDX-License-Identifier: Apache-2.0
// Consumption: which samples this rank has consumed in the current epoch, and the proof at its end
// that all ranks together consumed every sample of the split exactly once.
#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.h"
#include "storage/loader/batch.h"

namespace lockstep::worker {

class Consumption {
 public:
  // The split's ids are [first, first + samples).
  Consumption(SampleId first, int64_t samples);

  void Consume(const storage::StepBatch& batch);

  // The record of all ranks together since the last report, as words to be stored; every rank calls
  // it and none starts a new one. Restored on one rank of a later world, the others beginning
  // empty, it counts as if nothing had happened in between.
  Result<std::vector<uint64_t>> Join(comm::Communicator* communicator, Stream* stream,
                                     Deadline deadline) const;
  // Data-loss where the words are not those of a split of this size.
  Status Restore(std::vector<uint64_t> words);

  struct Report {
    int64_t consumed = 0;     // by all ranks since the last report
    bool duplicates = false;  // some sample was consumed twice, or one of another split was
    bool complete = false;    // every sample was consumed
  };
  // Joins the ranks' records of the epoch and starts a new one. Blocks; every rank calls it.
  Result<Report> Finish(comm::Communicator* communicator, Stream* stream, Deadline deadline);

 private:
  SampleId first_;
  int64_t samples_;
  // One bit per sample; the last two words are the count and whether anything was consumed twice.
  std::vector<uint64_t> words_;
};

}  // namespace lockstep::worker
