// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/registry.h"

#include <string>

#include "base/suggest.h"

namespace lockstep::graph {

namespace {

std::vector<std::unique_ptr<const Task>>& All() {
  static auto* const kTasks = new std::vector<std::unique_ptr<const Task>>(MakeAllTasks());
  return *kTasks;
}

}  // namespace

const std::vector<std::unique_ptr<const Task>>& Tasks() { return All(); }

void AddTask(std::unique_ptr<const Task> task) { All().push_back(std::move(task)); }

Result<std::vector<InputSpec>> InputsOf(const Task& task, const Schema& schema) {
  Result<std::vector<InputSpec>> inputs = task.Inputs(schema);
  if (inputs.ok()) return inputs;
  std::string fitting;
  for (const auto& other : Tasks()) {
    if (!other->Inputs(schema).ok()) continue;
    fitting += (fitting.empty() ? "'" : ", '") + std::string(other->name()) + "'";
  }
  return Status(inputs.status().code(), inputs.status().message() +
                                            "; tasks that fit this dataset: " +
                                            (fitting.empty() ? "none of this build" : fitting));
}

Result<const Task*> FindTask(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& task : Tasks()) {
    if (task->name() == name) return task.get();
    known.emplace_back(task->name());
  }
  return NotFound("there is no task '" + std::string(name) + "'" + Suggestion(name, known));
}

}  // namespace lockstep::graph
