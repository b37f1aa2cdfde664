// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/group_measurement.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/process.h"
#include "base/spread.h"
#include "cluster/scaling/timed_communicator.h"
#include "storage/checkpoint/checkpoint.h"
#include "worker/run/checkpointer.h"
#include "worker/run/training_steps.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

constexpr int kMessageRounds = 15;
constexpr size_t kMessageSizes[] = {64, size_t{256} << 10, size_t{4} << 20};

double Milliseconds(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

TrainConfig ConfigOf(const GroupSpec& spec, int32_t ranks) {
  TrainConfig config;
  config.model.name = spec.model;
  config.data.dataset = spec.dataset;
  config.data.val.clear();
  config.batch = {spec.lanes, spec.lane_batch, spec.threads};
  config.optimizer.name = spec.optimizer;
  config.optimizer.lr = spec.learning_rate;
  config.kernels = spec.kernels;
  config.seed = spec.seed;
  config.max_steps = spec.warmup + spec.steps + spec.checkpoints;
  config.epochs = static_cast<int32_t>(config.max_steps);  // more than it takes
  config.run.directory = spec.folder;
  config.run.ranks = ranks;
  config.run.cores = spec.cores;
  config.run.ranks_on_cores = 1;
  return config;
}

// One rank of the group.
class GroupRank {
 public:
  GroupRank(const GroupSpec& spec, comm::Communicator* communicator)
      : spec_(spec), timed_(communicator), config_(ConfigOf(spec, communicator->size())) {}

  Result<GroupMeasurement> Run() {
    RETURN_IF_ERROR(Prepare());
    for (int64_t i = -spec_.warmup; i < spec_.steps; ++i) {
      ASSIGN_OR_RETURN(const StepParts parts, RunStep());
      if (i >= 0) mine_.push_back(parts);
    }
    RETURN_IF_ERROR(MeasureCheckpoints());
    if (timed_.size() > 1) RETURN_IF_ERROR(MeasureMessages());
    RETURN_IF_ERROR(GatherSteps());
    RETURN_IF_ERROR(CountHosts());
    // Nobody leaves while another still expects something of it.
    RETURN_IF_ERROR(timed_.Barrier(&stream(), Limit())->Wait(Deadline::Never()));
    return std::move(measured_);
  }

 private:
  Stream& stream() { return steps_->engine().stream(); }
  Deadline Limit() const { return steps_->deadline(); }

  Status Prepare() {
    ASSIGN_OR_RETURN(setup_, worker::SetUp(config_));
    ASSIGN_OR_RETURN(steps_, worker::TrainingSteps::Make(&config_, &setup_, &timed_, nullptr));
    RETURN_IF_ERROR(steps_->TakeFirstDigest());
    RETURN_IF_ERROR(steps_->OpenLoader());
    const worker::CompiledModel& model = *setup_.model;
    measured_.ranks = timed_.size();
    measured_.lanes = spec_.lanes;
    measured_.lane_batch = spec_.lane_batch;
    measured_.lanes_at_once = setup_.lanes_at_once;
    measured_.parameter_bytes = 4 * model.space().elements();
    const int64_t bucket = worker::StepEngine::Options().bucket_bytes;
    measured_.buckets = std::max<int64_t>(1, (measured_.parameter_bytes + bucket - 1) / bucket);
    measured_.running_state = !model.running_space().learning().empty();
    return OkStatus();
  }

  Result<StepParts> RunStep() {
    const TimePoint began = Clock::Real().Now();
    const Duration busy_before = timed_.busy();
    Duration busy_after = busy_before;
    const auto enter = [&](const char* phase) {
      if (std::string_view(phase) == "digest") busy_after = timed_.busy();
    };
    ASSIGN_OR_RETURN(const worker::StepDone done, steps_->Run({enter, [] { return false; }}));
    StepParts parts;
    parts.step = Milliseconds(Clock::Real().Now() - began);
    parts.input = Milliseconds(done.waited);
    parts.exposed = Milliseconds(done.report.exchange);
    parts.compute = Milliseconds(done.took) - parts.input - parts.exposed;
    parts.hidden = std::max(0.0, Milliseconds(busy_after - busy_before) - parts.exposed);
    parts.digest = parts.step - Milliseconds(done.took);
    measured_.digests.push_back(steps_->digest());
    if (steps_->epoch_done()) {
      RETURN_IF_ERROR(steps_->consumption().Finish(&timed_, &stream(), Limit()).status());
    }
    return parts;
  }

  storage::CheckpointManifest ManifestOf(uint64_t state_hash) const {
    storage::CheckpointManifest m;
    m.id = {1, steps_->state().global_step};
    m.generation = 1;
    m.epoch = steps_->state().epoch;
    m.step_in_epoch = steps_->state().step_in_epoch;
    m.digest = steps_->digest();
    m.state_hash = state_hash;
    m.trainer_state = steps_->state().ToBytes();
    m.dataset_digest = setup_.dataset->info().digest;
    m.build = "measurement";
    m.hardware = "measurement";
    return m;
  }

  Status MeasureCheckpoints() {
    worker::Checkpointer::Hooks hooks;
    hooks.before_write = hooks.may_commit = [] { return OkStatus(); };
    hooks.committed = [](const storage::CheckpointManifest&, Duration) {};
    worker::Checkpointer checkpointer(&config_, setup_.model.get(), &timed_, &stream(),
                                      &steps_->engine().update(), std::move(hooks));
    const worker::RunTables tables =
        worker::RunTables::WithoutRows(setup_.model->program().task().metrics());
    for (int64_t i = 0; i < spec_.checkpoints; ++i) {
      RETURN_IF_ERROR(RunStep().status());
      ASSIGN_OR_RETURN(const uint64_t hash, steps_->StateHash());
      const TimePoint began = Clock::Real().Now();
      RETURN_IF_ERROR(checkpointer.Take(ManifestOf(hash),
                                        timed_.rank() == Rank(0) ? tables : worker::RunTables(),
                                        &steps_->engine().state(), steps_->consumption(), Limit()));
      const TimePoint taken = Clock::Real().Now();
      RETURN_IF_ERROR(checkpointer.Finish());
      if (checkpointer.last_write_failed()) {
        return IoError("a checkpoint could not be written to '" + spec_.folder +
                       "'; choose a folder on a disk that has room with --work");
      }
      measured_.checkpoint_ms.push_back(Milliseconds(taken - began));
      measured_.checkpoint_whole_ms.push_back(Milliseconds(Clock::Real().Now() - began));
    }
    return OkStatus();
  }

  // What a message costs, and what its bytes do: the model is fitted to these.
  Status MeasureMessages() {
    for (const size_t bytes : kMessageSizes) {
      std::vector<char> mine(bytes, 'x'), all(bytes * static_cast<size_t>(timed_.size()));
      std::vector<double> ms;
      for (int round = -2; round < kMessageRounds; ++round) {
        RETURN_IF_ERROR(timed_.Barrier(&stream(), Limit())->Wait(Deadline::Never()));
        const TimePoint began = Clock::Real().Now();
        RETURN_IF_ERROR(timed_.AllGather(mine.data(), bytes, all.data(), &stream(), Limit())
                            ->Wait(Deadline::Never()));
        if (round >= 0) ms.push_back(Milliseconds(Clock::Real().Now() - began));
      }
      measured_.messages.push_back({static_cast<double>(bytes), SpreadOf(ms).median});
    }
    return OkStatus();
  }

  // Of every step the parts of the rank that computed longest; the step itself is the slowest's.
  Status GatherSteps() {
    std::vector<StepParts> all(mine_.size() * static_cast<size_t>(timed_.size()));
    RETURN_IF_ERROR(timed_
                        .AllGather(mine_.data(), mine_.size() * sizeof(StepParts), all.data(),
                                   &stream(), Limit())
                        ->Wait(Deadline::Never()));
    for (size_t i = 0; i < mine_.size(); ++i) {
      StepParts parts = all[i];
      double slowest = parts.step;
      for (size_t at = i + mine_.size(); at < all.size(); at += mine_.size()) {
        if (all[at].compute > parts.compute) parts = all[at];
        slowest = std::max(slowest, all[at].step);
      }
      parts.step = slowest;
      measured_.steps.push_back(parts);
    }
    return OkStatus();
  }

  Status CountHosts() {
    struct Name {
      char text[256] = {};
    };
    Name mine;
    HostName().copy(mine.text, sizeof mine.text - 1);
    std::vector<Name> all(static_cast<size_t>(timed_.size()));
    RETURN_IF_ERROR(timed_.AllGather(&mine, sizeof mine, all.data(), &stream(), Limit())
                        ->Wait(Deadline::Never()));
    std::vector<std::string> names;
    for (const Name& name : all) names.emplace_back(name.text);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    measured_.hosts = static_cast<int32_t>(names.size());
    return OkStatus();
  }

  const GroupSpec& spec_;
  TimedCommunicator timed_;
  const TrainConfig config_;
  worker::RunSetup setup_;
  std::vector<StepParts> mine_;
  GroupMeasurement measured_;
  std::unique_ptr<worker::TrainingSteps> steps_;  // last: its stream uses the fields above
};

}  // namespace

Result<GroupMeasurement> MeasureGroup(const GroupSpec& spec, comm::Communicator* communicator) {
  Result<GroupMeasurement> measured = GroupRank(spec, communicator).Run();
  if (!measured.ok()) communicator->Abort(measured.status());
  return measured;
}

}  // namespace lockstep::cluster
