// SPDX-License-Identifier: Apache-2.0
// The parts of a run that a recipe chooses by name: each group of keys with the key of a name, the
// parts it may name, and what each of them lets a person set (base/options/option.h). A part that
// is added to its folder is in these lists at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/options/option.h"
#include "cluster/recipes/schema.h"
#include "worker/config/train_config.h"

namespace lockstep::cluster {

struct Part {
  std::string name;
  std::string doc;  // one line
  const OptionList* options = nullptr;
};

struct PartList {
  std::string group;                // "optimizer": the keys optimizer.OPTION
  std::string name_key;             // "optimizer.name": the key that chooses the part
  KeyRole role = KeyRole::kBranch;  // of the options
  std::vector<Part> parts;
  // The chosen part and those of its options that are given.
  const std::string& (*name)(const worker::TrainConfig& config) = nullptr;
  const Attrs& (*options)(const worker::TrainConfig& config) = nullptr;
  std::string* (*name_of)(worker::TrainConfig* config) = nullptr;
  Attrs* (*options_of)(worker::TrainConfig* config) = nullptr;

  const Part* Find(std::string_view part) const;  // nullptr: there is none
};

const std::vector<PartList>& PartLists();
// The list of a group; nullptr: a group that chooses nothing.
const PartList* FindPartList(std::string_view group);

// Options of the chosen parts that do not go together, with the keys to blame.
struct PartConflict {
  std::vector<std::string> keys;
  std::string message;
};
std::vector<PartConflict> FindPartConflicts(const worker::TrainConfig& config);

// Whether the chosen optimizer has no learning rate of its own.
bool NeedsLearningRate(const worker::TrainConfig& config);

}  // namespace lockstep::cluster
