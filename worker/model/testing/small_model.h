// SPDX-License-Identifier: Apache-2.0
// For tests: a compiled model on small images, its state and one lane's batch, made in a line each.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/device/device.h"
#include "storage/loader/batch.h"
#include "worker/device/make_device.h"
#include "worker/model/compiled_model.h"
#include "worker/model/model_state.h"

namespace lockstep::worker {

class SmallModel {
 public:
  struct Options {
    std::string name = "convnet-bn";
    Shape image = {4, 4, 1};
    int64_t classes = 10;
    int64_t lane_batch = 4;
    std::vector<int64_t> lane_rows = {1, 2, 3, 4};
    std::vector<int64_t> eval_rows = {4};
    std::string optimizer = "sgd";
    DType precision = DType::kFloat32;
    Attrs model_options;
    std::string device = "cpu";  // of worker/device/make_device.h
  };

  explicit SmallModel(const Options& options) {
    auto device = MakeDevice({.name = options.device, .reference_kernels = true});
    CHECK(device.ok()) << device.status();
    device_ = *std::move(device);
    graph::ProgramOptions program;
    program.model = options.name;
    program.model_options.classes = options.classes;
    program.model_options.own = options.model_options;
    program.image = options.image;
    program.lane_batch = options.lane_batch;
    program.precision = options.precision;
    program.optimizer.name = options.optimizer;
    auto made = graph::Program::Make(program);
    CHECK(made.ok()) << made.status();
    auto model =
        CompiledModel::Make(*std::move(made), device_.get(),
                            {.lane_rows = options.lane_rows, .eval_rows = options.eval_rows});
    CHECK(model.ok()) << model.status();
    model_ = *std::move(model);
  }

  const CompiledModel& operator*() const { return *model_; }
  const CompiledModel* get() const { return model_.get(); }
  Device* device() const { return device_.get(); }

  ModelState State(uint64_t seed, const std::vector<int64_t>& owned_blocks = {}) const {
    auto state = ModelState::Make(*model_, seed, owned_blocks);
    CHECK(state.ok()) << state.status();
    return *std::move(state);
  }

  // Rows of a lane, in single precision, whose pixels and labels tell which lane it is.
  storage::LaneBatch Batch(int32_t lane, int64_t rows) const {
    const Shape& image = model_->program().options().image;
    storage::LaneBatch batch = *storage::MakeImageBatch(Lane(lane), rows, image, DType::kFloat32);
    auto* x = batch.Tensor(storage::kImageTensor).as<float>();
    for (int64_t i = 0; i < rows * image.elements(); ++i) {
      x[i] = static_cast<float>((i * 37 + lane * 11) % 29 - 14) / 8.0f;
    }
    auto* labels = batch.Tensor(storage::kLabelTensor).as<int32_t>();
    for (int64_t i = 0; i < rows; ++i) labels[i] = static_cast<int32_t>(i + lane) % 10;
    return batch;
  }

 private:
  std::unique_ptr<Device> device_;
  std::unique_ptr<CompiledModel> model_;
};

}  // namespace lockstep::worker
