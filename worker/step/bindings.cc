// SPDX-License-Identifier: Apache-2.0
#include "worker/step/bindings.h"

#include "base/check.h"

namespace lockstep::worker {
namespace {

const void* StateArgument(const CompiledModel& model, ModelState& state, const std::string& name) {
  for (size_t i = 0; i < model.program().running().size(); ++i) {
    const std::string& path = model.program().running()[i].path;
    if (name == path + ".running_mean") return state.RunningMean(model, i);
    if (name == path + ".running_var") return state.RunningVariance(model, i);
  }
  CHECK(false) << "a plan reads unknown state " << name;
  return nullptr;
}

}  // namespace

std::vector<const void*> BindArguments(const CompiledModel& model, const graph::Plan& plan,
                                       ModelState& state, const storage::LaneBatch& batch) {
  std::vector<const void*> args;
  args.reserve(plan.args.size());
  size_t parameter = 0;
  for (const graph::Arg& arg : plan.args) {
    switch (arg.kind) {
      case graph::ArgKind::kInput:
        args.push_back(arg.name == "x" ? batch.x.data()
                                       : static_cast<const void*>(batch.labels.data()));
        break;
      case graph::ArgKind::kParameter:
        CHECK(model.program().parameters()[parameter].name == arg.name) << arg.name;
        args.push_back(state.Parameter(model, parameter++));
        break;
      case graph::ArgKind::kState:
        args.push_back(StateArgument(model, state, arg.name));
        break;
      case graph::ArgKind::kScalar:
        CHECK(false) << "lane and eval plans have no scalar " << arg.name;
    }
  }
  return args;
}

}  // namespace lockstep::worker
