// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/explain_command.h"

#include "cluster/recipes/conflicts.h"
#include "cluster/recipes/key_use.h"
#include "worker/report/explain.h"

namespace lockstep::cluster {

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

}  // namespace lockstep::cluster
