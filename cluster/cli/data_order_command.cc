// SPDX-License-Identifier: Apache-2.0
// `lockstep data order`: which samples a step sees.
#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cluster/cli/data_commands.h"
#include "cluster/recipes/key_use.h"
#include "storage/dataset/dataset.h"
#include "storage/order/dataset_order.h"
#include "storage/order/inspect.h"

namespace lockstep::cluster {
namespace {

using storage::Dataset;
using Json = nlohmann::ordered_json;

struct DataOrderOptions {
  std::string recipe;
  std::vector<std::string> overrides;
  std::optional<int32_t> epoch;  // from 1; absent: `step` counts from the start of the run
  int64_t step = 1;              // from 1, as in digests.csv
};

// JSON: per lane the ids of that step, their source paths and, where they have them, labels.
Status RunDataOrder(const DataOrderOptions& options, Console* console) {
  ASSIGN_OR_RETURN(const worker::TrainConfig config,
                   LoadRecipeFor(DataOrderKeys(), options.recipe, options.overrides));
  ASSIGN_OR_RETURN(const auto dataset, Dataset::Open(config.data.dataset));
  ASSIGN_OR_RETURN(
      const storage::OrderSpec spec,
      storage::OrderSpecFor(dataset->info(), config.data.train, config.batch.lanes,
                            config.batch.lane_batch, config.data.window_shards, config.seed));
  const int64_t steps = storage::StepsPerEpoch(spec);
  // People count from 1.
  const int64_t step = options.epoch ? options.step - 1 : (options.step - 1) % steps;
  const int64_t epoch = options.epoch ? *options.epoch - 1 : (options.step - 1) / steps;
  if (epoch >= config.epochs || step >= steps) {
    return InvalidArgument("epoch " + std::to_string(epoch + 1) + ", step " +
                           std::to_string(step + 1) + " of it does not exist: the recipe has " +
                           "train.epochs = " + std::to_string(config.epochs) + " of " +
                           std::to_string(steps) + " steps each, both counted from 1");
  }
  ASSIGN_OR_RETURN(const auto lanes,
                   storage::OrderOfStep(*dataset, config.data.train, spec,
                                        Epoch(static_cast<int32_t>(epoch)), step));
  Json json = {{"recipe", options.recipe},
               {"dataset", config.data.dataset},
               {"dataset_digest", dataset->info().digest.ToHex()},
               {"split", config.data.train},
               {"epoch", epoch + 1},
               {"step", step + 1},
               {"global_step", epoch * steps + step + 1},
               {"steps_per_epoch", steps},
               {"lanes", Json::array()}};
  for (const storage::LaneSamples& lane : lanes) {
    Json samples = Json::array();
    for (const storage::OrderedSample& sample : lane.samples) {
      samples.push_back({{"id", sample.id.value}, {"source", sample.source_path}});
      if (sample.label < 0) continue;
      samples.back()["label"] = sample.label;
      samples.back()["class"] = sample.label_name;
    }
    json["lanes"].push_back({{"lane", lane.lane.value}, {"samples", std::move(samples)}});
  }
  // What is not UTF-8 in a source's paths is replaced.
  console->out << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  return OkStatus();
}

}  // namespace

Command DataOrderCommand() {
  const auto o = std::make_shared<DataOrderOptions>();
  return {.name = "order",
          .description = R"(Say which samples a step of a recipe sees, as JSON.

Examples:
  lockstep data order cluster/recipes/lenet5-fashion-mnist.toml --epoch 1 --step 18
  lockstep data order cluster/recipes/lenet5-fashion-mnist.toml --step 1234
)",
          .options = {{"RECIPE", &o->recipe, "Recipe file", {.required = true}},
                      Overrides(&o->overrides),
                      {"--epoch",
                       &o->epoch,
                       "Epoch, from 1; without it --step counts from the start of the run",
                       {.range = IntegerRange{1, std::numeric_limits<int32_t>::max()}}},
                      {"--step",
                       &o->step,
                       "Step, from 1",
                       {.required = true, .range = IntegerRange{.least = 1}}}},
          .run = [o](Console* console) { return RunDataOrder(*o, console); }};
}

}  // namespace lockstep::cluster
