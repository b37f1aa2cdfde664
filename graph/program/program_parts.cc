// SPDX-License-Identifier: Apache-2.0
// What a program collects from the graphs of its phases, and the checks that need them all:
// parameters and their groups, running statistics, the sums of a step.
#include <algorithm>

#include "base/format.h"
#include "graph/program/program.h"
#include "graph/tasks/task_builder.h"

namespace lockstep::graph {
namespace {

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

// Which group each parameter is in, now that they are known.
Status Program::MakeGroups() {
  std::vector<NamedParameter> named;
  for (const Parameter& parameter : parameters_) named.push_back({parameter.name, parameter.kind});
  RETURN_IF_ERROR(frozen_.CheckAgainst(named));
  ASSIGN_OR_RETURN(const std::vector<ParameterGroup> groups, ParseGroups(options_.groups));
  std::vector<NamedParameter> trained;  // a group of frozen parameters would do nothing
  for (const NamedParameter& one : named) {
    if (!frozen_.Has(one.name, one.kind)) trained.push_back(one);
  }
  RETURN_IF_ERROR(AssignGroups(groups, trained).status());
  ASSIGN_OR_RETURN(const std::vector<int32_t> assigned, AssignGroups(groups, named));
  for (const int32_t group : assigned) group_of_.push_back(static_cast<size_t>(group + 1));
  update_groups_.push_back({"", 1.0, 0, options_.optimizer.options});
  for (const ParameterGroup& group : groups) {
    UpdateGroup update{group.pattern, group.options.lr_scale, group.options.unfreeze_epoch,
                       options_.optimizer.options};
    if (group.options.weight_decay >= 0) {
      if (update.optimizer.Find("weight_decay") == nullptr) {
        return InvalidArgument("optimizer.groups gives " + Quoted(group.pattern) +
                               " a weight_decay, and the optimizer '" + options_.optimizer.name +
                               "' has none; remove it or choose another optimizer");
      }
      update.optimizer.Set("weight_decay", group.options.weight_decay);
    }
    update_groups_.push_back(std::move(update));
  }
  return OkStatus();
}

// Which parameters are frozen in which epochs.
Status Program::MakeStages() {
  for (const UpdateGroup& group : update_groups_) stage_begins_.push_back(group.unfreeze_epoch);
  std::sort(stage_begins_.begin(), stage_begins_.end());
  stage_begins_.erase(std::unique(stage_begins_.begin(), stage_begins_.end()), stage_begins_.end());
  for (size_t stage = 0; stage < stages(); ++stage) {
    std::vector<std::string> patterns = options_.freeze;
    size_t trained = 0;
    for (size_t i = 0; i < parameters_.size(); ++i) {
      if (FirstStageOf(i) > stage) patterns.push_back(parameters_[i].name);
      if (FirstStageOf(i) <= stage && !IsFrozen(i)) ++trained;
    }
    if (trained == 0) {
      return InvalidArgument("optimizer.groups leaves nothing to train in the first " +
                             std::to_string(stage_begins_[stage + 1]) +
                             " epochs; remove unfreeze_epoch from one of its groups");
    }
    ASSIGN_OR_RETURN(FrozenParameters frozen, FrozenParameters::Parse(patterns));
    frozen_in_.push_back(std::move(frozen));
  }
  for (const PhaseSpec& phase : phases_) {
    if (stages() == 1 || phase.every == 1) continue;
    return InvalidArgument("optimizer.groups has an unfreeze_epoch, and the task '" +
                           std::string(task_->name()) + "' has a phase '" + phase.name +
                           "' that does not run in every step; remove it, or freeze the "
                           "parameters for the whole run (model.freeze)");
  }
  return OkStatus();
}

size_t Program::StageOf(int64_t epoch) const {
  const auto behind = std::upper_bound(stage_begins_.begin(), stage_begins_.end(), epoch);
  return static_cast<size_t>(behind - stage_begins_.begin()) - 1;
}

size_t Program::FirstStageOf(size_t parameter) const {
  return StageOf(update_groups_[group_of_[parameter]].unfreeze_epoch);
}

bool Program::IsFrozen(size_t parameter) const {
  return frozen_.Has(parameters_[parameter].name, parameters_[parameter].kind);
}

Status Program::AddStepSums(const Graph& lane) {
  const auto task = "the task '" + std::string(task_->name()) + "'";
  for (const NamedResult& result : lane.results()) {
    if (!result.name.starts_with(kSumPrefix)) continue;
    const TensorType& type = lane.TypeOf(result.value);
    SumTotal sum{.name = result.name.substr(kSumPrefix.size()), .shape = type.shape};
    if (step_sums_.Find(sum.name) != nullptr) {
      return InvalidArgument(task + " adds up '" + sum.name +
                             "' in two phases; expected a name of its own for each sum");
    }
    const auto elements = static_cast<size_t>(type.shape.elements());
    if (type.dtype == DType::kFloat64) {
      sum.f64.resize(elements);
    } else {
      sum.i64.resize(elements);
    }
    step_sums_.sums.push_back(std::move(sum));
  }
  int64_t bytes = 0;
  for (const SumTotal& sum : step_sums_.sums) {
    bytes += static_cast<int64_t>(sum.i64.size() + sum.f64.size()) * SizeOf(DType::kFloat64);
  }
  if (bytes <= kMostStepSums) return OkStatus();
  return InvalidArgument(task + " adds up " + std::to_string(bytes) +
                         " bytes in every step of a lane; expected at most " +
                         std::to_string(kMostStepSums) +
                         ", so make its sums smaller, or add them up in evaluations");
}

Status Program::AddParameters(const std::vector<Parameter>& parameters) {
  for (const Parameter& added : parameters) {
    const auto [known, is_new] = parameter_index_.try_emplace(added.name, parameters_.size());
    if (is_new) {
      parameters_.push_back(added);
    } else if (const TensorType& type = parameters_[known->second].type; !(type == added.type)) {
      return InvalidArgument("the parameter '" + added.name + "' is " + type.ToString() +
                             " in one phase and " + added.type.ToString() +
                             " in another: the model needs one size of images");
    }
  }
  return OkStatus();
}

// A network that is called in evaluations alone would never be trained.
Status Program::CheckParameters(const std::vector<Parameter>& evaluated) const {
  for (const Parameter& parameter : evaluated) {
    const auto known = parameter_index_.find(parameter.name);
    if (known == parameter_index_.end()) {
      return InvalidArgument("the parameter '" + parameter.name +
                             "' occurs in evaluations and not in training");
    }
    if (const TensorType& type = parameters_[known->second].type; !(type == parameter.type)) {
      return InvalidArgument("the parameter '" + parameter.name + "' is " + type.ToString() +
                             " in training and " + parameter.type.ToString() +
                             " in evaluation: the model needs one size of images");
    }
  }
  return OkStatus();
}

// The running state of a norm that training never calls would stay as it began.
Status Program::CheckNorms(const std::vector<RunningStatistics>& evaluated) const {
  for (const RunningStatistics& layer : evaluated) {
    const auto same = [&](const RunningStatistics& known) { return known.path == layer.path; };
    if (std::none_of(running_.begin(), running_.end(), same)) {
      return InvalidArgument("the batch norm '" + layer.path +
                             "' occurs in evaluations and not in training");
    }
  }
  return OkStatus();
}

void Program::AddRunning(RunningStatistics layer) {
  const auto same = [&](const RunningStatistics& known) { return known.path == layer.path; };
  const auto known = std::find_if(running_.begin(), running_.end(), same);
  if (known == running_.end()) {
    running_.push_back(std::move(layer));
  } else {
    known->calls = std::max(known->calls, layer.calls);
  }
}

Status Program::CheckPhases(const std::vector<NetworkSpec>& networks) const {
  const auto task = "the task '" + std::string(task_->name()) + "'";
  if (phases_.empty() || networks.empty()) return Internal(task + " has no phase or no network");
  std::vector<std::string> names, trained;
  for (const NetworkSpec& network : networks) names.push_back(network.name);
  if (phases_.front().every != 1) {
    return Internal(task + " runs its first phase '" + phases_.front().name + "' every " +
                    std::to_string(phases_.front().every) +
                    " steps; its loss is the step's, so it runs in every step");
  }
  for (const PhaseSpec& phase : phases_) {
    if (phase.every < 1) {
      return Internal(task + " runs its phase '" + phase.name + "' every " +
                      std::to_string(phase.every) + " steps; expected 1 or more");
    }
    for (const std::string& network : phase.trains) {
      if (!Contains(names, network)) {
        return Internal(task + " trains '" + network + "' in its phase '" + phase.name +
                        "' and has no such network");
      }
      trained.push_back(network);
    }
  }
  for (const std::string& name : names) {
    if (!Contains(trained, name))
      return Internal(task + " never trains its network '" + name + "'");
  }
  return OkStatus();
}

Status Program::CheckAllTrained() const {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    bool any = IsFrozen(i);
    for (size_t phase = 0; phase < phases_.size(); ++phase) any = any || Trains(phase, i);
    if (!any) {
      return InvalidArgument("the parameter '" + parameters_[i].name +
                             "' is trained in no phase of the task '" + std::string(task_->name()) +
                             "'");
    }
  }
  return OkStatus();
}

}  // namespace lockstep::graph
