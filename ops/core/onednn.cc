// SPDX-License-Identifier: Apache-2.0
// The plan. A problem (OnednnProblem) states a primitive and which of its arguments are which
// inputs and outputs. `Bind` asks one implementation of it how it wants each argument to lie in
// memory: where that is not row-major, the argument gets a copy in the workspace and a reorder. A
// candidate is such an implementation with the size of its workspace; `MadeKernel` creates
// primitive and reorders once. A run then reorders inputs, executes, and reorders outputs. Prepare
// makes one of those copies in memory that outlives the run, so that a run which is given it
// reorders one input less.
#include "ops/core/onednn.h"

#include <omp.h>

#include <array>
#include <optional>
#include <unordered_map>

#include "base/check.h"
#include "base/device/cpu_isa.h"
#include "base/exceptions.h"
#include "ops/core/library_isa.h"
#include "ops/core/scratch.h"
#include "ops/core/simd_kernel.h"
#include "ops/core/transposed_blocks.h"

namespace lockstep::ops {
namespace {

// Lack of memory must not pass for a kernel that there is not: another would be taken, with other
// bits.
Status FromError(const dnnl::error& error) {
  const std::string text = std::string("oneDNN: ") + error.what();
  if (error.status == dnnl_out_of_memory) return ResourceExhausted(text + ": out of memory");
  return FailedPrecondition(text);
}

// oneDNN counts an image's pixels in 32 bits: looking for a kernel for 2^16 x 2^16 of them dies of
// a division by 0.
bool HasTooManyPixels(const Shape& shape) {
  return shape.rank() == 4 && shape[1] * shape[2] >= int64_t{1} << 31;
}

bool IsReference(const std::string& implementation) {
  return implementation.find("ref") != std::string::npos;
}

std::string NameOf(const dnnl::primitive_desc& primitive) { return primitive.impl_info_str(); }

// Whether `to` is the matrix `from` with its rows in transposed blocks: weights (K, C, R, S) with
// the strides of K R S C, all four dimensions of them.
std::optional<TransposedBlocks> AsTransposedBlocks(const dnnl::memory::desc& from,
                                                   const dnnl::memory::desc& to) {
  const dnnl_memory_desc_t &a = from.data, &b = to.data;
  if (a.ndims != 4 || a.format_kind != dnnl_blocked || b.format_kind != dnnl_blocked) return {};
  const dnnl_blocking_desc_t &plain = a.format_desc.blocking, &blocked = b.format_desc.blocking;
  const TransposedBlocks shape = {a.dims[0], plain.strides[0], blocked.inner_blks[0]};
  const bool is_matrix = plain.inner_nblks == 0 && plain.strides[1] == 1 &&
                         shape.columns == a.dims[1] * a.dims[2] * a.dims[3];
  const bool is_block = blocked.inner_nblks == 1 && blocked.inner_idxs[0] == 0 &&
                        shape.block % 4 == 0 && b.offset0 == 0 && b.extra.flags == 0;
  if (!is_matrix || !is_block) return {};
  for (int d = 0; d < 4; ++d) {
    const bool padded = d > 0 && b.padded_dims[d] != b.dims[d];
    if (padded || blocked.strides[d] != plain.strides[d] * shape.block) return {};
  }
  return shape;
}

// An argument as the chosen implementation takes it; a reorder is between it and the node's memory
// where the layouts differ.
struct BoundArg {
  OnednnArg arg;
  dnnl::memory::desc wanted;
  bool reordered = false;
  dnnl::reorder::primitive_desc reorder_desc;
  std::optional<TransposedBlocks> blocks;  // instead of the reorder
};

struct Bound {
  dnnl::primitive_desc desc;
  std::vector<BoundArg> args;
  std::optional<size_t> prepared;  // the argument that can be: the first input that is reordered
};

Bound Bind(const OnednnProblem& problem) {
  Bound bound{problem.primitive, {}, std::nullopt};
  for (const OnednnArg& arg : problem.args) {
    BoundArg b{arg, bound.desc.query_md(dnnl::query::exec_arg_md, arg.id), false, {}, {}};
    b.reordered = b.wanted != arg.plain;
    if (b.reordered) {
      const dnnl::memory::desc& from = arg.output ? b.wanted : arg.plain;
      const dnnl::memory::desc& to = arg.output ? arg.plain : b.wanted;
      b.reorder_desc =
          dnnl::reorder::primitive_desc(OnednnEngine(), from, OnednnEngine(), to, OnednnAttr());
      if (!arg.output) b.blocks = AsTransposedBlocks(from, to);
    }
    if (problem.prepares && b.reordered && !arg.output && !bound.prepared) {
      bound.prepared = bound.args.size();
    }
    bound.args.push_back(std::move(b));
  }
  return bound;
}

void* Take(const dnnl::memory::desc& desc, Scratch* scratch) {
  return scratch->Take<char>(static_cast<int64_t>(desc.get_size()));
}

// The copy of one argument, and its reorder's scratchpad.
struct Copy {
  void* data = nullptr;
  void* scratchpad = nullptr;

  Copy() = default;
  Copy(const BoundArg& b, Scratch* scratch)
      : data(Take(b.wanted, scratch)),
        scratchpad(Take(b.reorder_desc.scratchpad_desc(), scratch)) {}
};

// The workspace: the primitive's scratchpad, then a copy for each reorder, but for that of an
// argument that is `prepared`.
struct Layout {
  void* scratchpad = nullptr;
  std::array<Copy, 8> copies = {};

  Layout(const Bound& bound, std::optional<size_t> prepared, Scratch* scratch) {
    scratchpad = Take(bound.desc.scratchpad_desc(), scratch);
    CHECK_LE(bound.args.size(), copies.size());
    for (size_t i = 0; i < bound.args.size(); ++i) {
      if (bound.args[i].reordered && i != prepared) copies[i] = Copy(bound.args[i], scratch);
    }
  }
};

int64_t WorkspaceOf(const Bound& bound, std::optional<size_t> prepared) {
  Scratch scratch;
  Layout(bound, prepared, &scratch);
  return scratch.bytes();
}

Candidate CandidateOf(const Bound& bound, const std::string& name) {
  Candidate c = {std::string(kOnednnKernel), name, WorkspaceOf(bound, std::nullopt)};
  if (bound.prepared) {
    const BoundArg& b = bound.args[*bound.prepared];
    Scratch scratch;
    Copy(b, &scratch);
    c.prepared_input = static_cast<int32_t>(b.arg.index);
    c.prepared_bytes = scratch.bytes();
    c.workspace_bytes_if_prepared = WorkspaceOf(bound, bound.prepared);
  }
  return c;
}

class MadeKernel : public Kernel {
 public:
  MadeKernel(Bound bound, int32_t threads)
      : bound_(std::move(bound)), threads_(threads), primitive_(bound_.desc.get()) {
    for (const BoundArg& b : bound_.args) {
      reorders_.push_back(b.reordered ? dnnl::reorder(b.reorder_desc) : dnnl::reorder());
    }
  }

  Status Run(const RunArgs& run, Stream*) const override {
    return Guarded([&](dnnl::stream* stream) { RunPrimitives(run, stream); });
  }

  Status Prepare(const void* input, void* prepared, Stream*) const override {
    if (!bound_.prepared) return Internal("oneDNN: nothing is prepared here");
    const size_t i = *bound_.prepared;
    return Guarded([&](dnnl::stream* stream) {
      Scratch scratch(prepared);
      Reorder(i, Copy(bound_.args[i], &scratch), const_cast<void*>(input), stream);
    });
  }

 private:
  template <typename Work>
  Status Guarded(const Work& work) const {
    const OnednnThreads count(threads_);
    try {
      thread_local dnnl::stream stream(OnednnEngine());
      work(&stream);
    } catch (const dnnl::error& error) {
      const Status status = FromError(error);
      if (status.code() == StatusCode::kResourceExhausted) return status;
      return Internal(status.message());
    } catch (...) {
      return CaughtStatus("oneDNN");
    }
    return OkStatus();
  }

  static dnnl::memory Memory(const dnnl::memory::desc& desc, void* data) {
    return dnnl::memory(desc, OnednnEngine(), data);
  }

  void RunPrimitives(const RunArgs& run, dnnl::stream* stream) const {
    const std::optional<size_t> prepared = run.prepared == nullptr ? std::nullopt : bound_.prepared;
    Scratch scratch(run.workspace);
    Layout layout(bound_, prepared, &scratch);
    if (prepared) {
      Scratch made(const_cast<void*>(run.prepared));
      layout.copies[*prepared] = Copy(bound_.args[*prepared], &made);
    }
    std::unordered_map<int, dnnl::memory> args;
    args.emplace(DNNL_ARG_SCRATCHPAD, Memory(bound_.desc.scratchpad_desc(), layout.scratchpad));
    for (size_t i = 0; i < bound_.args.size(); ++i) {
      const BoundArg& b = bound_.args[i];
      void* const plain = Plain(b.arg, run);
      args.emplace(b.arg.id, Memory(b.wanted, b.reordered ? layout.copies[i].data : plain));
      if (b.reordered && !b.arg.output && i != prepared) {
        Reorder(i, layout.copies[i], plain, stream);
      }
    }
    primitive_.execute(*stream, args);
    for (size_t i = 0; i < bound_.args.size(); ++i) {
      const BoundArg& b = bound_.args[i];
      if (b.reordered && b.arg.output) Reorder(i, layout.copies[i], Plain(b.arg, run), stream);
    }
  }

  static void* Plain(const OnednnArg& arg, const RunArgs& run) {
    return arg.output ? run.out[arg.index] : const_cast<void*>(run.in[arg.index]);
  }

  // Copies between the node's memory and the copy, whichever way the argument goes.
  void Reorder(size_t i, const Copy& copy, void* plain, dnnl::stream* stream) const {
    const BoundArg& b = bound_.args[i];
    if (b.blocks) {
      return CopyTransposedBlocks(*b.blocks, threads_, static_cast<const float*>(plain),
                                  static_cast<float*>(copy.data));
    }
    const dnnl::memory outside = Memory(b.arg.plain, plain);
    const dnnl::memory inside = Memory(b.wanted, copy.data);
    const dnnl::memory pad = Memory(b.reorder_desc.scratchpad_desc(), copy.scratchpad);
    reorders_[i].execute(*stream, {{DNNL_ARG_FROM, b.arg.output ? inside : outside},
                                   {DNNL_ARG_TO, b.arg.output ? outside : inside},
                                   {DNNL_ARG_SCRATCHPAD, pad}});
  }

  const Bound bound_;
  const int32_t threads_;
  const dnnl::primitive primitive_;
  std::vector<dnnl::reorder> reorders_;  // by argument; empty where none is needed
};

class Family : public KernelFamily {
 public:
  Family(MakeOnednnProblem problem, bool known_slower)
      : problem_(std::move(problem)), known_slower_(known_slower) {}
  std::string_view name() const override { return kOnednnKernel; }
  bool is_library() const override { return true; }

  Result<std::vector<Candidate>> Candidates(const NodeSpec& node,
                                            const DeviceSpec& device) const override {
    RETURN_IF_ERROR(CheckOnednn(node, device));
    const OnednnThreads count(device.threads);
    std::vector<Candidate> candidates;
    try {
      OnednnProblem problem = problem_(node);
      do {
        const std::string name = NameOf(problem.primitive);
        if (IsReference(name)) continue;
        // A name means the first of several implementations that have it.
        if (!candidates.empty() && candidates.back().algorithm == name) continue;
        candidates.push_back(CandidateOf(Bind(problem), name));
        candidates.back().known_slower = known_slower_;
      } while (problem.primitive.next_impl());
    } catch (const dnnl::error& error) {
      return FromError(error);
    } catch (...) {
      return CaughtStatus("oneDNN");
    }
    if (!candidates.empty()) return candidates;
    return FailedPrecondition("oneDNN has reference implementations only");
  }

  Result<std::unique_ptr<Kernel>> Make(const NodeSpec& node, const Candidate& candidate,
                                       Device* device) const override {
    const DeviceSpec& spec = device->spec();
    RETURN_IF_ERROR(CheckOnednn(node, spec));
    const OnednnThreads count(spec.threads);
    try {
      OnednnProblem problem = problem_(node);
      do {
        if (NameOf(problem.primitive) != candidate.algorithm) continue;
        return std::unique_ptr<Kernel>(std::make_unique<MadeKernel>(Bind(problem), spec.threads));
      } while (problem.primitive.next_impl());
    } catch (const dnnl::error& error) {
      return FromError(error);
    } catch (...) {
      return CaughtStatus("oneDNN");
    }
    return FailedPrecondition("oneDNN has no implementation '" + candidate.algorithm + "' of this");
  }

 private:
  const MakeOnednnProblem problem_;
  const bool known_slower_;
};

}  // namespace

OnednnThreads::OnednnThreads(int32_t threads) : before_(omp_get_max_threads()) {
  if (threads != before_) omp_set_num_threads(threads);
}

OnednnThreads::~OnednnThreads() {
  if (omp_get_max_threads() != before_) omp_set_num_threads(before_);
}

Status CheckOnednn(const NodeSpec& node, const DeviceSpec& device) {
  RETURN_IF_ERROR(CheckSimd(node, device));
  ASSIGN_OR_RETURN(const CpuIsa isa, CpuIsaFromName(device.isa));
  for (const TensorType& t : node.in) {
    if (t.shape.elements() == 0) return FailedPrecondition("oneDNN: an input is empty");
  }
  for (const auto* types : {&node.in, &node.out}) {
    for (const TensorType& t : *types) {
      if (!HasTooManyPixels(t.shape)) continue;
      return FailedPrecondition("oneDNN: an image of " + t.ToString() + " has 2^31 pixels or more");
    }
  }
  return StartLibrary(isa).status();
}

const dnnl::engine& OnednnEngine() {
  static const dnnl::engine* engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

dnnl::primitive_attr OnednnAttr() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

dnnl::memory::desc OnednnTensor(const dnnl::memory::dims& dims, const dnnl::memory::dims& strides) {
  return dnnl::memory::desc(dims, dnnl::memory::data_type::f32, strides);
}

dnnl::memory::desc OnednnAnyLayout(const dnnl::memory::dims& dims) {
  return dnnl::memory::desc(dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any);
}

std::shared_ptr<const KernelFamily> OnednnKernel(MakeOnednnProblem problem, bool known_slower) {
  return std::make_shared<Family>(std::move(problem), known_slower);
}

}  // namespace lockstep::ops
