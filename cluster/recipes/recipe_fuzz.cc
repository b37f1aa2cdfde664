// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes are a recipe or an error, never a crash. What is accepted must be stable:
// the resolved text gives the same recipe again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cluster/recipes/recipe.h"
#include "cluster/recipes/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using lockstep::cluster::ParseRecipe;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The text up to the first NUL is the file, the rest is one argument of the command line.
  const size_t cut = text.find('\0');
  std::vector<std::string> overrides;
  if (cut != std::string_view::npos) overrides.emplace_back(text.substr(cut + 1));
  const auto recipe = ParseRecipe(text.substr(0, cut), "fuzz.toml", overrides);
  if (!recipe.ok()) return 0;
  const auto again = ParseRecipe(recipe->recipe_text, "resolved.toml", {});
  CHECK(again.ok()) << again.status().ToString();
  for (const auto& key : lockstep::cluster::RecipeKeys()) {
    CHECK(key.get(*recipe) == key.get(*again)) << key.name;
  }
  CHECK_EQ(recipe->recipe_hash, again->recipe_hash);
  return 0;
}
