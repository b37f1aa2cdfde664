// SPDX-License-Identifier: Apache-2.0
// Checks that shape rules share. Each failure says which tensor, what it is and what was expected.
#pragma once

#include <span>
#include <string_view>

#include "base/shape.h"
#include "base/status.h"

namespace lockstep::ops {

Status ExpectInputs(std::span<const TensorType> in, size_t count);
Status ExpectFloat(const TensorType& type, std::string_view what);
Status ExpectDType(const TensorType& type, DType dtype, std::string_view what);
Status ExpectRank(const TensorType& type, int64_t rank, std::string_view what);
Status ExpectShape(const TensorType& type, const Shape& shape, std::string_view what);
// Whether a tensor of this type can exist: no negative dimension, below 2^62 bytes.
Status ExpectSize(const TensorType& type, std::string_view what);
// A scalar (shape []) of the given dtype.
Status ExpectScalar(const TensorType& type, DType dtype, std::string_view what);
Status ExpectSame(const TensorType& a, const TensorType& b, std::string_view what);

}  // namespace lockstep::ops
