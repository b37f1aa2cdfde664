// SPDX-License-Identifier: Apache-2.0
#include "cluster/recipes/part_lists.h"

#include <algorithm>
#include <map>

#include "graph/models/models.h"
#include "graph/schedules/schedule.h"
#include "graph/tasks/registry.h"
#include "ops/core/registry.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

// A list without parts, of the group of TrainConfig that the captureless lambda `Group` returns.
template <typename Group>
PartList EmptyList(std::string group, KeyRole role, Group) {
  PartList list;
  list.name_key = group + ".name";
  list.group = std::move(group);
  list.role = role;
  list.name = [](const TrainConfig& c) -> const std::string& { return Group{}(c).name; };
  list.options = [](const TrainConfig& c) -> const Attrs& { return Group{}(c).options; };
  list.name_of = [](TrainConfig* c) { return &Group{}(*c).name; };
  list.options_of = [](TrainConfig* c) { return &Group{}(*c).options; };
  return list;
}

// Tasks are chosen by a key of the whole run.
PartList Tasks() {
  PartList list;
  list.group = "task_options";
  list.name_key = "task";
  list.name = [](const TrainConfig& c) -> const std::string& { return c.task; };
  list.options = [](const TrainConfig& c) -> const Attrs& { return c.task_options; };
  list.name_of = [](TrainConfig* c) { return &c->task; };
  list.options_of = [](TrainConfig* c) { return &c->task_options; };
  for (const auto& task : graph::Tasks()) {
    list.parts.push_back({std::string(task->name()), std::string(task->doc()), &task->options()});
  }
  return list;
}

PartList Models() {
  PartList list = EmptyList(
      "model", KeyRole::kFixed, [](auto& c) -> auto& { return c.model; });
  for (const graph::Model& model : graph::Models()) {
    list.parts.push_back({std::string(model.name), std::string(model.description), &model.options});
  }
  return list;
}

// The parts of a registry: its entries by name.
template <typename T>
void AddParts(const std::map<std::string, T, std::less<>>& registered, PartList* list) {
  for (const auto& [name, part] : registered) {
    list->parts.push_back({name, part.doc, &part.options});
  }
}

PartList Losses() {
  PartList list = EmptyList(
      "loss", KeyRole::kBranch, [](auto& c) -> auto& { return c.loss; });
  AddParts(ops::OpRegistry::Global().losses(), &list);
  return list;
}

PartList Optimizers() {
  PartList list = EmptyList(
      "optimizer", KeyRole::kBranch, [](auto& c) -> auto& { return c.optimizer; });
  AddParts(ops::OpRegistry::Global().optimizers(), &list);
  return list;
}

PartList Schedules() {
  PartList list = EmptyList(
      "schedule", KeyRole::kBranch, [](auto& c) -> auto& { return c.schedule; });
  AddParts(graph::ScheduleRegistry::Global().schedules(), &list);
  return list;
}

void Add(const std::string& group, std::optional<OptionConflict> found,
         const std::vector<std::string>& others, std::vector<PartConflict>* conflicts) {
  if (!found) return;
  PartConflict conflict = {.keys = {}, .message = std::move(found->message)};
  for (const std::string& option : found->options) conflict.keys.push_back(group + "." + option);
  conflict.keys.insert(conflict.keys.end(), others.begin(), others.end());
  conflicts->push_back(std::move(conflict));
}

}  // namespace

const Part* PartList::Find(std::string_view part) const {
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [part](const Part& one) { return one.name == part; });
  return found == parts.end() ? nullptr : &*found;
}

const std::vector<PartList>& PartLists() {
  static const auto* const lists =
      new std::vector<PartList>{Tasks(), Models(), Losses(), Optimizers(), Schedules()};
  return *lists;
}

const PartList* FindPartList(std::string_view group) {
  const auto& lists = PartLists();
  const auto found = std::find_if(lists.begin(), lists.end(),
                                  [group](const PartList& list) { return list.group == group; });
  return found == lists.end() ? nullptr : &*found;
}

std::vector<PartConflict> FindPartConflicts(const TrainConfig& config) {
  std::vector<PartConflict> conflicts;
  const auto schedule = graph::ScheduleRegistry::Global().Find(config.schedule.name);
  if (schedule.ok() && (*schedule)->conflict) {
    const auto options = (*schedule)->options.Complete(config.schedule.options, "schedule");
    if (options.ok()) {
      Add("schedule", (*schedule)->conflict(*options, config.optimizer.lr), {"optimizer.lr"},
          &conflicts);
    }
  }
  const auto optimizer = ops::OpRegistry::Global().FindOptimizer(config.optimizer.name);
  if (optimizer.ok() && (*optimizer)->conflict) {
    const auto options = (*optimizer)->options.Complete(config.optimizer.options, "optimizer");
    if (options.ok()) Add("optimizer", (*optimizer)->conflict(*options), {}, &conflicts);
  }
  return conflicts;
}

bool NeedsLearningRate(const TrainConfig& config) {
  const auto optimizer = ops::OpRegistry::Global().FindOptimizer(config.optimizer.name);
  return optimizer.ok() && (*optimizer)->needs_lr;
}

}  // namespace lockstep::cluster
