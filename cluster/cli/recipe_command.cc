// SPDX-License-Identifier: Apache-2.0
// `lockstep recipe`: the keys a recipe may hold, and a recipe with every key.
#include <memory>
#include <string>
#include <vector>

#include "cluster/cli/command.h"
#include "cluster/recipes/recipe.h"
#include "cluster/recipes/schema.h"

namespace lockstep::cluster {
namespace {

struct RecipeOptions {
  std::string recipe;
  std::vector<std::string> overrides;  // key=value
  bool list_keys = false;              // and nothing else
  bool print_page = false;             // and nothing else
};

Status RunRecipe(const RecipeOptions& options, Console* console) {
  if (options.list_keys || options.print_page) {
    console->out << (options.list_keys ? ListRecipeKeys() : RecipePage());
    return OkStatus();
  }
  if (options.recipe.empty()) {
    return InvalidArgument("RECIPE or --keys is required; see `lockstep recipe --help`");
  }
  ASSIGN_OR_RETURN(const worker::TrainConfig config, LoadRecipe(options.recipe, options.overrides));
  console->out << config.recipe_text;
  return OkStatus();
}

}  // namespace

Command RecipeCommand() {
  const auto o = std::make_shared<RecipeOptions>();
  return {.name = "recipe",
          .description = R"(What a recipe may say, and what one says.

Examples:
  lockstep recipe --keys
  lockstep recipe cluster/recipes/lenet5-fashion-mnist.toml
  lockstep recipe cluster/recipes/lenet5-fashion-mnist.toml optimizer.lr=0.05

A recipe is checked and printed with the value of every key, and where that came from.
)",
          .options = {{"RECIPE", &o->recipe, "Recipe file (TOML)"},
                      Overrides(&o->overrides),
                      {"--keys", &o->list_keys, "List every key a recipe may hold, and exit"},
                      {"--page", &o->print_page, "Print the page docs/recipes.md, and exit"}},
          .run = [o](Console* console) { return RunRecipe(*o, console); }};
}

}  // namespace lockstep::cluster
