// SPDX-License-Identifier: Apache-2.0
// The tasks of this build, from the directory listing: for each folder graph/tasks/NAME with a file
// NAME.cc the build calls lockstep::graph::NAME::MakeTask().
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "graph/tasks/task.h"

namespace lockstep::graph {

// All tasks, in bytewise order of their folders' names.
const std::vector<std::unique_ptr<const Task>>& Tasks();
// The task of that name. Not-found: lists what there is.
Result<const Task*> FindTask(std::string_view name);

// The inputs of a task on a dataset of this schema. Failed-precondition where the dataset lacks a
// field: it names what there is, and the tasks that fit.
Result<std::vector<InputSpec>> InputsOf(const Task& task, const Schema& schema);

// Adds a task to those of the build: for tests, before anything else asks for tasks.
void AddTask(std::unique_ptr<const Task> task);

// Generated: every task of the build.
std::vector<std::unique_ptr<const Task>> MakeAllTasks();

}  // namespace lockstep::graph
