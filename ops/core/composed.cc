// SPDX-License-Identifier: Apache-2.0
#include "ops/core/composed.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "ops/core/scratch.h"

namespace lockstep::ops {
namespace {

class Recorder : public Emitter {
 public:
  Recorder(const OpRegistry* registry, Composition* composition, std::string path)
      : registry_(*registry), composition_(*composition), path_(std::move(path)) {}

  const TensorType& TypeOf(Value v) const override {
    return composition_.types[static_cast<size_t>(v.id)];
  }

  std::vector<Value> Emit(std::string_view name, Attrs attrs,
                          std::span<const Value> inputs) override {
    const Op* op = registry_.Find(name);
    CHECK(op != nullptr) << "a composed form emits op " << std::string(name);
    ComposedNode node;
    node.in.assign(inputs.begin(), inputs.end());
    std::vector<TensorType> types;
    for (Value v : inputs) types.push_back(TypeOf(v));
    const Result<TensorTypes> out = op->infer(attrs, types);
    CHECK(out.ok()) << "a composed form: " << out.status();
    node.spec = {op, std::move(attrs), std::move(types), *out, path_};
    for (const TensorType& type : *out) {
      node.out.push_back(Value{static_cast<int32_t>(composition_.types.size())});
      composition_.types.push_back(type);
    }
    composition_.nodes.push_back(node);
    return node.out;
  }

 private:
  const OpRegistry& registry_;
  Composition& composition_;
  const std::string path_;
};

// Workspace: every value that is not an input, then the largest workspace of a node.
struct Memory {
  std::vector<void*> values;
  void* workspace = nullptr;

  Memory(const Composition& c, size_t inputs, Scratch* scratch) {
    for (size_t i = 0; i < c.types.size(); ++i) {
      values.push_back(i < inputs ? nullptr : scratch->Take<char>(c.types[i].bytes()));
    }
    int64_t most = 0;
    for (const ComposedNode& node : c.nodes) {
      const Op& op = *node.spec.op;
      if (op.reference_workspace) most = std::max(most, op.reference_workspace(node.spec));
    }
    workspace = scratch->Take<char>(most);
  }
};

Composition ComposeNode(const OpRegistry* registry, const NodeSpec& node) {
  return Compose(*registry, *node.op, node.attrs, node.in, node.path);
}

// Outputs are written last: they may be the inputs' memory.
void RunComposed(const OpRegistry* registry, const ReferenceArgs& args, bool in_double) {
  const Composition c = ComposeNode(registry, args.node);
  Scratch scratch(args.run.workspace);
  Memory memory(c, args.node.in.size(), &scratch);
  for (size_t i = 0; i < args.node.in.size(); ++i) {
    memory.values[i] = const_cast<void*>(args.run.in[i]);  // only read
  }
  const auto at = [&](Value v) { return memory.values[static_cast<size_t>(v.id)]; };
  for (const ComposedNode& node : c.nodes) {
    std::vector<const void*> in;
    std::vector<void*> out;
    for (Value v : node.in) in.push_back(at(v));
    for (Value v : node.out) out.push_back(at(v));
    const RunArgs run{in, out, memory.workspace, args.run.step};
    const Op& op = *node.spec.op;
    (in_double ? op.reference_f64 : op.reference_f32)(ReferenceArgs{node.spec, run});
  }
  for (size_t i = 0; i < c.results.size(); ++i) {
    std::memcpy(args.run.out[i], at(c.results[i]), static_cast<size_t>(args.node.out[i].bytes()));
  }
}

}  // namespace

Composition Compose(const OpRegistry& registry, const Op& op, const Attrs& attrs,
                    const std::vector<TensorType>& in, const std::string& path) {
  Composition c;
  c.types = in;
  std::vector<Value> inputs;
  for (size_t i = 0; i < in.size(); ++i) inputs.push_back(Value{static_cast<int32_t>(i)});
  Recorder recorder(&registry, &c, path);
  c.results = op.expand(attrs, &recorder, inputs);
  return c;
}

void SetComposedReference(const OpRegistry* registry, Op* op) {
  op->reference_f32 = [registry](const ReferenceArgs& args) { RunComposed(registry, args, false); };
  op->reference_f64 = [registry](const ReferenceArgs& args) { RunComposed(registry, args, true); };
  op->reference_workspace = [registry](const NodeSpec& node) {
    Scratch scratch;
    Memory(ComposeNode(registry, node), node.in.size(), &scratch);
    return scratch.bytes();
  };
}

}  // namespace lockstep::ops
