// SPDX-License-Identifier: Apache-2.0
// What check_toy.py compares with PyTorch: the task of two networks and two phases of
// tests/distributed/toy_task.h, in fp64 with reference kernels and without dropout.
//
//   dump_toy SEED FOLDER
//
// All files are safetensors, parameters and their gradients in the files' order:
//
//   start             parameters and running statistics that both parts begin with
//   batch-STEP        `image` (N, H, W, C) and `label` (N) of each of the steps
//   lane-PHASE-STEP   the lane plan of a phase on the first batch with the numbers of step 0 or 1:
//                     loss, gradients, and the totals of every call of a norm
//   losses            `losses` (steps, phases) of three whole steps by StepEngine with one lane
//   end               parameters and running statistics after them
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/device/cpu/cpu_device.h"
#include "base/floating_point_state.h"
#include "base/philox.h"
#include "comm/local/local_world.h"
#include "graph/program/program.h"
#include "tests/distributed/toy_task.h"
#include "tests/oracles/lane_dump.h"
#include "worker/device/host_spec.h"
#include "worker/model/weights.h"
#include "worker/step/bindings.h"
#include "worker/step/step_engine.h"

namespace lockstep::tests {
namespace {

// check_toy.py has the same. A lane batch that is not full tells apart lane_batch, the seed of the
// gradient, and rows.
constexpr int64_t kRows = 5, kLaneBatch = 8, kClasses = 10, kSteps = 3, kLaneSteps = 2;
constexpr double kLearningRate = 0.1;

Result<graph::Program> MakeProgram() {
  graph::ProgramOptions options;
  options.task = std::string(kToyTask);
  options.model = "mlp-784-400-400-10";  // it has a dropout, which the task takes over
  options.model_options.own.Set("dropout", 0.0);
  options.model_options.classes = kClasses;
  options.image = {28, 28, 1};
  options.precision = DType::kFloat64;
  options.lane_batch = kLaneBatch;
  options.optimizer.name = "sgd";
  return graph::Program::Make(options);
}

// Uniform in [-1, 1).
double Draw(PhiloxKey key, int64_t i) {
  return 2.0 * UniformFloat(Philox4x32({static_cast<uint32_t>(i), 0, 0, 0}, key)[0]) - 1.0;
}

Result<storage::StepBatch> MakeBatch(uint64_t seed, int64_t step, const Shape& image) {
  ASSIGN_OR_RETURN(storage::LaneBatch lane,
                   storage::MakeImageBatch(Lane(0), kRows, image, DType::kFloat64));
  const PhiloxKey pixels = StreamKey(seed, "pixels", std::to_string(step));
  const PhiloxKey classes = StreamKey(seed, "classes", std::to_string(step));
  auto* x = lane.Tensor(storage::kImageTensor).as<double>();
  for (int64_t i = 0; i < kRows * image.elements(); ++i) x[i] = Draw(pixels, i);
  auto* labels = lane.Tensor(storage::kLabelTensor).as<int32_t>();
  for (int64_t i = 0; i < kRows; ++i) {
    labels[i] = static_cast<int32_t>((Draw(classes, i) + 1.0) / 2.0 * kClasses);
  }
  storage::StepBatch batch;
  batch.step = Step(step);
  batch.lanes.push_back(std::move(lane));
  return batch;
}

// Moves every parameter and statistic away from where it starts: 1 and 0 would hide what is done
// with the scale and offset of a norm and with running statistics.
void MoveState(uint64_t seed, const worker::CompiledModel& model, worker::ModelState* state) {
  const auto move = [seed](const std::string& name, void* tensor, int64_t elements) {
    const PhiloxKey key = StreamKey(seed, "move", name);
    auto* x = static_cast<double*>(tensor);
    for (int64_t i = 0; i < elements; ++i) x[i] += 0.2 * Draw(key, i);
  };
  const graph::Program& program = model.program();
  for (size_t i = 0; i < program.parameters().size(); ++i) {
    const graph::Parameter& p = program.parameters()[i];
    move(p.name, state->Parameter(model, i), p.type.shape.elements());
  }
  for (size_t i = 0; i < program.running().size(); ++i) {
    const graph::RunningStatistics& norm = program.running()[i];
    move(norm.path + ".mean", state->RunningMean(model, i), norm.channels);
    move(norm.path + ".var", state->RunningVariance(model, i), norm.channels);
  }
}

Status DumpBatch(const storage::LaneBatch& lane, const std::string& path) {
  std::vector<worker::StateTensor> tensors;
  for (const storage::NamedTensor& tensor : lane.tensors) {
    const auto bytes = static_cast<size_t>(tensor.type.bytes());
    ASSIGN_OR_RETURN(AlignedBuffer copy, AlignedBuffer::Make(bytes));
    std::memcpy(copy.data(), tensor.data.data(), bytes);
    tensors.push_back({tensor.name, tensor.type, std::move(copy)});
  }
  return WriteDump(path, tensors);
}

Status DumpLanes(const worker::CompiledModel& model, worker::ModelState* state,
                 const storage::LaneBatch& lane, const std::string& folder) {
  const graph::Program& program = model.program();
  for (size_t phase = 0; phase < model.phases(); ++phase) {
    const worker::Executor& executor = model.Lane(kRows, phase);
    for (int64_t step = 0; step < kLaneSteps; ++step) {
      worker::ScalarCells scalars(model.precision());
      for (const graph::Arg& arg : executor.plan().args) {
        if (arg.kind != graph::ArgKind::kScalar) continue;
        scalars.Add(arg.name, program.task().ScalarAt(arg.name, step));
      }
      const std::vector<const void*> args =
          worker::ArgumentPlaces(model, &executor.plan()).Bind(*state, lane, &scalars);
      ASSIGN_OR_RETURN(const auto tensors, RunLane(program, executor, args));
      RETURN_IF_ERROR(WriteDump(folder + "/lane-" + std::string(program.phases()[phase].name) +
                                    "-" + std::to_string(step) + ".safetensors",
                                tensors));
    }
  }
  return OkStatus();
}

// The losses of one step are added to `losses`.
Status RunStep(worker::StepEngine* engine, std::shared_ptr<const storage::StepBatch> batch,
               std::vector<double>* losses) {
  const int64_t step = batch->step.value;
  ASSIGN_OR_RETURN(
      worker::StepEngine::Ticket ticket,
      engine->Launch(std::move(batch), {.lr = kLearningRate, .applied_updates = step}));
  ASSIGN_OR_RETURN(const worker::StepReport report,
                   engine->Collect(std::move(ticket), /*stop_wanted=*/false));
  if (!report.applied) return Internal("step " + std::to_string(step) + " was not applied");
  losses->insert(losses->end(), report.losses.begin(), report.losses.end());
  return OkStatus();
}

Status DumpLosses(const std::vector<double>& losses, const std::string& path) {
  const TensorType type{DType::kFloat64, {kSteps, static_cast<int64_t>(losses.size()) / kSteps}};
  ASSIGN_OR_RETURN(AlignedBuffer copy, AlignedBuffer::Make(losses.size() * sizeof(double)));
  std::memcpy(copy.data(), losses.data(), losses.size() * sizeof(double));
  std::vector<worker::StateTensor> tensors;
  tensors.push_back({"losses", type, std::move(copy)});
  return WriteDump(path, tensors);
}

Status Dump(uint64_t seed, const std::string& folder) {
  SetFloatingPointState();
  AddToyTasks();
  ASSIGN_OR_RETURN(graph::Program program, MakeProgram());
  const Shape image = program.options().image;
  CpuDevice device(worker::ReferenceHostSpec());
  ASSIGN_OR_RETURN(const auto model, worker::CompiledModel::Make(std::move(program), &device,
                                                                 {.lane_rows = {kRows}}));
  comm::LocalWorld world(1);
  const auto communicator = world.MakeRank(Rank(0));
  ASSIGN_OR_RETURN(
      const auto engine,
      worker::StepEngine::Make(model.get(), communicator.get(),
                               {.lanes = {0, 1}, .lane_batch = kLaneBatch, .seed = seed}));
  MoveState(seed, *model, &engine->state());
  RETURN_IF_ERROR(worker::SaveWeights(*model, &engine->state(), folder + "/start.safetensors"));
  std::vector<double> losses;
  for (int64_t step = 0; step < kSteps; ++step) {
    ASSIGN_OR_RETURN(storage::StepBatch made, MakeBatch(seed, step, image));
    const auto batch = std::make_shared<const storage::StepBatch>(std::move(made));
    const storage::LaneBatch& lane = batch->lanes.front();
    RETURN_IF_ERROR(DumpBatch(lane, folder + "/batch-" + std::to_string(step) + ".safetensors"));
    if (step == 0) RETURN_IF_ERROR(DumpLanes(*model, &engine->state(), lane, folder));
    RETURN_IF_ERROR(RunStep(engine.get(), batch, &losses));
  }
  RETURN_IF_ERROR(DumpLosses(losses, folder + "/losses.safetensors"));
  return worker::SaveWeights(*model, &engine->state(), folder + "/end.safetensors");
}

}  // namespace
}  // namespace lockstep::tests

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: dump_toy SEED FOLDER\n");
    return 2;
  }
  const lockstep::Status status =
      lockstep::tests::Dump(std::strtoull(argv[1], nullptr, 10), argv[2]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "dump_toy: %s\n", status.ToString().c_str());
  return 1;
}
