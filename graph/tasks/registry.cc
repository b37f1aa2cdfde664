// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/registry.h"

#include <string>

#include "base/suggest.h"

namespace lockstep::graph {

const std::vector<std::unique_ptr<const Task>>& Tasks() {
  static const std::vector<std::unique_ptr<const Task>> kTasks = MakeAllTasks();
  return kTasks;
}

Result<const Task*> FindTask(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& task : Tasks()) {
    if (name.empty() ? task->is_default() : task->name() == name) return task.get();
    known.emplace_back(task->name());
  }
  return NotFound("there is no task '" + std::string(name) + "'" + Suggestion(name, known));
}

}  // namespace lockstep::graph
