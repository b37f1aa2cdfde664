// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/accuracy_check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "base/math.h"
#include "ops/core/testing/kernel_run.h"
#include "ops/core/testing/sample_inputs.h"

namespace lockstep::ops {
namespace {

using Tensors = std::vector<GuardedTensor>;
using PerElement = std::vector<std::vector<double>>;  // [output][element]

constexpr double kRelativeStep = 1e-6;

Result<NodeSpec> NodeOf(const OpCase& c, DType precision) {
  return MakeNode(*c.op, c.sample->attrs, SampleTypes(*c.sample, precision),
                  SamplePath(c.op->name, *c.sample));
}

// sum over the elements x_i of one input of |x_i dy/dx_i|, added to `sums`.
Status AddSensitivity(const MadeKernel& reference, GuardedTensor* x, const Tensors& in,
                      PerElement* sums) {
  for (int64_t i = 0; i < x->elements(); ++i) {
    const double value = x->At(i);
    x->Set(i, value * (1 + kRelativeStep));
    ASSIGN_OR_RETURN(const Tensors above, RunKernel(reference, in, SampleStep()));
    x->Set(i, value * (1 - kRelativeStep));
    ASSIGN_OR_RETURN(const Tensors below, RunKernel(reference, in, SampleStep()));
    x->Set(i, value);
    for (size_t j = 0; j < sums->size(); ++j) {
      std::vector<double>& sum = (*sums)[j];
      for (size_t k = 0; k < sum.size(); ++k) {
        const int64_t element = static_cast<int64_t>(k);
        const double difference = above[j].At(element) - below[j].At(element);
        sum[k] += std::fabs(difference) / (2 * kRelativeStep);
      }
    }
  }
  return OkStatus();
}

// The magnitude of every output element.
Result<PerElement> Magnitudes(const MadeKernel& reference, Tensors in, const Tensors& out) {
  PerElement largest;
  for (const GuardedTensor& y : out) {
    largest.push_back(y.Values());
    for (double& value : largest.back()) value = std::fabs(value);
  }
  for (GuardedTensor& x : in) {
    if (!IsFloat(x.type().dtype)) continue;
    PerElement sums;
    for (const auto& of_output : largest) sums.emplace_back(of_output.size(), 0.0);
    RETURN_IF_ERROR(AddSensitivity(reference, &x, in, &sums));
    for (size_t j = 0; j < sums.size(); ++j) {
      for (size_t k = 0; k < sums[j].size(); ++k) {
        largest[j][k] = std::max(largest[j][k], sums[j][k]);
      }
    }
  }
  return largest;
}

// What an error may be, as a multiple of the magnitude.
double Factor(const NodeSpec& node, const TensorType& out) {
  if (!IsFloat(out.dtype)) return 0;
  const double epsilon = out.dtype == DType::kFloat32 ? std::numeric_limits<float>::epsilon()
                                                      : std::numeric_limits<double>::epsilon();
  const double elements = static_cast<double>(std::max<int64_t>(1, out.shape.elements()));
  const double terms = static_cast<double>(node.op->cost(node).flops) / elements / 2;
  return 4 * epsilon * math::Sqrt(std::max(1.0, terms));
}

Status Compare(const MadeKernel& kernel, size_t output, const GuardedTensor& got,
               const GuardedTensor& expected, const std::vector<double>& magnitude) {
  const double factor = Factor(kernel.node, got.type());
  for (int64_t k = 0; k < got.elements(); ++k) {
    const double bound = factor * magnitude[static_cast<size_t>(k)];
    if (std::fabs(got.At(k) - expected.At(k)) <= bound) continue;
    std::ostringstream message;
    message.precision(17);
    message << "kernel " << kernel.name() << ": element " << k << " of output " << output << " is "
            << got.At(k) << "; expected " << expected.At(k) << " within " << bound;
    return Internal(message.str());
  }
  return OkStatus();
}

}  // namespace

Status CheckFloatAccuracy(const OpCase& c) {
  ASSIGN_OR_RETURN(const NodeSpec node, NodeOf(c, DType::kFloat32));
  ASSIGN_OR_RETURN(const std::vector<MadeKernel> kernels, MakeCpuKernels(node, c.device));
  return CheckFloatAccuracyOf(c, kernels);
}

Status CheckFloatAccuracyOf(const OpCase& c, std::span<const MadeKernel> kernels) {
  const Tensors in = MakeSampleInputs(c.op->name, *c.sample, DType::kFloat32);
  const std::vector<TensorType> wide_types = SampleTypes(*c.sample, DType::kFloat64);
  Tensors wide;
  for (size_t i = 0; i < in.size(); ++i) wide.push_back(Converted(in[i], wide_types[i].dtype));
  ASSIGN_OR_RETURN(const NodeSpec wide_node, NodeOf(c, DType::kFloat64));
  ASSIGN_OR_RETURN(const MadeKernel reference, MakeReferenceKernel(wide_node));
  ASSIGN_OR_RETURN(const Tensors expected, RunKernel(reference, wide, SampleStep()));
  ASSIGN_OR_RETURN(const PerElement magnitudes, Magnitudes(reference, wide, expected));
  for (const MadeKernel& kernel : kernels) {
    ASSIGN_OR_RETURN(const Tensors out, RunKernel(kernel, in, SampleStep()));
    for (size_t j = 0; j < out.size(); ++j) {
      RETURN_IF_ERROR(Compare(kernel, j, out[j], expected[j], magnitudes[j]));
    }
  }
  return OkStatus();
}

}  // namespace lockstep::ops
