// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double, and the checks that shape rules share.
#pragma once

#include "ops/core/op.h"
#include "ops/norm/batch_norm/batch_norm.h"

namespace lockstep::ops::batch_norm {

template <typename T>
void ReferenceTrain(const BatchNormAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceGrad(const NoAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceReluGrad(const NoAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceInfer(const BatchNormAttrs&, const ReferenceArgs& args);
template <typename T>
void ReferenceInferGrad(const BatchNormAttrs&, const ReferenceArgs& args);

// Bytes of scratch for two sums per channel, in double.
int64_t WorkspaceTrain(const BatchNormAttrs&, const NodeSpec& node);
int64_t WorkspaceGrad(const NoAttrs&, const NodeSpec& node);

// x (..., C) and, from in[1] on, the named per-channel tensors (C) of its type.
Status ExpectChannels(std::span<const TensorType> in, std::span<const std::string_view> names);
Status ExpectPositiveEps(double eps);

// The gradients of x, gamma, beta and both statistics, of an op whose first inputs are those of
// batch_norm_infer; invalid where they are not wanted. `dy`: what flows into the normalised x.
std::vector<Value> BatchNormInferGrad(double eps, const GradArgs& g, Value dy);

}  // namespace lockstep::ops::batch_norm
