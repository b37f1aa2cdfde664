// SPDX-License-Identifier: Apache-2.0
#include "worker/model/setup_warnings.h"

namespace lockstep::worker {
namespace {

// A head for a few classes more than there are is what fine-tuning from other weights has.
constexpr int64_t kManyTimes = 2;

void WarnOfClasses(const RunSetup& setup, std::vector<std::string>* warnings) {
  const graph::ProgramOptions& options = setup.model->program().options();
  const int64_t model = options.model_options.classes;
  const auto [dataset, of] = setup.model->program().task().Outputs(options.schema);
  if (model <= kManyTimes * dataset) return;
  warnings->push_back("model.classes is " + std::to_string(model) + " and the dataset has " +
                      std::to_string(dataset) + " " + std::string(of) +
                      ": the others are never right, and cost memory and time; leave "
                      "model.classes out unless weights for so many are loaded");
}

void WarnOfBatch(const TrainConfig& config, const RunSetup& setup,
                 std::vector<std::string>* warnings) {
  const int64_t lanes = config.batch.lanes, rows = config.batch.lane_batch;
  if (lanes * rows <= setup.order.samples) return;
  warnings->push_back("the global batch is " + std::to_string(lanes * rows) + " (" +
                      std::to_string(lanes) + " lanes of " + std::to_string(rows) +
                      ") and split '" + config.data.train + "' has " +
                      std::to_string(setup.order.samples) +
                      " samples: every step is a whole epoch, and its lanes are not full; lower "
                      "batch.lane_batch or batch.lanes");
}

}  // namespace

std::vector<std::string> SetupWarnings(const TrainConfig& config, const RunSetup& setup) {
  std::vector<std::string> warnings;
  WarnOfClasses(setup, &warnings);
  WarnOfBatch(config, setup, &warnings);
  return warnings;
}

}  // namespace lockstep::worker
