// SPDX-License-Identifier: Apache-2.0
#include "worker/step/step_engine.h"

#include <algorithm>

#include "comm/reduce/agree.h"
#include "comm/reduce/all_sum.h"
#include "worker/config/seconds.h"

namespace lockstep::worker {

StepEngine::Options StepEngine::OptionsOf(const TrainConfig& config, const RunSetup& setup,
                                          Range lanes) {
  Options options;
  options.lanes = lanes;
  options.all_lanes = config.batch.lanes;
  options.lanes_at_once = setup.lanes_at_once;
  options.lane_batch = config.batch.lane_batch;
  options.seed = config.seed;
  options.draw_state = config.model.weights.empty();  // weights of a file need not be drawn first
  options.clip_norm = config.optimizer.clip_norm;
  options.skip_nonfinite = config.nonfinite == "skip";
  options.allreduce = config.sync == "allreduce";
  options.patience = ToDuration(config.run.step_limit);
  return options;
}

StepEngine::StepEngine(const CompiledModel* model, comm::Communicator* communicator,
                       const Options& options)
    : model_(model), communicator_(communicator), options_(options) {
  const auto& phases = model->program().phases();
  for (const graph::PhaseSpec& phase : phases) {
    const std::string of = phases.size() == 1 ? "" : " of '" + phase.name + "'";
    texts_.push_back({"forward and backward" + of, "exchange" + of});
  }
}

Result<std::unique_ptr<StepEngine>> StepEngine::Make(const CompiledModel* model,
                                                     comm::Communicator* communicator,
                                                     const Options& options) {
  std::unique_ptr<StepEngine> engine(new StepEngine(model, communicator, options));
  StepEngine& e = *engine;
  ASSIGN_OR_RETURN(e.workspaces_, LaneWorkspaces::Make(*model, options.lanes_at_once));
  e.update_ = std::make_unique<ParameterUpdate>(
      model, communicator, &e.stream_,
      ParameterUpdate::Options{.lanes = options.all_lanes,
                               .clip_norm = options.clip_norm,
                               .skip_nonfinite = options.skip_nonfinite,
                               .allreduce = options.allreduce,
                               .bucket_bytes = options.bucket_bytes});
  const auto seed = options.draw_state ? std::optional(options.seed) : std::nullopt;
  ASSIGN_OR_RETURN(e.state_,
                   ModelState::Make(*model, seed, e.update_->OwnedBlocks(), options.stop));
  if (model->program().ema_slot()) {
    ASSIGN_OR_RETURN(e.averages_, MirroredBuffer::MakeZeroed(
                                      model->device(),
                                      model->space().arena_elements() * SizeOf(model->precision()),
                                      "averages of the parameters"));
  }
  ASSIGN_OR_RETURN(e.runner_, LaneRunner::Make(model, &e.state_, e.workspaces_.get(),
                                               {options.lanes, options.all_lanes, options.seed}));
  return engine;
}

Status StepEngine::SwapAverages(Deadline deadline) {
  if (!swapped_) {
    RETURN_IF_ERROR(update_->GatherAverages(&state_, averages_.host(), deadline));
  }
  state_.SwapParameters(&averages_);
  swapped_ = !swapped_;
  return OkStatus();
}

Result<StepEngine::Ticket> StepEngine::Launch(std::shared_ptr<const storage::StepBatch> batch,
                                              const StepHeader& header, Announce announce) {
  Ticket ticket;
  ticket.batch = std::move(batch);
  ticket.header = header;
  ticket.announce = std::move(announce);
  RETURN_IF_ERROR(RunLanes(/*phase=*/0, ticket));
  return ticket;
}

Result<StepReport> StepEngine::Collect(Ticket ticket, bool stop_wanted) {
  StepReport report;
  report.batch = ticket.batch;
  report.sums = model_->program().step_sums();
  for (size_t phase = 0; phase < model_->phases(); ++phase) {
    if (!model_->program().phases()[phase].RunsIn(report.batch->step.value)) continue;
    if (phase > 0) RETURN_IF_ERROR(RunLanes(phase, ticket));
    RETURN_IF_ERROR(FinishPhase(phase, ticket, stop_wanted, &report));
    if (!report.applied) break;
  }
  return report;
}

Status StepEngine::RunLanes(size_t phase, const Ticket& ticket) {
  if (ticket.announce) ticket.announce(texts_[phase].lanes.c_str());
  return runner_->Run(*ticket.batch, phase, ticket.header.stage);
}

Status StepEngine::FinishPhase(size_t phase, const Ticket& ticket, bool stop_wanted,
                               StepReport* report) {
  if (ticket.announce) ticket.announce(texts_[phase].exchange.c_str());
  const Deadline deadline = Deadline::In(options_.patience);
  const TimePoint computed = Clock::Real().Now();
  std::vector<comm::SumRow> rows = runner_->rows();
  rows.front().i64[kTotalStop] = stop_wanted ? 1 : 0;
  ASSIGN_OR_RETURN(const comm::SumRow total,
                   comm::AllSum(communicator_, options_.all_lanes, rows, &stream_, deadline));
  report->exchange += Clock::Real().Now() - computed;
  const double numerator = total.f64[kTotalNumerator], denominator = total.f64[kTotalDenominator];
  report->losses.push_back(denominator > 0 ? numerator / denominator : 0.0);
  if (phase == 0) {
    report->numerator = numerator;
    report->denominator = denominator;
    report->loss = report->losses.front();
    report->rows = report->sums.samples = total.i64[kTotalRows];
  }
  for (graph::SumTotal& sum : runner_->SumsOf(phase, total)) {
    const auto same = [&](const graph::SumTotal& other) { return other.name == sum.name; };
    *std::find_if(report->sums.sums.begin(), report->sums.sums.end(), same) = std::move(sum);
  }
  report->finite = total.i64[kTotalNonFinite] == 0;
  report->stop_wanted = report->stop_wanted || total.i64[kTotalStop] > 0;
  report->applied = false;
  if (!report->finite || !(denominator > 0)) return OkStatus();
  ParameterUpdate::StepScalars scalars;
  scalars.lr = ticket.header.lr;
  scalars.gradient_scale = static_cast<double>(options_.lane_batch) / denominator;
  const std::vector<int64_t>& own = ticket.header.updates_of_phases;
  const bool counts_alone = model_->program().phases()[phase].every > 1 && phase < own.size();
  scalars.stage = ticket.header.stage.value_or(model_->program().last_stage());
  const std::vector<int64_t>& before = ticket.header.updates_before_stages;
  for (size_t stage = 0; stage < model_->program().stages(); ++stage) {
    const int64_t updates = counts_alone ? own[phase] : ticket.header.applied_updates;
    scalars.applied_updates.push_back(1 + updates - (stage < before.size() ? before[stage] : 0));
  }
  const Duration waited_before = update_->waited();
  ASSIGN_OR_RETURN(const ParameterUpdate::Outcome outcome,
                   update_->Run(*runner_, phase, scalars, &state_, deadline));
  report->exchange += update_->waited() - waited_before;
  report->applied = outcome.applied;
  if (outcome.applied) report->updated_phases.push_back(phase);
  return OkStatus();
}

// Every rank looks before one of them ends the run, so the bad lane that is named is the first.
Status StepEngine::Diagnose(const StepReport& report, Deadline deadline) {
  const Status found = runner_->DiagnoseNonFinite(*report.batch);
  RETURN_IF_ERROR(comm::AgreeOnStatus(communicator_, found, &stream_, deadline));
  return Internal("a loss was not finite, and no rank has a lane where it is");
}

MemoryReport StepEngine::memory() const {
  MemoryReport report;
  report.lanes_at_once = workspaces_->count();
  report.arena = model_->arena_bytes();
  report.parameters = state_.bytes() + static_cast<int64_t>(averages_.size());
  report.gradients = runner_->bytes();
  report.arenas = workspaces_->bytes();
  report.exchange = update_->scratch_bytes();
  report.prepared = static_cast<int64_t>(workspaces_->prepared().size());
  return report;
}

}  // namespace lockstep::worker
