// SPDX-License-Identifier: Apache-2.0
#include "worker/run/memory_of_ranks.h"

#include <vector>

#include "comm/reduce/all_sum.h"

namespace lockstep::worker {

Result<MemoryReport> MemoryOfAllRanks(const TrainConfig& config, const RunSetup& setup,
                                      comm::Communicator* communicator, StepEngine* engine,
                                      int64_t lanes, int64_t checkpoint_bytes, Deadline deadline) {
  const MemoryReport own = engine->memory();
  const comm::SumRow mine{
      .f64 = {},
      .i64 = {own.parameters, own.gradients, own.arenas, own.exchange,
              kBatchesHeld * lanes * LaneBatchBytes(setup), checkpoint_bytes, own.prepared}};
  // Sums are over lanes: the bytes of a rank stand in the row of its first lane.
  std::vector<comm::SumRow> rows(static_cast<size_t>(lanes),
                                 {.f64 = {}, .i64 = std::vector<int64_t>(mine.i64.size())});
  rows[0] = mine;
  ASSIGN_OR_RETURN(const comm::SumRow total, comm::AllSum(communicator, config.batch.lanes, rows,
                                                          &engine->stream(), deadline));
  MemoryReport report = PlannedMemory(config, setup);
  report.ranks = communicator->size();
  report.parameters = total.i64[0];
  report.gradients = total.i64[1];
  report.arenas = total.i64[2];
  report.exchange = total.i64[3];
  report.batches = total.i64[4];
  report.checkpoint = total.i64[5];
  report.prepared = total.i64[6];
  return report;
}

}  // namespace lockstep::worker
