// SPDX-License-Identifier: Apache-2.0
#include "worker/eval/evaluator.h"

#include <atomic>

#include "comm/reduce/all_sum.h"
#include "worker/trainer/bindings.h"

namespace lockstep::worker {

Result<EvalResult> Evaluator::Run(ModelState* state, comm::Communicator* communicator,
                                  Stream* stream, Duration patience, const EvalProgress& progress) {
  std::vector<comm::SumRow> rows(static_cast<size_t>(lanes_.size()), {.f64 = {0.0}, .i64 = {0, 0}});
  int64_t batches = 0;
  for (int64_t lane = lanes_.begin; lane < lanes_.end; ++lane) {
    batches += loader_->batches(Lane(static_cast<int32_t>(lane)));
  }
  std::atomic<int64_t> next = lanes_.begin, done = 0;
  const auto batch_done = [&] {
    const int64_t now = ++done;
    if (progress) progress(now, batches);
  };
  RETURN_IF_ERROR(workspaces_->RunAll([&](LaneWorkspace& workspace) -> Status {
    for (int64_t lane = next++; lane < lanes_.end; lane = next++) {
      comm::SumRow& row = rows[static_cast<size_t>(lane - lanes_.begin)];
      RETURN_IF_ERROR(RunLane(Lane(static_cast<int32_t>(lane)), state, workspace, row.f64.data(),
                              row.i64.data(), batch_done));
    }
    return OkStatus();
  }));
  ASSIGN_OR_RETURN(const comm::SumRow total, comm::AllSum(communicator, loader_->spec().lanes, rows,
                                                          stream, Deadline::In(patience)));
  EvalResult result;
  result.correct = total.i64[0];
  result.samples = total.i64[1];
  if (result.samples != loader_->spec().samples) {
    return Internal("evaluation saw " + std::to_string(result.samples) + " samples of " +
                    std::to_string(loader_->spec().samples));
  }
  result.loss = total.f64[0] / static_cast<double>(result.samples);
  return result;
}

Status Evaluator::RunLane(Lane lane, ModelState* state, LaneWorkspace& workspace, double* loss,
                          int64_t* counts, const std::function<void()>& batch_done) {
  for (int64_t i = 0; i < loader_->batches(lane); ++i) {
    ASSIGN_OR_RETURN(const storage::LaneBatch batch, loader_->Read(lane, i));
    const Executor& executor = model_->Eval(batch.rows);
    const std::vector<const void*> args = BindArguments(*model_, executor.plan(), *state, batch);
    // The order Program::Eval documents.
    std::vector<void*> results = {&workspace.scalars.numerator, &workspace.scalars.denominator,
                                  &workspace.scalars.correct, workspace.logits.data()};
    RETURN_IF_ERROR(executor.Run({args, results, workspace.arena.data(), {}}, nullptr));
    *loss += workspace.scalars.numerator;
    counts[0] += workspace.scalars.correct;
    counts[1] += batch.rows;
    batch_done();
  }
  return OkStatus();
}

}  // namespace lockstep::worker
