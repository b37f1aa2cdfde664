// SPDX-License-Identifier: Apache-2.0
// EagerEmitter: an Emitter whose values are tensors. Emitting an op runs its reference kernel at
// once, so a gradient rule can be executed without a graph. It keeps the first failure, as a graph
// builder does. It is for tests and for one thread.
//
//   EagerEmitter emit;
//   const Value x = emit.Input(tensor);
//   const Value y = Relu(&emit, x);
//   ASSERT_TRUE(emit.status().ok());
//   emit.Get(y).At(0);
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "ops/core/registry.h"
#include "ops/core/testing/guarded_tensor.h"
#include "ops/core/testing/test_device.h"

namespace lockstep::ops {

class EagerEmitter : public Emitter {
 public:
  // One executed node.
  struct Node {
    std::string op;
    std::vector<Value> in, out;
  };

  // `path` and `step` are what random ops see. The registry must outlive this.
  EagerEmitter(const OpRegistry& registry, std::string path, const StepHeader& step,
               TestDevice device = TestDevice::kCpu)
      : registry_(registry), path_(std::move(path)), step_(step), device_(device) {}
  explicit EagerEmitter(const OpRegistry& registry = OpRegistry::Global())
      : EagerEmitter(registry, "", {}) {}

  Value Input(GuardedTensor tensor);

  const TensorType& TypeOf(Value value) const override { return Get(value).type(); }
  std::vector<Value> Emit(std::string_view op, Attrs attrs, std::span<const Value> inputs) override;

  const GuardedTensor& Get(Value value) const;
  const Status& status() const { return status_; }
  const std::vector<Node>& nodes() const { return nodes_; }  // in order of execution

 private:
  Result<std::vector<Value>> Execute(const Op& op, const Attrs& attrs,
                                     std::span<const Value> inputs);

  const OpRegistry& registry_;
  const std::string path_;
  const StepHeader step_;
  const TestDevice device_;
  std::deque<GuardedTensor> values_;  // by value id; types stay where they are as it grows
  std::vector<Node> nodes_;
  Status status_;
};

}  // namespace lockstep::ops
