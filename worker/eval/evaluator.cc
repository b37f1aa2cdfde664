// SPDX-License-Identifier: Apache-2.0
#include "worker/eval/evaluator.h"

#include <atomic>

#include "worker/step/bindings.h"

namespace lockstep::worker {
namespace {

// Places of a lane's row.
enum Count : size_t { kCorrect, kSamples, kStopped, kCounts };

}  // namespace

Result<EvalResult> Evaluator::Run(ModelState* state, comm::Communicator* communicator,
                                  Stream* stream, const Options& options) {
  const comm::SumRow nothing{.f64 = {0.0}, .i64 = std::vector<int64_t>(kCounts, 0)};
  std::vector<comm::SumRow> rows(static_cast<size_t>(lanes_.size()), nothing);
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
  RETURN_IF_ERROR(workspaces_->RunAll([&](LaneWorkspace& workspace) -> Status {
    for (int64_t lane = next++; lane < lanes_.end; lane = next++) {
      RETURN_IF_ERROR(RunLane(Lane(static_cast<int32_t>(lane)), batch_done, state, workspace,
                              &rows[static_cast<size_t>(lane - lanes_.begin)]));
    }
    return OkStatus();
  }));
  ASSIGN_OR_RETURN(const comm::SumRow total, comm::AllSum(communicator, loader_->spec().lanes, rows,
                                                          stream, Deadline::In(options.patience)));
  EvalResult result;
  result.stopped = total.i64[kStopped] > 0;
  if (result.stopped) return result;
  result.correct = total.i64[kCorrect];
  result.samples = total.i64[kSamples];
  if (result.samples != loader_->spec().samples) {
    return Internal("evaluation saw " + std::to_string(result.samples) + " samples of " +
                    std::to_string(loader_->spec().samples));
  }
  result.loss = total.f64[0] / static_cast<double>(result.samples);
  return result;
}

Status Evaluator::RunLane(Lane lane, const std::function<bool()>& batch_done, ModelState* state,
                          LaneWorkspace& workspace, comm::SumRow* row) {
  for (int64_t i = 0; i < loader_->batches(lane); ++i) {
    ASSIGN_OR_RETURN(const storage::LaneBatch batch, loader_->Read(lane, i));
    const Executor& executor = model_->Eval(batch.rows);
    const std::vector<const void*> args = BindArguments(*model_, executor.plan(), *state, batch);
    // The order Program::Eval documents.
    std::vector<void*> results = {&workspace.scalars.numerator, &workspace.scalars.denominator,
                                  &workspace.scalars.correct, workspace.logits.data()};
    RETURN_IF_ERROR(executor.Run({args, results, workspace.arena.data(), {}}, nullptr));
    row->f64[0] += workspace.scalars.numerator;
    row->i64[kCorrect] += workspace.scalars.correct;
    row->i64[kSamples] += batch.rows;
    if (!batch_done()) {
      row->i64[kStopped] = 1;
      return OkStatus();
    }
  }
  return OkStatus();
}

}  // namespace lockstep::worker
