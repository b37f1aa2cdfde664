// SPDX-License-Identifier: Apache-2.0
// `lockstep explain`: what a recipe means, before anything runs.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/device/known_specs.h"
#include "cluster/bench/image_option.h"
#include "cluster/cli/command.h"
#include "cluster/recipes/conflicts.h"
#include "cluster/recipes/key_use.h"
#include "cluster/scaling/outlook.h"
#include "cluster/scaling/scaling_report.h"
#include "worker/report/device_plan.h"
#include "worker/report/explain.h"
#include "worker/step/step_engine.h"

namespace lockstep::cluster {
namespace {

struct ExplainOptions {
  std::string recipe;
  std::vector<std::string> overrides;  // key=value
  int ranks = 1;
  std::string spec;      // a file with the machine's ceilings; empty: measured now
  std::string device;    // the spec of a device that need not be here; empty: this machine
  bool layers = false;   // all of them, and everything else there is to say
  bool measure = false;  // make a few steps and show their times beside the predicted ones
  std::string network;   // of larger machines; empty: nothing is said of them
  std::string scaling;   // a file of `bench scaling`; empty: the time of a lane as explained
};

// "h100.spec, h200.spec".
std::string KnownDevicesText() {
  std::string text;
  for (const std::string& name : KnownDeviceSpecs()) {
    text += (text.empty() ? "" : ", ") + name + ".spec";
  }
  return text;
}

// The constants that `bench scaling` has fitted, if it was this model that it measured.
Status TakeScalingFile(const std::string& path, const worker::TrainConfig& config,
                       const worker::Explanation& found, Outlook* outlook) {
  ASSIGN_OR_RETURN(const StoredModel stored, ReadScalingFile(path));
  const std::string image = ImageText(found.image);
  if (stored.model != config.model.name || stored.lane_batch != config.batch.lane_batch) {
    return InvalidArgument(
        "'" + path + "' was measured with " + stored.model + " and a lane batch of " +
        std::to_string(stored.lane_batch) + ", the recipe has " + config.model.name + " and " +
        std::to_string(config.batch.lane_batch) +
        "; measure again with `lockstep bench scaling --model " + config.model.name +
        " --lane-batch " + std::to_string(config.batch.lane_batch) + " --json FILE`");
  }
  if (stored.image != image || stored.classes != found.classes) {
    return InvalidArgument("'" + path + "' was measured with images of " + stored.image + " and " +
                           std::to_string(stored.classes) + " classes, the recipe has " + image +
                           " and " + std::to_string(found.classes) +
                           "; measure again with `lockstep bench scaling --model " +
                           config.model.name + " --image " + image + " --classes " +
                           std::to_string(found.classes) + " --json FILE`");
  }
  outlook->work = stored.work;
  outlook->model = stored.fitted;
  outlook->from = "fitted by bench scaling (" + path + ")";
  return OkStatus();
}

Result<std::string> OutlookOf(const ExplainOptions& options, const worker::TrainConfig& config,
                              const worker::Explanation& found) {
  Outlook outlook;
  ASSIGN_OR_RETURN(outlook.network, ParseNetwork(options.network));
  outlook.at = {config.run.ranks, config.batch.lanes};
  outlook.lane_batch = config.batch.lane_batch;
  if (!options.scaling.empty()) {
    RETURN_IF_ERROR(TakeScalingFile(options.scaling, config, found, &outlook));
    return OutlookText(outlook);
  }
  outlook.work.parameter_bytes = found.parameter_bytes;
  const int64_t bucket = worker::StepEngine::Options().bucket_bytes;
  outlook.work.buckets = std::max<int64_t>(1, (found.parameter_bytes + bucket - 1) / bucket);
  outlook.work.running_state = found.running_state;
  outlook.work.lanes_at_once = outlook.work.rank_cores = found.lanes_at_once;
  const int32_t lanes = (config.batch.lanes + config.run.ranks - 1) / config.run.ranks;
  const int32_t rounds = (lanes + found.lanes_at_once - 1) / found.lanes_at_once;
  outlook.model = ModelOfLane(found.lanes_ms / rounds, outlook.network);
  outlook.from = found.measured
                     ? "of a lane as measured now, all else as the network says"
                     : "of a lane as it could be at best (--measure, or better --scaling FILE, say "
                       "more), all else as the network says";
  return OutlookText(outlook);
}

// Plans for a device that need not be here.
Status ExplainForDevice(const ExplainOptions& options, const worker::TrainConfig& config,
                        Console* console) {
  const bool others = options.layers || options.measure || !options.spec.empty() ||
                      !options.network.empty() || !options.scaling.empty();
  if (others) {
    return InvalidArgument(
        "--device says what plans are on that device; leave out --layers, --measure, --spec, "
        "--network and --scaling, which are about this machine");
  }
  ASSIGN_OR_RETURN(const DeviceSpec device, FindDeviceSpec(options.device));
  ASSIGN_OR_RETURN(const std::string text, worker::ExplainForDevice(config, device));
  console->out << text;
  return OkStatus();
}

Status RunExplain(const ExplainOptions& options, Console* console) {
  ASSIGN_OR_RETURN(worker::TrainConfig config,
                   LoadRecipeFor(ExplainKeys(), options.recipe, options.overrides));
  config.run.ranks = options.ranks;
  RETURN_IF_ERROR(CheckRanks(config));
  if (!options.device.empty()) return ExplainForDevice(options, config, console);
  if (!options.network.empty()) RETURN_IF_ERROR(ParseNetwork(options.network).status());
  if (options.network.empty() && !options.scaling.empty()) {
    return InvalidArgument("--scaling does nothing without --network; say the network to predict");
  }
  ASSIGN_OR_RETURN(
      const worker::Explanation found,
      worker::ExplainWithFigures(config, {{options.spec, options.measure}, options.layers}));
  std::string outlook;
  if (!options.network.empty()) {
    ASSIGN_OR_RETURN(outlook, OutlookOf(options, config, found));
    outlook.insert(0, "\n");
  }
  console->out << found.text << outlook;
  return OkStatus();
}

}  // namespace

Command ExplainCommand() {
  const auto o = std::make_shared<ExplainOptions>();
  return {
      .name = "explain",
      .description = R"(Say what a recipe means, before anything runs.

Examples:
  lockstep explain cluster/recipes/lenet5-fashion-mnist.toml
  lockstep explain cluster/recipes/lenet5-fashion-mnist.toml batch.lane_batch=64 --ranks 4
  lockstep explain cluster/recipes/lenet5-fashion-mnist.toml --layers --measure
  lockstep explain cluster/recipes/resnet18-cifar10.toml --device h200.spec
  lockstep explain photos.toml --ranks 12 --network latency=2us,bandwidth=25GB/s,ranks-per-node=6

--network predicts larger machines: latency of a message (ns, us, ms, s), bandwidth of a machine's
link (B/s to TB/s, bit/s to Tbit/s), and how many ranks a machine has.
)",
      .options =
          {{"RECIPE", &o->recipe, "Recipe file (TOML)", {.required = true}},
           Overrides(&o->overrides),
           {"--ranks", &o->ranks, "Ranks that would share the lanes", {.shows_default = true}},
           {"--spec", &o->spec,
            "File with the machine's ceilings, written by `lockstep doctor --write-spec`; default: "
            "measured now, in about a second"},
           {"--device", &o->device,
            "Plans for another device, which need not be here: a file made by `lockstep doctor "
            "--write-spec`, or " +
                KnownDevicesText()},
           {"--layers", &o->layers,
            "Every layer with its shapes and times, the rows of lane batches, and what the "
            "exchange costs"},
           {"--measure", &o->measure,
            "Make a few steps on made-up data: measured beside predicted times"},
           {"--network", &o->network,
            "Predict steps over this network: latency=2us,bandwidth=25GB/s,ranks-per-node=8"},
           {"--scaling", &o->scaling,
            "With --network: take the constants from this file of `lockstep bench scaling "
            "--json`"}},
      .run = [o](Console* console) { return RunExplain(*o, console); }};
}

}  // namespace lockstep::cluster
