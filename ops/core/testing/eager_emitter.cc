// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/eager_emitter.h"

#include "base/check.h"
#include "ops/core/testing/kernel_run.h"

namespace lockstep::ops {

Value EagerEmitter::Input(GuardedTensor tensor) {
  values_.push_back(std::move(tensor));
  return Value{static_cast<int32_t>(values_.size()) - 1};
}

const GuardedTensor& EagerEmitter::Get(Value value) const {
  CHECK(value.valid() && static_cast<size_t>(value.id) < values_.size()) << "value " << value.id;
  return values_[static_cast<size_t>(value.id)];
}

std::vector<Value> EagerEmitter::Emit(std::string_view op_name, Attrs attrs,
                                      std::span<const Value> inputs) {
  // Enough invalid values for any op: callers index them before they look at the status.
  constexpr size_t kMostOutputs = 8;
  const std::vector<Value> nothing(kMostOutputs);
  if (!status_.ok()) return nothing;
  const Op* op = registry_.Find(op_name);
  CHECK(op != nullptr) << "no op is named " << op_name;
  Result<std::vector<Value>> out = Execute(*op, attrs, inputs);
  if (!out.ok()) {
    status_ = out.status().WithContext(op_name);
    return nothing;
  }
  nodes_.push_back({op->name, {inputs.begin(), inputs.end()}, *out});
  return *std::move(out);
}

Result<std::vector<Value>> EagerEmitter::Execute(const Op& op, const Attrs& attrs,
                                                 std::span<const Value> inputs) {
  std::vector<TensorType> types;
  std::vector<const GuardedTensor*> in;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].valid()) {
      return InvalidArgument("input " + std::to_string(i) + " is not a value; expected one");
    }
    in.push_back(&Get(inputs[i]));
    types.push_back(in.back()->type());
  }
  ASSIGN_OR_RETURN(const NodeSpec node, MakeNode(op, attrs, std::move(types), path_));
  ASSIGN_OR_RETURN(const MadeKernel kernel, MakeReferenceKernel(node, device_));
  std::vector<Value> out;
  std::vector<GuardedTensor*> out_tensors;
  for (const TensorType& type : node.out) {
    out.push_back(Input(GuardedTensor(type)));
    out_tensors.push_back(&values_.back());
  }
  RETURN_IF_ERROR(RunKernel(kernel, in, out_tensors, step_));
  return out;
}

}  // namespace lockstep::ops
