// SPDX-License-Identifier: Apache-2.0
#include "worker/eval/evaluator.h"

#include <atomic>

#include "base/mutex.h"
#include "comm/reduce/agree.h"

namespace lockstep::worker {
namespace {

// Counts are exact, so those of a rank travel as one row: a row for each lane would be large.
Result<comm::SumRow> AllCounts(comm::Communicator* communicator, const comm::SumRow& mine,
                               Stream* stream, Deadline deadline) {
  if (mine.i64.empty()) return mine;
  return comm::AllSum(communicator, communicator->size(), {&mine, 1}, stream, deadline);
}

}  // namespace

double EvalResult::ValueOf(std::string_view name) const {
  if (name == graph::kLossMetric) return loss;
  const Metric* metric = FindMetric(metrics, name);
  return metric == nullptr ? std::numeric_limits<double>::quiet_NaN() : metric->value;
}

Evaluator::Evaluator(const CompiledModel* model, LaneWorkspaces* workspaces,
                     const storage::EvalLoader* loader, Range lanes)
    : model_(model), workspaces_(workspaces), loader_(loader), lanes_(lanes) {
  for (const auto& [rows, executor] : model->eval_executors()) {
    const graph::Plan& plan = executor->plan();
    plans_.emplace(rows, EvalPlan{executor.get(), ArgumentPlaces(*model, &plan),
                                  EvalResultPlaces(plan), EvalSums(&plan), SampleRows(&plan)});
  }
}

Result<EvalResult> Evaluator::Run(ModelState* state, comm::Communicator* communicator,
                                  Stream* stream, const Options& options) {
  RankSums sums;
  RETURN_IF_ERROR(PutState(state));
  RETURN_IF_ERROR(RunLanes(state, options, &sums));
  ASSIGN_OR_RETURN(const comm::SumRow lanes,
                   comm::AllSum(communicator, loader_->spec().lanes, sums.lanes, stream,
                                Deadline::In(options.patience)));
  EvalResult result;
  result.stopped = lanes.i64[EvalSums::kStopped] > 0;
  if (result.stopped) return result;
  ASSIGN_OR_RETURN(const comm::SumRow counts,
                   AllCounts(communicator, sums.counts, stream, Deadline::In(options.patience)));
  result.samples = lanes.i64[EvalSums::kRows];
  if (result.samples != loader_->spec().samples) {
    return Internal("evaluation saw " + std::to_string(result.samples) + " samples of " +
                    std::to_string(loader_->spec().samples));
  }
  result.loss = lanes.f64[EvalSums::kNumerator] / lanes.f64[EvalSums::kDenominator];
  result.gathered = sum_places().Gather(lanes, counts);
  result.gathered.schema = model_->program().options().schema;
  result.gathered.options = model_->program().options().task_options;
  if (!plans_.begin()->second.rows.empty()) {
    RETURN_IF_ERROR(MeasureRows(sums, communicator, stream, options.patience, &result));
    return result;
  }
  ASSIGN_OR_RETURN(result.metrics, model_->program().task().Measure(result.gathered));
  return result;
}

Status Evaluator::MeasureRows(const RankSums& sums, comm::Communicator* communicator,
                              Stream* stream, Duration patience, EvalResult* result) {
  const graph::Task& task = model_->program().task();
  std::vector<graph::SampleRow> mine;
  for (const auto& lane : sums.rows) mine.insert(mine.end(), lane.begin(), lane.end());
  ASSIGN_OR_RETURN(result->gathered.rows,
                   GatherRows(communicator, mine, stream, Deadline::In(patience)));
  result->metrics = task.metrics();
  std::vector<double> values(result->metrics.size());
  Status measured;
  if (communicator->rank() == Rank(0)) {
    const auto made = task.Measure(result->gathered);
    measured = made.status();
    if (made.ok() && NamesOf(*made) != NamesOf(result->metrics)) {
      measured = Internal("the task '" + std::string(task.name()) +
                          "' measures other metrics than it says that it does");
    }
    if (measured.ok()) {
      for (size_t i = 0; i < values.size(); ++i) values[i] = (*made)[i].value;
    }
  }
  RETURN_IF_ERROR(comm::AgreeOnStatus(communicator, measured, stream, Deadline::In(patience)));
  std::vector<double> all(values.size() * static_cast<size_t>(communicator->size()));
  RETURN_IF_ERROR(communicator
                      ->AllGather(values.data(), values.size() * sizeof(double), all.data(), stream,
                                  Deadline::In(patience))
                      ->Wait(Deadline::Never()));
  for (size_t i = 0; i < values.size(); ++i) result->metrics[i].value = all[i];
  return OkStatus();
}

Status Evaluator::PutState(ModelState* state) {
  const MemoryAccess memory(*model_->device(), workspaces_->first().stream.get());
  state->ToDevice(memory);
  return memory.Wait();
}

Status Evaluator::RunLanes(ModelState* state, const Options& options, RankSums* sums) {
  const EvalSums& places = sum_places();
  sums->lanes.assign(static_cast<size_t>(lanes_.size()), places.EmptyLane());
  sums->counts = places.EmptyCounts();
  sums->rows.resize(sums->lanes.size());
  int64_t batches = 0;
  for (int64_t lane = lanes_.begin; lane < lanes_.end; ++lane) {
    batches += loader_->batches(Lane(static_cast<int32_t>(lane)));
  }
  std::atomic<int64_t> next = lanes_.begin, done = 0;
  const auto batch_done = [&] {
    const int64_t now = ++done;
    if (options.progress) options.progress(now, batches);
    return !(options.stop && options.stop());
  };
  Mutex mutex;  // of sums->counts
  return workspaces_->RunAll([&](LaneWorkspace& workspace) -> Status {
    comm::SumRow counts = places.EmptyCounts();
    for (int64_t lane = next++; lane < lanes_.end; lane = next++) {
      const auto index = static_cast<size_t>(lane - lanes_.begin);
      RETURN_IF_ERROR(RunLane(Lane(static_cast<int32_t>(lane)), options.seed, batch_done, state,
                              workspace, {&sums->lanes[index], &counts, &sums->rows[index]}));
    }
    MutexLock lock(&mutex);
    sums->counts = sums->counts + counts;
    return OkStatus();
  });
}

Result<std::vector<void*>> Evaluator::RunBatch(const EvalPlan& plan,
                                               const storage::LaneBatch& batch,
                                               const ops::StepHeader& header,
                                               const ModelState& state,
                                               LaneWorkspace& workspace) const {
  Stream* const stream = workspace.stream.get();
  const MemoryAccess memory(*model_->device(), stream);
  const void* inputs = nullptr;
  if (!memory.at_once()) {
    plan.args.CopyInputs(batch, workspace.eval_inputs.host());
    workspace.eval_inputs.ToDevice(memory, static_cast<size_t>(plan.args.input_bytes()));
    inputs = workspace.eval_inputs.device();
  }
  const std::vector<const void*> args = plan.args.Bind(state, batch, nullptr, inputs);
  const std::vector<void*> results = plan.results.Bind(workspace.eval_results.device());
  RETURN_IF_ERROR(plan.executor->Run({args, results, workspace.arena.data(), header}, stream));
  workspace.eval_results.ToHost(memory, static_cast<size_t>(plan.results.bytes()));
  RETURN_IF_ERROR(memory.Wait());
  return plan.results.Bind(workspace.eval_results.host());
}

Status Evaluator::RunLane(Lane lane, uint64_t seed, const std::function<bool()>& batch_done,
                          ModelState* state, LaneWorkspace& workspace, const LaneSums& sums) {
  for (int64_t i = 0; i < loader_->batches(lane); ++i) {
    ASSIGN_OR_RETURN(const storage::LaneBatch batch, loader_->Read(lane, i));
    const EvalPlan& plan = plans_.at(batch.rows);
    const ops::StepHeader header{seed, static_cast<uint32_t>(i), static_cast<uint32_t>(lane.value)};
    ASSIGN_OR_RETURN(const std::vector<void*> results,
                     RunBatch(plan, batch, header, *state, workspace));
    plan.sums.Add(results, sums.row, sums.counts);
    const graph::Program& program = model_->program();
    if (!plan.rows.empty()) {
      RETURN_IF_ERROR(
          plan.rows.Append(program.task(), batch, results, program.score_bytes(), sums.samples));
    }
    sums.row->i64[EvalSums::kRows] += batch.rows;
    if (!batch_done()) {
      sums.row->i64[EvalSums::kStopped] = 1;
      return OkStatus();
    }
  }
  return OkStatus();
}

}  // namespace lockstep::worker
