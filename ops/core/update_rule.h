// SPDX-License-Identifier: Apache-2.0
// What the ops of optimizers have in common (ops/core/optimizer.h): their shape rule and samples.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/options/option.h"
#include "ops/core/expect.h"
#include "ops/core/op.h"
#include "ops/core/sample.h"

namespace lockstep::ops {

// (param, grad, slots, lr, grad_scale, scalars): vectors of one length and type, then scalars of
// that type.
template <typename A>
Status CheckUpdateInputs(const A& attrs, const char* op,
                         std::initializer_list<std::string_view> slots,
                         std::initializer_list<std::string_view> scalars,
                         std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 4 + slots.size() + scalars.size()));
  RETURN_IF_ERROR(CheckOptions(attrs, op));
  RETURN_IF_ERROR(ExpectFloat(in[0], "param"));
  RETURN_IF_ERROR(ExpectRank(in[0], 1, "param"));
  RETURN_IF_ERROR(ExpectSame(in[0], in[1], "param and grad"));
  size_t next = 2;
  for (const std::string_view slot : slots) {
    RETURN_IF_ERROR(ExpectSame(in[0], in[next++], "param and " + std::string(slot)));
  }
  RETURN_IF_ERROR(ExpectScalar(in[next++], in[0].dtype, "lr"));
  RETURN_IF_ERROR(ExpectScalar(in[next++], in[0].dtype, "grad_scale"));
  for (const std::string_view scalar : scalars) {
    RETURN_IF_ERROR(ExpectScalar(in[next++], in[0].dtype, scalar));
  }
  return OkStatus();
}

// The shape rule of an update: param', the slots'.
template <typename A>
Result<TensorTypes> InferUpdate(const A& attrs, const char* op,
                                std::initializer_list<std::string_view> slots,
                                std::initializer_list<std::string_view> scalars,
                                std::span<const TensorType> in) {
  RETURN_IF_ERROR(CheckUpdateInputs(attrs, op, slots, scalars, in));
  return TensorTypes(1 + slots.size(), in[0]);
}

// A block of n parameters. Slots are filled as `slots` says; scalars are positive.
template <typename A>
Sample UpdateSample(std::string name, const A& attrs, int64_t n, std::initializer_list<Fill> slots,
                    size_t scalars) {
  const SampleInput scalar = {{DType::kFloat32, {}}, Fill::kPositive};
  Sample sample{std::move(name), Pack(attrs), {}};
  sample.in.assign(2, {{DType::kFloat32, {n}}});
  for (const enum Fill fill : slots) sample.in.push_back({{DType::kFloat32, {n}}, fill});
  sample.in.insert(sample.in.end(), 2 + scalars, scalar);
  return sample;
}

}  // namespace lockstep::ops
