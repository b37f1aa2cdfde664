// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/synthetic_steps.h"

#include <type_traits>

#include "base/check.h"
#include "base/floating_point_state.h"
#include "base/philox.h"
#include "base/sample/row_type.h"

namespace lockstep::worker {
namespace {

// Two standard normal deviates a counter. Words of a counter: index, lane, `what`.
template <typename T>
void FillNormal(const PhiloxKey& key, int32_t lane, uint32_t what, int64_t elements, T* x) {
  for (int64_t i = 0; i < elements; i += 2) {
    const auto index = static_cast<uint64_t>(i);
    const PhiloxCounter words =
        Philox4x32({LowWord(index), HighWord(index), static_cast<uint32_t>(lane), what}, key);
    x[i] = static_cast<T>(NormalFromWords(words[0], words[1]));
    if (i + 1 < elements) x[i + 1] = static_cast<T>(NormalFromWords(words[2], words[3]));
  }
}

// Integers below `limit`. Words of a counter: index, attempt, lane, `what`.
template <typename T>
void FillBelow(uint32_t limit, const PhiloxKey& key, int32_t lane, uint32_t what, int64_t elements,
               T* x) {
  for (int64_t i = 0; i < elements; ++i) {
    const auto word = [&](uint32_t attempt) {
      return Philox4x32({static_cast<uint32_t>(i), attempt, static_cast<uint32_t>(lane), what},
                        key)[0];
    };
    x[i] = static_cast<T>(UniformBelow(limit, word));
  }
}

// fn(elements), with their type: f32, f64 or i32, as tensors of batches are.
template <typename Fn>
void OnElements(storage::NamedTensor* tensor, const Fn& fn) {
  switch (tensor->type.dtype) {
    case DType::kFloat32:
      return fn(tensor->as<float>());
    case DType::kFloat64:
      return fn(tensor->as<double>());
    default:
      return fn(tensor->as<int32_t>());
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
  const graph::Program& program = setup_->model->program();
  const graph::ProgramOptions& options = program.options();
  const PhiloxKey key = StreamKey(config_->seed, "synthetic");
  storage::LaneBatch batch;
  batch.lane = Lane(lane);
  batch.rows = config_->batch.lane_batch;
  for (size_t i = 0; i < program.batch_tensors().size(); ++i) {
    const auto& [name, row] = program.batch_tensors()[i];
    std::vector<int64_t> dims = {batch.rows};
    dims.insert(dims.end(), row.shape.dims().begin(), row.shape.dims().end());
    RETURN_IF_ERROR(batch.Add(name, {row.dtype, Shape(std::move(dims))}));
    storage::NamedTensor& tensor = batch.Tensor(name);
    const int64_t elements = tensor.type.shape.elements();
    // Behind the inputs stand counts of boxes, 0 or 1.
    const bool count = i >= program.inputs().size();
    const bool chosen =
        count || options.schema.Find(program.inputs()[i].field)->kind == FieldKind::kLabels;
    const auto what = static_cast<uint32_t>(i);
    OnElements(&tensor, [&](auto* x) {
      using T = std::remove_pointer_t<decltype(x)>;
      if constexpr (std::is_floating_point_v<T>) {
        if (!chosen) return FillNormal(key, lane, what, elements, x);
      }
      const auto classes = static_cast<uint32_t>(options.model_options.classes);
      FillBelow(chosen ? 2 : classes, key, lane, what, elements, x);
    });
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
