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

const void* BatchArgument(const graph::Plan& plan, const graph::Arg& arg,
                          const storage::LaneBatch& batch) {
  const storage::NamedTensor* tensor = batch.Find(arg.name);
  CHECK(tensor != nullptr) << "plan '" << plan.name << "' reads '" << arg.name
                           << "'; the batch has " << batch.ToString();
  CHECK_EQ(tensor->type, arg.type) << "'" << arg.name << "' of plan '" << plan.name << "'";
  return tensor->data.data();
}

}  // namespace

std::vector<const void*> BindArguments(const CompiledModel& model, const graph::Plan& plan,
                                       ModelState& state, const storage::LaneBatch& batch,
                                       const ScalarCells* scalars) {
  std::vector<const void*> args;
  args.reserve(plan.args.size());
  for (const graph::Arg& arg : plan.args) {
    switch (arg.kind) {
      case graph::ArgKind::kInput:
        args.push_back(BatchArgument(plan, arg, batch));
        break;
      case graph::ArgKind::kParameter:
        args.push_back(state.Parameter(model, model.program().ParameterIndex(arg.name)));
        break;
      case graph::ArgKind::kState:
        args.push_back(StateArgument(model, state, arg.name));
        break;
      case graph::ArgKind::kScalar:
        CHECK(scalars != nullptr) << "a plan reads a scalar " << arg.name;
        args.push_back(scalars->Find(arg.name));
        break;
    }
  }
  return args;
}

}  // namespace lockstep::worker
