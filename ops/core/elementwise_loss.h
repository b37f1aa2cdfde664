// SPDX-License-Identifier: Apache-2.0
// What losses have in common that compare each number of a prediction with one of a target:
//
//   numerator   = sum of loss(x_i, t_i) over all elements, in order, in double, f64 []
//   denominator = number of elements, f64 []
//
// x and t are floats of one shape. NAME_grad (x, t, dnumerator) -> dx = slope(x_i, t_i) dnumerator.
// The target is a constant to the gradient.
//
// A folder says the rest in a struct, and RegisterElementwiseLoss adds its two ops:
//
//   struct Mse {
//     using Options = NoAttrs;
//     static constexpr char kName[] = "mse", kGradName[] = "mse_grad";
//     static double Loss(const Options&, double x, double t);
//     static double Slope(const Options&, double x, double t);  // d Loss / d x
//   };
//
// Where they also depend on the place in the last dimension, both take it behind t, and
// Status CheckColumns(const Options&, int64_t columns) says whether the options fit so many.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/options/option.h"
#include "ops/core/expect.h"
#include "ops/core/loss.h"
#include "ops/core/registry.h"

namespace lockstep::ops {

// Kinds of targets (ops/core/loss.h): of labels f (N, classes), 0 or 1, and of numbers f (N, n).
// The prediction has the same shape.
inline constexpr char kLabelsTarget[] = "labels";
inline constexpr char kNumbersTarget[] = "numbers";

template <typename R>
struct ElementwiseLoss {
  using A = typename R::Options;

  static constexpr bool kByColumn = requires(const A& attrs) {
    R::Loss(attrs, 0.0, 0.0, int64_t{0});
  };

  static double LossOf(const A& attrs, double x, double t, int64_t column) {
    if constexpr (kByColumn) return R::Loss(attrs, x, t, column);
    if constexpr (!kByColumn) return R::Loss(attrs, x, t);
  }
  static double SlopeOf(const A& attrs, double x, double t, int64_t column) {
    if constexpr (kByColumn) return R::Slope(attrs, x, t, column);
    if constexpr (!kByColumn) return R::Slope(attrs, x, t);
  }
  // Of the last dimension; at least 1, so that it divides.
  static int64_t Columns(const Shape& shape) {
    return shape.rank() == 0 ? 1 : std::max<int64_t>(1, shape.dims().back());
  }

  static Result<TensorTypes> InferBoth(const A& attrs, std::span<const TensorType> in) {
    RETURN_IF_ERROR(CheckOptions(attrs, R::kName));
    RETURN_IF_ERROR(ExpectFloat(in[0], "the prediction"));
    RETURN_IF_ERROR(ExpectSame(in[0], in[1], "the prediction and the target"));
    if constexpr (kByColumn) RETURN_IF_ERROR(R::CheckColumns(attrs, Columns(in[0].shape)));
    return TensorTypes{in[0]};
  }
  static Result<TensorTypes> Infer(const A& attrs, std::span<const TensorType> in) {
    RETURN_IF_ERROR(ExpectInputs(in, 2));
    RETURN_IF_ERROR(InferBoth(attrs, in).status());
    return TensorTypes{{DType::kFloat64, {}}, {DType::kFloat64, {}}};
  }
  static Result<TensorTypes> InferGrad(const A& attrs, std::span<const TensorType> in) {
    RETURN_IF_ERROR(ExpectInputs(in, 3));
    RETURN_IF_ERROR(ExpectScalar(in[2], DType::kFloat64, "dnumerator"));
    return InferBoth(attrs, in);
  }
  static std::vector<Value> Grad(const A& attrs, const GradArgs& g) {
    if (!g.want[0]) return {Value(), Value()};
    return {g.emit->Emit1(R::kGradName, Pack(attrs), {g.in[0], g.in[1], g.dout[0]}), Value()};
  }

  template <typename T>
  static void Reference(const A& attrs, const ReferenceArgs& args) {
    const int64_t n = args.in_shape(0).elements(), columns = Columns(args.in_shape(0));
    const T *x = args.in<T>(0), *t = args.in<T>(1);
    double numerator = 0.0;
    for (int64_t i = 0; i < n; ++i) {
      numerator += LossOf(attrs, static_cast<double>(x[i]), static_cast<double>(t[i]), i % columns);
    }
    *args.out<double>(0) = numerator;
    *args.out<double>(1) = static_cast<double>(n);
  }
  template <typename T>
  static void ReferenceGrad(const A& attrs, const ReferenceArgs& args) {
    const int64_t n = args.in_shape(0).elements(), columns = Columns(args.in_shape(0));
    const T *x = args.in<T>(0), *t = args.in<T>(1);
    const double dnumerator = *args.in<double>(2);
    for (int64_t i = 0; i < n; ++i) {
      const double slope =
          SlopeOf(attrs, static_cast<double>(x[i]), static_cast<double>(t[i]), i % columns);
      args.out<T>(0)[i] = static_cast<T>(slope * dnumerator);
    }
  }

  template <int64_t kFlops>
  static Cost CostOf(const A&, const NodeSpec& node) {
    return {kFlops * node.in[0].shape.elements(), BytesMoved(node)};
  }

  static LossPair Build(Emitter* e, Value prediction, Value target, const A& options, bool) {
    const Value in[] = {prediction, target};
    const std::vector<Value> out = e->Emit(R::kName, Pack(options), in);
    return {out[0], out[1]};
  }
};

// A sample of such an op: a prediction, and a target filled with `fill`.
template <typename A>
Sample ElementwiseLossSample(std::string name, const A& attrs, const Shape& shape, Fill fill) {
  return {std::move(name),
          Pack(attrs),
          {{{DType::kFloat32, shape}}, {{DType::kFloat32, shape}, fill, 0, false}}};
}

template <typename R>
void RegisterElementwiseLoss(OpRegistry& registry, const std::vector<Sample>& samples) {
  using L = ElementwiseLoss<R>;
  std::vector<Sample> grad_samples = samples;
  for (Sample& sample : grad_samples) sample.in.push_back({{DType::kFloat64, {}}});
  registry.Add<typename R::Options>({.name = R::kName,
                                     .infer = L::Infer,
                                     .reference_f32 = L::template Reference<float>,
                                     .reference_f64 = L::template Reference<double>,
                                     .grad = L::Grad,
                                     .detached_outputs = {1},
                                     .cost = L::template CostOf<4>,
                                     .samples = samples});
  registry.Add<typename R::Options>({.name = R::kGradName,
                                     .infer = L::InferGrad,
                                     .reference_f32 = L::template ReferenceGrad<float>,
                                     .reference_f64 = L::template ReferenceGrad<double>,
                                     .may_alias = {{0, 0}, {1, 0}},
                                     .cost = L::template CostOf<3>,
                                     .samples = std::move(grad_samples)});
}

}  // namespace lockstep::ops
