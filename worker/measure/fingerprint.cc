// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/fingerprint.h"

#include <map>
#include <string>

#include "base/device/cpu/cpu_device.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "base/philox.h"
#include "comm/local/local_world.h"
#include "worker/step/step_engine.h"

namespace lockstep::worker {
namespace {

constexpr int64_t kRows = 3;

// The ops of small models and both optimizers; not those of every model.
struct Net {
  const char* model;
  const char* optimizer;
};
constexpr Net kNets[] = {{"lenet5", "sgd"}, {"convnet-bn", "adam"}, {"mlp-784-400-400-10", "sgd"}};

Result<storage::StepBatch> FixedBatch(const Shape& image) {
  ASSIGN_OR_RETURN(storage::LaneBatch lane,
                   storage::MakeImageBatch(Lane(0), kRows, image, DType::kFloat32));
  auto* x = lane.Tensor(storage::kImageTensor).as<float>();
  for (int64_t i = 0; i < kRows * image.elements(); ++i) {
    const uint32_t word = Philox4x32({static_cast<uint32_t>(i), 0, 0, 0}, {7, 0})[0];
    x[i] = static_cast<float>(word >> 8) * 0x1p-23f - 1.0f;
  }
  auto* labels = lane.Tensor(storage::kLabelTensor).as<int32_t>();
  for (int32_t i = 0; i < kRows; ++i) labels[i] = 3 * i + 1;
  storage::StepBatch batch;
  batch.lanes.push_back(std::move(lane));
  return batch;
}

// The hash of the training state after one step.
Result<uint64_t> HashOfOneStep(const Net& net, CpuDevice* device) {
  graph::ProgramOptions options;
  options.model = net.model;
  options.model_options.classes = 10;
  options.image = {28, 28, 1};
  options.lane_batch = kRows;
  options.optimizer.name = net.optimizer;
  options.rewrite = !device->spec().reference_kernels_only;
  ASSIGN_OR_RETURN(graph::Program program, graph::Program::Make(options));
  ASSIGN_OR_RETURN(const auto model,
                   CompiledModel::Make(std::move(program), device, {.lane_rows = {kRows}}));
  comm::LocalWorld world(1);
  const auto communicator = world.MakeRank(Rank(0));
  ASSIGN_OR_RETURN(const auto engine,
                   StepEngine::Make(model.get(), communicator.get(),
                                    {.lanes = {0, 1}, .lane_batch = kRows, .seed = 1}));
  ASSIGN_OR_RETURN(storage::StepBatch made, FixedBatch(options.image));
  const auto batch = std::make_shared<const storage::StepBatch>(std::move(made));
  ASSIGN_OR_RETURN(StepEngine::Ticket ticket, engine->Launch(batch, {.lr = 0.1}));
  RETURN_IF_ERROR(engine->Collect(std::move(ticket), /*stop_wanted=*/false).status());
  return engine->StateHash(Deadline::Never());
}

Result<uint64_t> Compute(const DeviceSpec& spec) {
  CpuDevice device(spec);
  Hasher hasher;
  for (const Net& net : kNets) {
    ASSIGN_OR_RETURN(const uint64_t hash, HashOfOneStep(net, &device));
    hasher.UpdateU64(hash);
  }
  return hasher.Digest64();
}

}  // namespace

Result<uint64_t> Fingerprint(const DeviceSpec& spec) {
  static Mutex mutex;
  static auto* const made = new std::map<std::string, Result<uint64_t>>;
  const std::string key = spec.ToText();
  MutexLock lock(&mutex);
  const auto it = made->find(key);
  if (it != made->end()) return it->second;
  return made->emplace(key, Compute(spec)).first->second;
}

}  // namespace lockstep::worker
