// SPDX-License-Identifier: Apache-2.0
// Layers as functions: each creates its parameters in the scope it is given and adds its ops.
// Images are N H W C. Default initialisation is PyTorch's: weights and biases U(-1/sqrt(fan_in),
// 1/sqrt(fan_in)), batch norm 1 and 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/nn/net.h"

namespace lockstep::graph {

inline Initializer Constant(double value) { return {Initializer::Kind::kConstant, value}; }
inline Initializer Normal(double std) { return {Initializer::Kind::kNormal, std}; }
// The initializer of a convolution before a ReLU: N(0, 2 / fan_out), fan_out = out x kernel^2 (He
// et al., 2015; PyTorch's kaiming_normal with mode "fan_out").
Initializer HeNormalFanOut(int64_t out, int64_t kernel);

// First values of a layer's weight and bias; absent: the default.
struct LayerInit {
  std::optional<Initializer> weight = {}, bias = {};
};

struct ConvSpec {
  int64_t out = 0;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  LayerInit init = {};
};
// Convolution. Parameters: weight K R S C/groups, bias K.
Value Conv(const Net& n, Value x, const ConvSpec& spec);

struct ConvTransposeSpec {
  int64_t out = 0;
  int64_t kernel = 2;
  int64_t stride = 2;
  int64_t padding = 0;
  int64_t output_padding = 0;  // rows and columns more, below the stride
  bool bias = true;
};
// Transposed convolution: a side H becomes (H - 1) stride - 2 padding + kernel + output_padding.
// Parameters: weight Cin R S out, bias out.
Value ConvTranspose(const Net& n, Value x, const ConvTransposeSpec& spec);

// y = x w^T + b. An image N H W C is read as the vector PyTorch's flatten makes of it (C, H, W
// order): the weight is K H W C in memory and K, C H W in files. Parameters: weight, bias.
Value Linear(const Net& n, Value x, int64_t out, const LayerInit& init = {});

struct BatchNormSpec {
  double eps = 1e-5;
  double momentum = 0.1;
  double gamma = 1.0;  // first value of the scale
};
// Batch normalisation (Ioffe and Szegedy, 2015). Training normalises with the lane's statistics and
// hands them out for the one running state; otherwise the running state is an argument.
Value BatchNorm(const Net& n, Value x, const BatchNormSpec& spec = {});

struct PoolSpec {
  int64_t kernel = 2;
  int64_t stride = 2;
  int64_t padding = 0;
};
Value MaxPool(const Net& n, Value x, const PoolSpec& spec = {});
Value AvgPool(const Net& n, Value x, const PoolSpec& spec = {});
// Mean over H and W: N 1 1 C.
Value GlobalAvgPool(const Net& n, Value x);
// The mean over PyTorch's windows, to N side side C; adds nothing where the image has that size.
Value AdaptiveAvgPool(const Net& n, Value x, int64_t side);

// Resamples to height x width as PyTorch's interpolate; adds nothing where the image has that size.
struct ResizeSpec {
  int64_t height = 0, width = 0;
  std::string mode = "bilinear";  // "bilinear" or "nearest"
  bool align_corners = false;
};
Value Resize(const Net& n, Value x, const ResizeSpec& spec);

Value Add(const Net& n, Value a, Value b);
// Side by side, as channels.
Value Concat(const Net& n, const std::vector<Value>& parts);

Value Relu(const Net& n, Value x);
Value Tanh(const Net& n, Value x);

// Dropout (Srivastava et al., 2014). It is the identity outside training and at p = 0.
Value Dropout(const Net& n, Value x, double p);
// Dropout of whole channels of an image (Tompson et al., 2015).
Value Dropout2d(const Net& n, Value x, double p);

}  // namespace lockstep::graph
