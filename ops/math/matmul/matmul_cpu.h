// SPDX-License-Identifier: Apache-2.0
// Reference kernels, over float and double, and the shape rule.
#pragma once

#include "ops/core/op.h"
#include "ops/math/matmul/matmul.h"

namespace lockstep::ops::matmul {

template <typename T>
void Reference(const MatMulAttrs&, const ReferenceArgs& args);

// Bytes of scratch for the packed b and the offset tables.
int64_t Workspace(const MatMulAttrs&, const NodeSpec& node);

// The shape rule (a, b) -> y, which the fused form extends.
Result<TensorTypes> InferProduct(const MatMulAttrs& attrs, std::span<const TensorType> in);

}  // namespace lockstep::ops::matmul
