// SPDX-License-Identifier: Apache-2.0
// `lockstep explain`: what a recipe means, before anything runs.
#include <memory>
#include <string>
#include <vector>

#include "cluster/cli/command.h"
#include "cluster/recipes/conflicts.h"
#include "cluster/recipes/key_use.h"
#include "worker/report/explain.h"

namespace lockstep::cluster {
namespace {

struct ExplainOptions {
  std::string recipe;
  std::vector<std::string> overrides;  // key=value
  int ranks = 1;
  std::string spec;      // a file with the machine's ceilings; empty: measured now
  bool layers = false;   // all of them, and everything else there is to say
  bool measure = false;  // make a few steps and show their times beside the predicted ones
};

Status RunExplain(const ExplainOptions& options, Console* console) {
  ASSIGN_OR_RETURN(worker::TrainConfig config,
                   LoadRecipeFor(ExplainKeys(), options.recipe, options.overrides));
  config.run.ranks = options.ranks;
  RETURN_IF_ERROR(CheckRanks(config));
  ASSIGN_OR_RETURN(const std::string text,
                   worker::Explain(config, {{options.spec, options.measure}, options.layers}));
  console->out << text;
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
)",
      .options =
          {{"RECIPE", &o->recipe, "Recipe file (TOML)", {.required = true}},
           Overrides(&o->overrides),
           {"--ranks", &o->ranks, "Ranks that would share the lanes", {.shows_default = true}},
           {"--spec", &o->spec,
            "File with the machine's ceilings, written by `lockstep doctor --write-spec`; default: "
            "measured now, in about a second"},
           {"--layers", &o->layers,
            "Every layer with its shapes and times, the rows of lane batches, and what the "
            "exchange costs"},
           {"--measure", &o->measure,
            "Make a few steps on made-up data: measured beside predicted times"}},
      .run = [o](Console* console) { return RunExplain(*o, console); }};
}

}  // namespace lockstep::cluster
