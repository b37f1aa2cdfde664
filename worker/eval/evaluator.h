// SPDX-License-Identifier: Apache-2.0
// Evaluation: the loss and the task's metrics of a split, with running statistics. Every sample
// once, in identity order, the same lane ranges for any number of ranks. Which sums a batch gives,
// and what metrics they make, the task says (graph/tasks/task.h). Sums of fp64 are added in batch
// order within a lane and by the canonical tree over lanes; sums of int64 are exact in any order.
// What the task keeps of every sample is gathered on rank 0, which measures and tells the others
// the values. Random numbers of a batch are a function of its lane and its index within that
// (ops/math/normal).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/metric.h"
#include "comm/communicator.h"
#include "comm/reduce/all_sum.h"
#include "graph/tasks/task.h"
#include "storage/loader/eval_loader.h"
#include "worker/eval/eval_sums.h"
#include "worker/eval/sample_rows.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"
#include "worker/step/bindings.h"
#include "worker/step/lane_workspace.h"

namespace lockstep::worker {

struct EvalResult {
  int64_t samples = 0;
  double loss = std::numeric_limits<double>::quiet_NaN();  // numerators over denominators
  std::vector<Metric> metrics;                             // the task's, in its order
  graph::Gathered gathered;                                // what they were made of
  // A stop was asked for before the end: the rest says nothing.
  bool stopped = false;

  // The value of a metric or of graph::kLossMetric; NaN where there is no such number.
  double ValueOf(std::string_view name) const;
};

// Batches that are done, of how many.
using EvalProgress = std::function<void(int64_t done, int64_t batches)>;

class Evaluator {
 public:
  // All outlive the evaluator. `lanes`: of this rank.
  Evaluator(const CompiledModel* model, LaneWorkspaces* workspaces,
            const storage::EvalLoader* loader, Range lanes);

  struct Options {
    // How long this rank, its lanes done, waits for the others.
    Duration patience = std::chrono::minutes(10);
    // Told of this rank's batches, by any of its threads (may be empty).
    EvalProgress progress;
    // Asked between batches, by several threads (may be empty): true ends the evaluation.
    std::function<bool()> stop;
    // The seed of the run, from which random numbers of an evaluation come.
    uint64_t seed = 0;
  };
  // Blocks; every rank calls it and gets the same result. Samples missing or counted twice are an
  // internal failure. Where a rank was asked to stop every rank gets a result that says so.
  Result<EvalResult> Run(ModelState* state, comm::Communicator* communicator, Stream* stream,
                         const Options& options);

 private:
  // What this rank's lanes add up to.
  struct RankSums {
    std::vector<comm::SumRow> lanes;  // a row for each lane: fp64 sums and its own counts
    comm::SumRow counts;              // the task's sums of int64, of all of its lanes
    std::vector<std::vector<graph::SampleRow>> rows;  // by lane: what the task keeps of samples
  };

  // A compiled evaluation plan, where its arguments and results lie, and what is added up of them.
  struct EvalPlan {
    const Executor* executor;
    ArgumentPlaces args;
    EvalResultPlaces results;
    EvalSums sums;
    SampleRows rows;
  };

  // The sums of any plan: those of all row counts are the same.
  const EvalSums& sum_places() const { return plans_.begin()->second.sums; }
  // What a lane adds to.
  struct LaneSums {
    comm::SumRow* row;
    comm::SumRow* counts;
    std::vector<graph::SampleRow>* samples;
  };

  // Makes the host's state the device's.
  Status PutState(ModelState* state);
  // Runs the plan on a batch and waits. The results are the host's.
  Result<std::vector<void*>> RunBatch(const EvalPlan& plan, const storage::LaneBatch& batch,
                                      const ops::StepHeader& header, const ModelState& state,
                                      LaneWorkspace& workspace) const;
  // Adds up this rank's lanes.
  Status RunLanes(ModelState* state, const Options& options, RankSums* sums);
  // `batch_done` after each batch: false ends the lane.
  Status RunLane(Lane lane, uint64_t seed, const std::function<bool()>& batch_done,
                 ModelState* state, LaneWorkspace& workspace, const LaneSums& sums);
  // Gathers the rows of all ranks on rank 0 and has the task measure there; every rank gets the
  // values.
  Status MeasureRows(const RankSums& sums, comm::Communicator* communicator, Stream* stream,
                     Duration patience, EvalResult* result);

  const CompiledModel* model_;
  LaneWorkspaces* workspaces_;
  const storage::EvalLoader* loader_;
  Range lanes_;
  std::map<int64_t, EvalPlan> plans_;  // by rows
};

}  // namespace lockstep::worker
