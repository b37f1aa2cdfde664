// SPDX-License-Identifier: Apache-2.0
// `lockstep models`: the networks a recipe can name.
#include <iomanip>
#include <memory>
#include <string>

#include "cluster/cli/command.h"
#include "graph/models/models.h"
#include "graph/program/program.h"

namespace lockstep::cluster {
namespace {

// Each model with its parameter count for the classes it was described for; only those whose name
// holds `filter`.
Status RunModels(const std::string& filter, Console* console) {
  size_t shown = 0;
  for (const graph::Model& model : graph::Models()) {
    if (model.name.find(filter) == std::string_view::npos) continue;
    ASSIGN_OR_RETURN(const graph::Program program,
                     graph::Program::Make(graph::DescribedFor(model)));
    console->out << std::left << std::setw(18) << model.name << std::right << std::setw(12)
                 << CountText(program.parameter_count()) << " parameters, " << std::setw(4)
                 << model.classes << " classes  " << model.description << "\n";
    ++shown;
  }
  if (shown > 0) return OkStatus();
  return NotFound("no model's name contains '" + filter + "'; `lockstep models` lists all");
}

}  // namespace

Command ModelsCommand() {
  const auto filter = std::make_shared<std::string>();
  return {.name = "models",
          .description = R"(List the models a recipe can name.

Examples:
  lockstep models
  lockstep models --filter mlp
)",
          .options = {{"--filter", filter.get(), "Only names that contain this"}},
          .run = [filter](Console* console) { return RunModels(*filter, console); }};
}

}  // namespace lockstep::cluster
