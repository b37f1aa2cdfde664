// SPDX-License-Identifier: Apache-2.0
// What is derived from the table of keys: suggestions, canonical text, hash.
#include "cluster/recipes/schema.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/hash.h"
#include "base/suggest.h"
#include "cluster/recipes/part_lists.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

// Names that other training programs use for our keys.
constexpr std::pair<std::string_view, std::string_view> kForeignNames[] = {
    {"learning_rate", "optimizer.lr"},
    {"lr0", "optimizer.lr"},
    {"wd", "optimizer.weight_decay"},
    {"batch_size", "batch.lane_batch"},
    {"num_classes", "model.classes"},
    {"arch", "model.name"},
    {"data_path", "data.dataset"},
    {"dataset_path", "data.dataset"},
    {"max_grad_norm", "optimizer.clip_norm"},
};

}  // namespace

std::string_view KeyRoleName(KeyRole role) {
  switch (role) {
    case KeyRole::kFree:
      return "free";
    case KeyRole::kBranch:
      return "branch";
    case KeyRole::kFixed:
      return "fixed";
  }
  return "";
}

const Option* RecipeKey::Of(std::string_view part) const {
  for (const KeyVariant& variant : variants) {
    const auto& parts = variant.parts;
    if (parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end()) {
      return &variant.option;
    }
  }
  return nullptr;
}

std::string RecipeKey::PartsText() const {
  std::string text;
  for (const KeyVariant& variant : variants) {
    for (const std::string& part : variant.parts) {
      text += (text.empty() ? "\"" : ", \"") + part + "\"";
    }
  }
  return text;
}

std::string SuggestRecipeKey(std::string_view typed) {
  const std::string_view last = typed.substr(typed.rfind('.') + 1);
  for (const auto& [foreign, ours] : kForeignNames) {
    if (last == foreign) return "; did you mean '" + std::string(ours) + "'?";
  }
  std::vector<std::string> names;
  for (const RecipeKey& key : RecipeKeys()) names.push_back(key.name);
  std::string nearest = NearestName(typed, names);
  for (const RecipeKey& key : RecipeKeys()) {
    const bool same_last = key.name.substr(key.name.rfind('.') + 1) == last;
    if (nearest.empty() && same_last && last != "name") nearest = key.name;
  }
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

namespace {

constexpr char kSchemaLine[] = "recipe.schema=2\n";

// What the recipe hash leaves out: nothing of a name.
std::optional<KeyValue> Unlisted(const RecipeKey& key, const TrainConfig& config) {
  if (key.always_hashed) return std::nullopt;
  if (!key.of_part()) return key.option().absent();
  const Option* option = key.Of(FindPartList(key.group())->name(config));
  if (option == nullptr) return std::nullopt;
  return option->absent();
}

std::string LinesOf(const TrainConfig& config, const std::vector<KeyRole>& roles) {
  std::vector<std::string> lines;
  for (const RecipeKey& key : RecipeKeys()) {
    if (std::find(roles.begin(), roles.end(), key.role) == roles.end() || key.is_path) continue;
    const std::optional<KeyValue> value = key.get(config);
    if (!value || value == Unlisted(key, config)) continue;
    lines.push_back(key.name + "=" + OptionText(*value) + "\n");
  }
  if (std::find(roles.begin(), roles.end(), KeyRole::kFixed) != roles.end()) {
    lines.emplace_back(kSchemaLine);
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace

std::string CanonicalRecipeLines(const TrainConfig& config) {
  return LinesOf(config, {KeyRole::kFixed, KeyRole::kBranch});
}

std::string CanonicalRecipeLines(const TrainConfig& config, KeyRole role) {
  return LinesOf(config, {role});
}

std::string UnlistedRecipeLines(const TrainConfig& config) {
  std::string text;
  for (const RecipeKey& key : RecipeKeys()) {
    if (key.role == KeyRole::kFree || key.is_path) continue;
    const std::optional<KeyValue> value = Unlisted(key, config);
    if (value) text += key.name + "=" + OptionText(*value) + "\n";
  }
  return text;
}

uint64_t RecipeHash(const TrainConfig& config) { return Hash64(CanonicalRecipeLines(config)); }

bool MeansNothing(std::string_view key, const KeyValue& value) {
  static const auto* const kSpelledOut =
      new std::map<std::string, KeyValue, std::less<>>{{"model.activation", ""},
                                                       {"model.pool", ""},
                                                       {"model.dropout", -1.0},
                                                       {"model.stem", ""},
                                                       {"model.zero_init_residual", false},
                                                       {"optimizer.momentum", 0.9},
                                                       {"optimizer.nesterov", false},
                                                       {"optimizer.beta1", 0.9},
                                                       {"optimizer.beta2", 0.999},
                                                       {"optimizer.eps", 1e-8},
                                                       {"schedule.step_epochs", 30.0},
                                                       {"schedule.gamma", 0.1},
                                                       {"schedule.final_lr", 0.0}};
  const auto found = kSpelledOut->find(key);
  if (found == kSpelledOut->end()) return false;
  const auto* whole = std::get_if<int64_t>(&value);
  return value == found->second ||
         (whole != nullptr && KeyValue(static_cast<double>(*whole)) == found->second);
}

}  // namespace lockstep::cluster
