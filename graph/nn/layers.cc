// SPDX-License-Identifier: Apache-2.0
#include "graph/nn/layers.h"

#include "base/math.h"
#include "ops/math/add/add.h"
#include "ops/math/bias_add/bias_add.h"
#include "ops/math/concat/concat.h"
#include "ops/math/matmul/matmul.h"
#include "ops/math/reshape/reshape.h"
#include "ops/nn/adaptive_avg_pool2d/adaptive_avg_pool2d.h"
#include "ops/nn/avg_pool2d/avg_pool2d.h"
#include "ops/nn/conv2d/conv2d.h"
#include "ops/nn/dropout/dropout.h"
#include "ops/nn/dropout2d/dropout2d.h"
#include "ops/nn/max_pool2d/max_pool2d.h"
#include "ops/nn/relu/relu.h"
#include "ops/nn/resize2d/resize2d.h"
#include "ops/nn/tanh/tanh.h"
#include "ops/norm/batch_norm/batch_norm.h"

namespace lockstep::graph {
namespace {

// U(-b, b) with b = 1 / sqrt(fan_in): PyTorch's default for convolutions and linear layers
// (kaiming_uniform with a = sqrt(5); He et al., 2015).
Initializer FanIn(int64_t fan_in) {
  return {Initializer::Kind::kUniform, 1.0 / math::Sqrt(static_cast<double>(fan_in))};
}

// Whether x is an image batch; fails the build otherwise.
bool IsImage(const Net& n, Value x) {
  if (!n.ok()) return false;
  if (n.TypeOf(x).shape.rank() == 4) return true;
  n.Fail("its input is " + n.TypeOf(x).ToString() + "; expected images N H W C");
  return false;
}

}  // namespace

Initializer HeNormalFanOut(int64_t out, int64_t kernel) {
  const double fan_out = static_cast<double>(out * kernel * kernel);
  return Normal(math::Sqrt(2.0) / math::Sqrt(fan_out));
}

Value Conv(const Net& n, Value x, const ConvSpec& spec) {
  if (!IsImage(n, x)) return {};
  const int64_t channels = n.TypeOf(x).shape[3];
  if (spec.groups < 1 || channels % spec.groups != 0 || spec.out % spec.groups != 0) {
    n.Fail(std::to_string(spec.groups) + " groups do not divide " + std::to_string(channels) +
           " input and " + std::to_string(spec.out) + " output channels");
    return {};
  }
  const int64_t c = channels / spec.groups;
  const Initializer init = FanIn(spec.kernel * spec.kernel * c);
  const Value w =
      n.Param("weight", {spec.out, spec.kernel, spec.kernel, c}, spec.init.weight.value_or(init),
              {spec.out, c, spec.kernel, spec.kernel}, {0, 3, 1, 2});
  if (!n.ok()) return {};
  const Value y = ops::Conv2d(n.Emit(), x, w,
                              {.stride_h = spec.stride,
                               .stride_w = spec.stride,
                               .padding_h = spec.padding,
                               .padding_w = spec.padding,
                               .dilation_h = spec.dilation,
                               .dilation_w = spec.dilation,
                               .groups = spec.groups});
  if (!spec.bias) return y;
  const Value b = n.Param("bias", {spec.out}, spec.init.bias.value_or(init));
  return n.ok() ? ops::BiasAdd(n.Emit(), y, b) : Value{};
}

Value ConvTranspose(const Net& n, Value x, const ConvTransposeSpec& spec) {
  if (!IsImage(n, x)) return {};
  const int64_t channels = n.TypeOf(x).shape[3], k = spec.kernel;
  // PyTorch takes the second axis of the weight, the outputs, for the inputs.
  const Initializer init = FanIn(k * k * spec.out);
  const Value w =
      n.Param("weight", {channels, k, k, spec.out}, init, {channels, spec.out, k, k}, {0, 3, 1, 2});
  if (!n.ok()) return {};
  const Value y = ops::ConvTranspose2d(n.Emit(), x, w,
                                       {.stride_h = spec.stride,
                                        .stride_w = spec.stride,
                                        .padding_h = spec.padding,
                                        .padding_w = spec.padding},
                                       spec.output_padding);
  if (!spec.bias) return y;
  const Value b = n.Param("bias", {spec.out}, init);
  return n.ok() ? ops::BiasAdd(n.Emit(), y, b) : Value{};
}

Value Linear(const Net& n, Value x, int64_t out, const LayerInit& init) {
  if (!n.ok()) return {};
  const Shape in = n.TypeOf(x).shape;
  if (in.rank() != 2 && in.rank() != 4) {
    n.Fail("its input is " + n.TypeOf(x).ToString() + "; expected N C or N H W C");
    return {};
  }
  const int64_t features = in.rank() == 2 ? in[1] : in[1] * in[2] * in[3];
  const Initializer weight = init.weight.value_or(FanIn(features));
  const Value w = in.rank() == 2 ? n.Param("weight", {out, features}, weight)
                                 : n.Param("weight", {out, in[1], in[2], in[3]}, weight,
                                           {out, features}, {0, 3, 1, 2});
  const Value b = n.Param("bias", {out}, init.bias.value_or(FanIn(features)));
  if (!n.ok()) return {};
  if (in.rank() == 4) x = ops::Reshape(n.Emit(), x, {in[0], features});
  return ops::BiasAdd(n.Emit(), ops::MatMul(n.Emit(), x, w, false, true), b);
}

Value BatchNorm(const Net& n, Value x, const BatchNormSpec& spec) {
  if (!IsImage(n, x)) return {};
  const Shape shape = n.TypeOf(x).shape;
  const int64_t channels = shape[3];
  const Value gamma = n.NormParam("weight", channels, spec.gamma);
  const Value beta = n.NormParam("bias", channels, 0.0);
  if (!n.ok()) return {};
  n.NoteNorm(channels, shape[1] * shape[2], spec.momentum);
  if (n.norm_learns()) {
    const ops::BatchNormOut out = ops::BatchNormTrain(n.Emit(), x, gamma, beta, spec.eps);
    n.parts()->batch_means.push_back(out.mean);
    n.parts()->batch_variances.push_back(out.var);
    return out.y;
  }
  const TensorType type{n.precision(), {channels}};
  const Value mean = n.State(".running_mean", type), var = n.State(".running_var", type);
  return ops::BatchNormInfer(n.Emit(), x, gamma, beta, mean, var, spec.eps);
}

Value MaxPool(const Net& n, Value x, const PoolSpec& spec) {
  if (!IsImage(n, x)) return {};
  return ops::MaxPool2d(n.Emit(), x,
                        {.kernel_h = spec.kernel,
                         .kernel_w = spec.kernel,
                         .stride_h = spec.stride,
                         .stride_w = spec.stride,
                         .padding_h = spec.padding,
                         .padding_w = spec.padding});
}

Value AvgPool(const Net& n, Value x, const PoolSpec& spec) {
  if (!IsImage(n, x)) return {};
  return ops::AvgPool2d(n.Emit(), x,
                        {.kernel_h = spec.kernel,
                         .kernel_w = spec.kernel,
                         .stride_h = spec.stride,
                         .stride_w = spec.stride,
                         .padding_h = spec.padding,
                         .padding_w = spec.padding});
}

Value GlobalAvgPool(const Net& n, Value x) {
  return IsImage(n, x) ? ops::GlobalAvgPool(n.Emit(), x) : Value{};
}

Value AdaptiveAvgPool(const Net& n, Value x, int64_t side) {
  if (!IsImage(n, x)) return {};
  const Shape& shape = n.TypeOf(x).shape;
  if (shape[1] == side && shape[2] == side) return x;
  return ops::AdaptiveAvgPool2d(n.Emit(), x, side, side);
}

Value Resize(const Net& n, Value x, const ResizeSpec& spec) {
  if (!IsImage(n, x)) return {};
  const Shape& shape = n.TypeOf(x).shape;
  if (shape[1] == spec.height && shape[2] == spec.width) return x;
  return ops::Resize2d(n.Emit(), x, {spec.height, spec.width, spec.mode, spec.align_corners});
}

Value Concat(const Net& n, const std::vector<Value>& parts) {
  return n.ok() ? ops::Concat(n.Emit(), parts) : Value{};
}

Value Add(const Net& n, Value a, Value b) { return n.ok() ? ops::Add(n.Emit(), a, b) : Value{}; }

Value Relu(const Net& n, Value x) { return n.ok() ? ops::Relu(n.Emit(), x) : Value{}; }
Value Tanh(const Net& n, Value x) { return n.ok() ? ops::Tanh(n.Emit(), x) : Value{}; }

Value Dropout(const Net& n, Value x, double p) {
  if (!n.ok() || !n.training() || p == 0.0) return x;
  return ops::Dropout(n.EmitRandom(), x, p);
}

Value Dropout2d(const Net& n, Value x, double p) {
  if (!n.ok() || !n.training() || p == 0.0) return x;
  return ops::Dropout2d(n.EmitRandom(), x, p);
}

}  // namespace lockstep::graph
