// SPDX-License-Identifier: Apache-2.0
// What dropout and dropout2d have in common. They differ in what is dropped, and so in the shape of
// the mask.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "ops/core/expect.h"
#include "ops/core/op.h"

namespace lockstep::ops {

struct DropoutKind {
  const char* dropped;                                        // "an element"
  Status (*check)(const TensorType&, std::string_view what);  // of x, which are floats; null: any
  Shape (*mask)(const Shape& x);                              // shape of the mask
};

inline Status CheckDropout(const DropoutKind& kind, double p, const TensorType& type,
                           std::string_view what) {
  if (!(p >= 0.0 && p < 1.0)) {
    return InvalidArgument(std::string("p, the probability of dropping ") + kind.dropped + ", is " +
                           std::to_string(p) + "; expected 0 <= p < 1");
  }
  RETURN_IF_ERROR(ExpectFloat(type, what));
  return kind.check == nullptr ? OkStatus() : kind.check(type, what);
}

// x -> y, mask.
inline Result<TensorTypes> InferDropout(const DropoutKind& kind, double p,
                                        std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(CheckDropout(kind, p, in[0], "x"));
  return TensorTypes{in[0], {DType::kUInt8, kind.mask(in[0].shape)}};
}

// (dy, mask) -> dx.
inline Result<TensorTypes> InferDropoutGrad(const DropoutKind& kind, double p,
                                            std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 2));
  RETURN_IF_ERROR(CheckDropout(kind, p, in[0], "dy"));
  RETURN_IF_ERROR(ExpectDType(in[1], DType::kUInt8, "mask"));
  RETURN_IF_ERROR(ExpectShape(in[1], kind.mask(in[0].shape), "mask"));
  return TensorTypes{in[0]};
}

inline Sample DropoutSample(std::string name, Attrs attrs, const Shape& x) {
  return {std::move(name), std::move(attrs), {{{DType::kFloat32, x}}}};
}

inline Sample DropoutGradSample(const DropoutKind& kind, std::string name, Attrs attrs,
                                const Shape& x) {
  return {std::move(name),
          std::move(attrs),
          {{{DType::kFloat32, x}}, {{DType::kUInt8, kind.mask(x)}, Fill::kUnitMask, 0, false}}};
}

}  // namespace lockstep::ops
