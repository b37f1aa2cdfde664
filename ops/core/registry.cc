// SPDX-License-Identifier: Apache-2.0
#include "ops/core/registry.h"

#include "base/check.h"
#include "base/suggest.h"
#include "ops/core/composed.h"
#include "ops/core/reference_kernel.h"

namespace lockstep::ops {
namespace {

// The entry of a name, or what the recipe's key should say.
template <typename T>
Result<const T*> FindIn(const std::map<std::string, T, std::less<>>& parts, std::string_view name,
                        const std::string& key) {
  const auto it = parts.find(name);
  if (it != parts.end()) return &it->second;
  std::vector<std::string> known;
  for (const auto& [other, part] : parts) known.push_back(other);
  return NotFound(key + " is '" + std::string(name) + "'" + Suggestion(name, known));
}

}  // namespace

void OpRegistry::AddErased(Op op) {
  CHECK(op.infer != nullptr) << "op " << op.name << " has no shape rule";
  if (op.expand) SetComposedReference(this, &op);
  CHECK(op.reference_f32 != nullptr && op.reference_f64 != nullptr)
      << "op " << op.name << " has no reference kernel";
  const std::string name = op.name;
  auto owned = std::make_unique<Op>(std::move(op));
  owned->kernels.push_back(std::make_shared<ReferenceKernelFamily>());
  const bool added = ops_.emplace(name, std::move(owned)).second;
  CHECK(added) << "two ops are named " << name;
}

void OpRegistry::AddKernel(std::string_view op, std::shared_ptr<const KernelFamily> kernel) {
  const auto it = ops_.find(op);
  CHECK(it != ops_.end()) << "a kernel for op " << std::string(op) << ", which there is not";
  auto& kernels = it->second->kernels;
  kernels.insert(kernels.end() - 1, std::move(kernel));
}

void OpRegistry::AddErased(Optimizer optimizer) {
  const std::string name = optimizer.name;
  CHECK(Find(name) != nullptr) << "optimizer " << name << " has no op";
  CHECK(optimizer.norms.empty() == optimizer.measure.empty())
      << "optimizer " << name << " has norms and no op that measures them, or that op alone";
  CHECK(optimizer.measure.empty() || Find(optimizer.measure) != nullptr)
      << "optimizer " << name << " has no op " << optimizer.measure;
  CHECK(optimizers_.emplace(name, std::move(optimizer)).second)
      << "two optimizers are named " << name;
}

void OpRegistry::AddErased(Loss loss) {
  const std::string name = loss.name;
  CHECK(losses_.emplace(name, std::move(loss)).second) << "two losses are named " << name;
}

Result<const Optimizer*> OpRegistry::FindOptimizer(std::string_view name) const {
  return FindIn(optimizers_, name, "optimizer.name");
}

Result<const Loss*> OpRegistry::FindLoss(std::string_view name) const {
  return FindIn(losses_, name, "loss.name");
}

const Op* OpRegistry::Find(std::string_view name) const {
  const auto it = ops_.find(name);
  return it == ops_.end() ? nullptr : it->second.get();
}

const OpRegistry& OpRegistry::Global() {
  static const OpRegistry* registry = [] {
    auto* all = new OpRegistry;
    RegisterAllOps(*all);
    return all;
  }();
  return *registry;
}

int64_t BytesMoved(const NodeSpec& node) {
  int64_t bytes = 0;
  for (const TensorType& t : node.in) bytes += t.bytes();
  for (const TensorType& t : node.out) bytes += t.bytes();
  return bytes;
}

DType ComputeType(const NodeSpec& node) {
  for (const TensorType& t : node.in) {
    if (IsFloat(t.dtype)) return t.dtype;
  }
  for (const TensorType& t : node.out) {
    if (IsFloat(t.dtype)) return t.dtype;
  }
  return DType::kFloat32;
}

}  // namespace lockstep::ops
