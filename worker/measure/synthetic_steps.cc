// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/synthetic_steps.h"

#include <cmath>

#include "base/check.h"
#include "base/floating_point_state.h"
#include "base/philox.h"

namespace lockstep::worker {
namespace {

// Two standard normal deviates a counter. Words of a counter: index, lane.
template <typename T>
void FillNormal(const PhiloxKey& key, int32_t lane, int64_t elements, T* x) {
  for (int64_t i = 0; i < elements; i += 2) {
    const auto index = static_cast<uint64_t>(i);
    const PhiloxCounter words =
        Philox4x32({LowWord(index), HighWord(index), static_cast<uint32_t>(lane), /*what=*/0}, key);
    x[i] = static_cast<T>(NormalFromWords(words[0], words[1]));
    if (i + 1 < elements) x[i + 1] = static_cast<T>(NormalFromWords(words[2], words[3]));
  }
}

}  // namespace

SyntheticSteps::SyntheticSteps(const TrainConfig* config, const RunSetup* setup)
    : config_(config), setup_(setup), communicator_(world_.MakeRank(Rank(0))) {
  CHECK_EQ(config->run.ranks, 1);
}

Result<std::unique_ptr<SyntheticSteps>> SyntheticSteps::Make(const TrainConfig* config,
                                                             const RunSetup* setup) {
  std::unique_ptr<SyntheticSteps> steps(new SyntheticSteps(config, setup));
  RETURN_IF_ERROR(steps->Allocate());
  return steps;
}

Status SyntheticSteps::Allocate() {
  SetFloatingPointState();
  const int32_t lanes = config_->batch.lanes;
  StepEngine::Options options = StepEngine::OptionsOf(*config_, *setup_, {0, lanes});
  options.draw_state = true;
  ASSIGN_OR_RETURN(engine_, StepEngine::Make(setup_->model.get(), communicator_.get(), options));
  batch_ = std::make_shared<storage::StepBatch>();
  for (int32_t lane = 0; lane < lanes; ++lane) {
    ASSIGN_OR_RETURN(storage::LaneBatch made, MakeLane(lane));
    batch_->lanes.push_back(std::move(made));
  }
  return OkStatus();
}

Result<storage::LaneBatch> SyntheticSteps::MakeLane(int32_t lane) const {
  const graph::ProgramOptions& program = setup_->model->program().options();
  ASSIGN_OR_RETURN(storage::LaneBatch batch,
                   storage::MakeImageBatch(Lane(lane), config_->batch.lane_batch, program.image,
                                           config_->precision));
  storage::NamedTensor& image = batch.Tensor(storage::kImageTensor);
  const int64_t elements = image.type.shape.elements();
  const PhiloxKey key = StreamKey(config_->seed, "synthetic");
  if (config_->precision == DType::kFloat64) {
    FillNormal(key, lane, elements, image.as<double>());
  } else {
    FillNormal(key, lane, elements, image.as<float>());
  }
  const auto classes = static_cast<uint32_t>(program.model_options.classes);
  auto* labels = batch.Tensor(storage::kLabelTensor).as<int32_t>();
  for (int64_t row = 0; row < batch.rows; ++row) {
    const auto word = [&](uint32_t attempt) {
      return Philox4x32(
          {static_cast<uint32_t>(row), attempt, static_cast<uint32_t>(lane), /*what=*/1}, key)[0];
    };
    labels[row] = static_cast<int32_t>(UniformBelow(classes, word));
  }
  return batch;
}

// Does what RankTrainer::RunStep does, without what belongs to a run.
Result<SyntheticSteps::Timing> SyntheticSteps::Run() {
  const TimePoint began = Clock::Real().Now();
  batch_->step = Step(steps_);
  ASSIGN_OR_RETURN(StepEngine::Ticket ticket,
                   engine_->Launch(batch_, {config_->optimizer.lr, /*applied_updates=*/steps_}));
  const TimePoint computed = Clock::Real().Now();
  ASSIGN_OR_RETURN(const StepReport report,
                   engine_->Collect(std::move(ticket), /*stop_wanted=*/false));
  if (!report.finite) return engine_->Diagnose(report, Deadline::Never());
  ++steps_;
  return Timing{computed - began, Clock::Real().Now() - computed, report.loss};
}

Result<uint64_t> SyntheticSteps::StateHash() { return engine_->StateHash(Deadline::Never()); }

MemoryReport SyntheticSteps::memory() const {
  MemoryReport report = engine_->memory();
  for (const storage::LaneBatch& lane : batch_->lanes) report.batches += lane.bytes();
  return report;
}

}  // namespace lockstep::worker
