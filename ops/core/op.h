// SPDX-License-Identifier: Apache-2.0
// Op: everything an op says about itself, as plain data, in the order in which a reader asks:
// attributes, shape rule, composed form, meaning, gradient, aliases and randomness, cost, kernels,
// samples. Each op has a folder, whose Register function adds it (ops/core/registry.h).
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/options/attrs.h"
#include "base/shape.h"
#include "ops/core/emitter.h"
#include "ops/core/kernel.h"
#include "ops/core/sample.h"

namespace lockstep::ops {

// Inputs and outputs of a reference kernel. Floats among them are all float or all double, but for
// what the shape rule fixes to one type.
struct ReferenceArgs {
  const NodeSpec& node;
  const RunArgs& run;

  template <typename T>
  const T* in(size_t i) const {
    return static_cast<const T*>(run.in[i]);
  }
  template <typename T>
  T* out(size_t i) const {
    return static_cast<T*>(run.out[i]);
  }
  const Shape& in_shape(size_t i) const { return node.in[i].shape; }
  const Shape& out_shape(size_t i) const { return node.out[i].shape; }
};

// What a gradient rule sees. `dout[i]` is invalid where no gradient flows into output i; that
// stands for zero, and there is never a tensor of zeros. Nothing may be emitted for inputs not
// wanted.
struct GradArgs {
  Emitter* emit;
  std::span<const Value> in, out, dout;
  const std::vector<bool>& want;
};

struct Cost {
  int64_t flops = 0;  // floating-point operations; a multiply-add counts two
  int64_t bytes = 0;  // read and written, each tensor once
};

using TensorTypes = std::vector<TensorType>;

// A chain of ops that a fused op replaces: output 0 of each feeds the next, and nothing else. The
// fused node's inputs are those of the first op, then the other inputs of the later ones; its
// outputs are the last op's, then the first op's others. `attrs` makes the fused op's attributes of
// the chain's; what `expand` makes of them must be the chain again.
struct FusedChain {
  std::vector<std::string> ops;
  std::function<Attrs(std::span<const Attrs* const>)> attrs;
};

struct Op {
  std::string name;

  // The canonical form of attributes (checked against the op's field list), or what is wrong.
  std::function<Status(const Attrs&)> check_attrs;
  // (attrs, input types) -> output types. No shape depends on data.
  std::function<Result<TensorTypes>(const Attrs&, std::span<const TensorType>)> infer;
  // Fused ops only: the composed form, emitted from the inputs. It is the op's meaning (then no
  // reference is given), what the fuse pass replaces (`chains`), and the fallback of a plan.
  std::function<std::vector<Value>(const Attrs&, Emitter*, std::span<const Value>)> expand;
  std::vector<FusedChain> chains;
  // The meaning: plain loops, over float and over double.
  std::function<void(const ReferenceArgs&)> reference_f32;
  std::function<void(const ReferenceArgs&)> reference_f64;
  // Bytes of scratch the reference kernel wants; null: none.
  std::function<int64_t(const NodeSpec&)> reference_workspace;
  // One gradient per input (invalid where not wanted or none exists); null: not differentiable.
  std::function<std::vector<Value>(const Attrs&, const GradArgs&)> grad;
  // Floating-point outputs that are constants to the gradient (saved statistics, probabilities):
  // nothing flows through them, their `dout` is never valid.
  std::vector<int> detached_outputs;
  // (input, output) pairs that may be one buffer. A kernel reads element i of such an input before
  // it writes element i of the output.
  std::vector<std::pair<int, int>> may_alias;
  int random_streams = 0;  // > 0: draws from the stream keyed by the node's path
  std::function<Cost(const NodeSpec&)> cost;
  // Best first; the registry appends the reference kernel as the last.
  std::vector<std::shared_ptr<const KernelFamily>> kernels;
  std::vector<Sample> samples;
};

// The op as its folder writes it, typed by its attribute struct A.
template <typename A>
struct OpOf {
  std::string name;
  Result<TensorTypes> (*infer)(const A&, std::span<const TensorType>) = nullptr;
  std::vector<Value> (*expand)(const A&, Emitter*, std::span<const Value>) = nullptr;
  std::vector<FusedChain> chains = {};
  void (*reference_f32)(const A&, const ReferenceArgs&) = nullptr;
  void (*reference_f64)(const A&, const ReferenceArgs&) = nullptr;
  int64_t (*reference_workspace)(const A&, const NodeSpec&) = nullptr;
  std::vector<Value> (*grad)(const A&, const GradArgs&) = nullptr;
  std::vector<int> detached_outputs = {};
  std::vector<std::pair<int, int>> may_alias = {};
  int random_streams = 0;
  Cost (*cost)(const A&, const NodeSpec&) = nullptr;  // null: no arithmetic, bytes of all tensors
  std::vector<std::shared_ptr<const KernelFamily>> kernels = {};
  std::vector<Sample> samples = {};
};

// Bytes of all inputs and outputs, each once.
int64_t BytesMoved(const NodeSpec& node);

template <typename A>
Op Erase(OpOf<A> typed) {
  Op op;
  op.name = typed.name;
  op.check_attrs = [](const Attrs& attrs) { return Unpack<A>(attrs).status(); };
  op.infer = [f = typed.infer](const Attrs& attrs,
                               std::span<const TensorType> in) -> Result<TensorTypes> {
    ASSIGN_OR_RETURN(const A a, Unpack<A>(attrs));
    return f(a, in);
  };
  if (typed.expand != nullptr) {
    op.expand = [f = typed.expand](const Attrs& attrs, Emitter* emit, std::span<const Value> in) {
      return f(*Unpack<A>(attrs), emit, in);
    };
  }
  op.chains = std::move(typed.chains);
  if (typed.reference_f32 != nullptr) {
    op.reference_f32 = [f = typed.reference_f32](const ReferenceArgs& args) {
      f(*Unpack<A>(args.node.attrs), args);
    };
  }
  if (typed.reference_f64 != nullptr) {
    op.reference_f64 = [f = typed.reference_f64](const ReferenceArgs& args) {
      f(*Unpack<A>(args.node.attrs), args);
    };
  }
  if (typed.reference_workspace != nullptr) {
    op.reference_workspace = [f = typed.reference_workspace](const NodeSpec& node) {
      return f(*Unpack<A>(node.attrs), node);
    };
  }
  if (typed.grad != nullptr) {
    op.grad = [f = typed.grad](const Attrs& attrs, const GradArgs& args) {
      return f(*Unpack<A>(attrs), args);
    };
  }
  op.detached_outputs = std::move(typed.detached_outputs);
  op.may_alias = std::move(typed.may_alias);
  op.random_streams = typed.random_streams;
  if (typed.cost != nullptr) {
    op.cost = [f = typed.cost](const NodeSpec& node) { return f(*Unpack<A>(node.attrs), node); };
  } else {
    op.cost = [](const NodeSpec& node) { return Cost{0, BytesMoved(node)}; };
  }
  op.kernels = std::move(typed.kernels);
  op.samples = std::move(typed.samples);
  return op;
}

// The dtype the op computes in: that of the first floating-point input, else of the first
// floating-point output, else float32.
DType ComputeType(const NodeSpec& node);

}  // namespace lockstep::ops
