// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/kernel_check.h"

#include <atomic>
#include <cstring>
#include <thread>

#include "base/check.h"
#include "ops/core/testing/kernel_run.h"
#include "ops/core/testing/sample_inputs.h"

namespace lockstep::ops {
namespace {

using Tensors = std::vector<GuardedTensor>;

Result<NodeSpec> NodeOf(const OpCase& c, DType precision) {
  return MakeNode(*c.op, c.sample->attrs, SampleTypes(*c.sample, precision),
                  SamplePath(c.op->name, *c.sample));
}

Result<std::vector<MadeKernel>> KernelsOf(const OpCase& c, DType precision) {
  ASSIGN_OR_RETURN(const NodeSpec node, NodeOf(c, precision));
  return MakeCpuKernels(node, c.device);
}

Tensors InputsOf(const OpCase& c, DType precision) {
  return MakeSampleInputs(c.op->name, *c.sample, precision);
}

Status ExpectSameBits(const Tensors& got, const Tensors& expected, const MadeKernel& kernel,
                      std::string_view what) {
  for (size_t i = 0; i < expected.size(); ++i) {
    if (got[i].SameBits(expected[i])) continue;
    return Internal("kernel " + kernel.name() + ": " + std::string(what) + " " + std::to_string(i));
  }
  return OkStatus();
}

Status ExpectBitsOf(const MadeKernel& one, const std::vector<MadeKernel>& kernels,
                    const Tensors& in) {
  ASSIGN_OR_RETURN(const Tensors expected, RunKernel(one, in, SampleStep()));
  for (const MadeKernel& kernel : kernels) {
    ASSIGN_OR_RETURN(const Tensors out, RunKernel(kernel, in, SampleStep()));
    RETURN_IF_ERROR(
        ExpectSameBits(out, expected, kernel, "has other bits than " + one.name() + " in output"));
  }
  return OkStatus();
}

using Pairs = std::vector<std::pair<int, int>>;

// Tries each pair by which the kernel can run alone, then all that share no tensor with an earlier
// one.
std::vector<Pairs> WaysInPlace(const MadeKernel& kernel) {
  const Pairs& may_alias = kernel.node.op->may_alias;
  std::vector<Pairs> ways;
  Pairs together;
  for (size_t p = 0; p < may_alias.size(); ++p) {
    if (!RunsInPlace(kernel.candidate, p)) continue;
    const auto& pair = may_alias[p];
    ways.push_back({pair});
    bool free = true;
    for (const auto& other : together) {
      free = free && pair.first != other.first && pair.second != other.second;
    }
    if (free) together.push_back(pair);
  }
  if (together.size() > 1) ways.push_back(together);
  return ways;
}

// Runs with out[j] = in[i] for the pairs (i, j).
Result<Tensors> RunInPlace(const MadeKernel& kernel, Tensors in, const Pairs& pairs) {
  Tensors out;
  for (const TensorType& type : kernel.node.out) out.emplace_back(type);
  std::vector<const GuardedTensor*> in_pointers;
  std::vector<GuardedTensor*> out_pointers;
  for (GuardedTensor& tensor : in) in_pointers.push_back(&tensor);
  for (GuardedTensor& tensor : out) out_pointers.push_back(&tensor);
  for (const auto& [i, j] : pairs) {
    GuardedTensor& shared = in[static_cast<size_t>(i)];
    if (shared.bytes() != out[static_cast<size_t>(j)].bytes()) {
      return Internal("may_alias says input " + std::to_string(i) + ", " +
                      shared.type().ToString() + ", may be output " + std::to_string(j) + ", " +
                      kernel.node.out[static_cast<size_t>(j)].ToString());
    }
    out_pointers[static_cast<size_t>(j)] = &shared;
  }
  RETURN_IF_ERROR(RunKernel(kernel, in_pointers, out_pointers, SampleStep()));
  for (const auto& [i, j] : pairs) {
    GuardedTensor& to = out[static_cast<size_t>(j)];
    std::memcpy(to.data(), in[static_cast<size_t>(i)].data(), to.bytes());
  }
  return out;
}

Status ExpectRepeats(const MadeKernel& kernel, const Tensors& in, const Tensors& expected) {
  ASSIGN_OR_RETURN(const Tensors out, RunKernel(kernel, in, SampleStep()));
  return ExpectSameBits(out, expected, kernel, "a repeated run gave other bits in output");
}

// Runs a kernel over and over on a thread of its own until it fails or is stopped.
class Neighbour {
 public:
  Neighbour(const MadeKernel& kernel, const Tensors& in, const Tensors& expected)
      : thread_([this, &kernel, &in, &expected] {
          do {
            status_ = ExpectRepeats(kernel, in, expected);
            runs_ += 1;
            runs_.notify_one();
          } while (status_.ok() && !stop_);
        }) {
    runs_.wait(0);
  }
  Status Stop() {
    stop_ = true;
    thread_.join();
    return status_;
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<int64_t> runs_ = 0;
  Status status_;  // of the thread until it is joined
  std::thread thread_;
};

}  // namespace

Status CheckWritesItsOutputs(const OpCase& c, DType precision) {
  const Tensors in = InputsOf(c, precision);
  ASSIGN_OR_RETURN(const std::vector<MadeKernel> kernels, KernelsOf(c, precision));
  for (const MadeKernel& kernel : kernels) {
    const Tensors used = in;
    ASSIGN_OR_RETURN(const Tensors out, RunKernel(kernel, used, SampleStep(), 0xff));
    RETURN_IF_ERROR(ExpectSameBits(used, in, kernel, "changed its input"));
    ASSIGN_OR_RETURN(const Tensors other, RunKernel(kernel, used, SampleStep(), 0x5a));
    RETURN_IF_ERROR(ExpectSameBits(other, out, kernel, "did not write all of output"));
  }
  return OkStatus();
}

Status CheckInPlace(const OpCase& c, DType precision) {
  ASSIGN_OR_RETURN(const std::vector<MadeKernel> kernels, KernelsOf(c, precision));
  return CheckInPlaceOf(c, precision, kernels);
}

Status CheckInPlaceOf(const OpCase& c, DType precision, std::span<const MadeKernel> kernels) {
  const Tensors in = InputsOf(c, precision);
  for (const MadeKernel& kernel : kernels) {
    ASSIGN_OR_RETURN(const Tensors expected, RunKernel(kernel, in, SampleStep()));
    for (const Pairs& pairs : WaysInPlace(kernel)) {
      ASSIGN_OR_RETURN(const Tensors out, RunInPlace(kernel, in, pairs));
      RETURN_IF_ERROR(ExpectSameBits(out, expected, kernel, "in place gave other bits in output"));
    }
  }
  return OkStatus();
}

Status CheckRepeats(const OpCase& c, DType precision) {
  constexpr int kRuns = 100;
  const Tensors in = InputsOf(c, precision);
  Tensors other_in = in;
  for (GuardedTensor& tensor : other_in) {
    if (!IsFloat(tensor.type().dtype)) continue;
    for (int64_t i = 0; i < tensor.elements(); ++i) tensor.Set(i, 0.5 * tensor.At(i));
  }
  ASSIGN_OR_RETURN(const std::vector<MadeKernel> kernels, KernelsOf(c, precision));
  for (const MadeKernel& kernel : kernels) {
    ASSIGN_OR_RETURN(const Tensors expected, RunKernel(kernel, in, SampleStep()));
    ASSIGN_OR_RETURN(const Tensors other_expected, RunKernel(kernel, other_in, SampleStep()));
    Neighbour neighbour(kernel, other_in, other_expected);
    Status status;
    for (int run = 0; run < kRuns && status.ok(); ++run) {
      status = ExpectRepeats(kernel, in, expected);
    }
    const Status neighbours = neighbour.Stop();
    RETURN_IF_ERROR(status);
    RETURN_IF_ERROR(neighbours);
  }
  return OkStatus();
}

Status CheckPrepared(const OpCase& c) {
  const Tensors in = InputsOf(c, DType::kFloat32);
  ASSIGN_OR_RETURN(std::vector<MadeKernel> kernels, KernelsOf(c, DType::kFloat32));
  for (MadeKernel& kernel : kernels) {
    if (kernel.candidate.prepared_input < 0) continue;
    ASSIGN_OR_RETURN(const Tensors expected, RunKernel(kernel, in, SampleStep()));
    kernel.prepared = true;
    ASSIGN_OR_RETURN(const Tensors out, RunKernel(kernel, in, SampleStep()));
    RETURN_IF_ERROR(
        ExpectSameBits(out, expected, kernel, "with a prepared input gave other bits in output"));
  }
  return OkStatus();
}

Status CheckOwnKernelsAgree(const OpCase& c) {
  ASSIGN_OR_RETURN(const NodeSpec node, NodeOf(c, DType::kFloat32));
  ASSIGN_OR_RETURN(const std::vector<MadeKernel> own, MakeOwnKernels(node, c.device));
  if (own.empty()) return OkStatus();
  return ExpectBitsOf(own[0], own, InputsOf(c, DType::kFloat32));
}

Status CheckOwnKernelsAreTheReference(const OpCase& c) {
  ASSIGN_OR_RETURN(const NodeSpec node, NodeOf(c, DType::kFloat32));
  ASSIGN_OR_RETURN(const std::vector<MadeKernel> own, MakeOwnKernels(node, c.device));
  if (own.empty()) return FailedPrecondition(c.op->name + " has no kernel of its own");
  ASSIGN_OR_RETURN(const MadeKernel reference, MakeReferenceKernel(node));
  return ExpectBitsOf(reference, own, InputsOf(c, DType::kFloat32));
}

}  // namespace lockstep::ops
