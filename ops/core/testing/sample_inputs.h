// SPDX-License-Identifier: Apache-2.0
// The tensors on which an op's samples are run: a pure function of the op's name, the sample's name
// and the precision, the same on every machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ops/core/op.h"
#include "ops/core/testing/guarded_tensor.h"

namespace lockstep::ops {

// A float32 type becomes `precision` (kFloat32 or kFloat64); every other type stays.
TensorType InPrecision(TensorType type, DType precision);

std::vector<TensorType> SampleTypes(const Sample& sample, DType precision);
// Inputs of a sample. In float32 they are those of float64, rounded.
std::vector<GuardedTensor> MakeSampleInputs(std::string_view op, const Sample& sample,
                                            DType precision);

// Standard normal numbers for a gradient that flows into an output.
GuardedTensor MakeSampleGradient(std::string_view op, const Sample& sample, size_t output,
                                 const TensorType& type);

// What random ops see in every test: a step header and the scope path of the node.
const StepHeader& SampleStep();
std::string SamplePath(std::string_view op, const Sample& sample);

}  // namespace lockstep::ops
