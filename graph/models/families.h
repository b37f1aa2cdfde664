// SPDX-License-Identifier: Apache-2.0
// The model functions, one file for each family. They are reached by name through models.h.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/options/option.h"
#include "graph/models/models.h"

namespace lockstep::graph {

// Models of one dropout: alexnet, vgg, mlp-784-400-400-10.
struct DropoutOptions {
  double dropout = 0.5;

  template <typename V>
  void Visit(V&& v) {
    v("dropout", dropout, Says("probability of dropping").Within(kBelowOne));
  }
};

// lenet.cc
struct LeNetOptions {
  std::string activation = "tanh";
  std::string pool = "avg";

  template <typename V>
  void Visit(V&& v) {
    v("activation", activation, Says("activation of every layer").OneOf({"tanh", "relu"}));
    v("pool", pool, Says("pooling").OneOf({"avg", "max"}));
  }
};
Value LeNet5(const Net& n, Value x, int64_t classes, const LeNetOptions& options);

// mlp.cc
Value Mlp128x64(const Net& n, Value x, int64_t classes, const NoAttrs& options);
Value Mlp400x400(const Net& n, Value x, int64_t classes, const DropoutOptions& options);

// convnet.cc
struct ConvNetBnOptions {
  double dropout = 0.25;

  template <typename V>
  void Visit(V&& v) {
    v("dropout", dropout, Says("probability of dropping").Within(kBelowOne));
  }
};
struct MyCnnOptions {
  double dropout = -1.0;

  template <typename V>
  void Visit(V&& v) {
    v("dropout", dropout,
      Says("probability of dropping a channel and an input of the last layer; -1: 0.2 of the "
           "channels and 0.5 of the inputs")
          .Within(kBelowOne)
          .Or(-1.0));
  }
};
Value ConvNetBn(const Net& n, Value x, int64_t classes, const ConvNetBnOptions& options);
Value SimpleCnn(const Net& n, Value x, int64_t classes, const NoAttrs& options);
Value MyCnn(const Net& n, Value x, int64_t classes, const MyCnnOptions& options);

// alexnet.cc
Value AlexNet(const Net& n, Value x, int64_t classes, const DropoutOptions& options);

// vgg.cc
Value Vgg11(const Net& n, Value x, int64_t classes, const DropoutOptions& options);
Value Vgg13(const Net& n, Value x, int64_t classes, const DropoutOptions& options);
Value Vgg16(const Net& n, Value x, int64_t classes, const DropoutOptions& options);
Value Vgg19(const Net& n, Value x, int64_t classes, const DropoutOptions& options);
Value Vgg11Bn(const Net& n, Value x, int64_t classes, const DropoutOptions& options);
Value Vgg13Bn(const Net& n, Value x, int64_t classes, const DropoutOptions& options);
Value Vgg16Bn(const Net& n, Value x, int64_t classes, const DropoutOptions& options);
Value Vgg19Bn(const Net& n, Value x, int64_t classes, const DropoutOptions& options);

// resnet.cc
struct ResNetOptions {
  std::string stem = "imagenet";
  bool zero_init_residual = false;

  template <typename V>
  void Visit(V&& v) {
    v("stem", stem,
      Says("first layers; cifar: a 3x3 convolution without stride or pooling, for small images")
          .OneOf({"imagenet", "cifar"}));
    v("zero_init_residual", zero_init_residual,
      Says("the last norm of each residual branch starts with scale 0"));
  }
};
Value ResNet18(const Net& n, Value x, int64_t classes, const ResNetOptions& options);
Value ResNet34(const Net& n, Value x, int64_t classes, const ResNetOptions& options);
Value ResNet50(const Net& n, Value x, int64_t classes, const ResNetOptions& options);
Value ResNet101(const Net& n, Value x, int64_t classes, const ResNetOptions& options);
Value ResNet152(const Net& n, Value x, int64_t classes, const ResNetOptions& options);
// What the stages layer1 to layer4 of a residual network give, of 1/4 to 1/32 of the image's sides.
using ResNetStages = std::array<Value, 4>;
// The name of the method that gives them: from "image" to "layer1", ..., "layer4".
inline constexpr std::string_view kFeatures = "features";
// The name of the method that finds one thing in an image: from "image" to "out", the logits of its
// class, and "box" (N, 4), the corners x1 y1 x2 y2 of its box as shares of the image's sides. Both
// are linear layers, "fc" and "box", behind the pooled features.
inline constexpr std::string_view kLocalise = "localise";
Values ResNetLocalise(const Net& n, Value x, int64_t classes, int64_t depth,
                      const ResNetOptions& options);
// The backbone, without the last layer, which is also the method "features" of each ResNet. depth:
// 18, 34, 50, 101 or 152. `dilated`, for segmenters, of bottlenecks alone (from 50 on): layer3 and
// layer4 are dilated in place of a stride, so that they keep 1/8 of the sides.
ResNetStages ResNetBackbone(const Net& n, Value x, int64_t depth, const ResNetOptions& options,
                            bool dilated);

// Segmenters take "image" (N, H, W, C) and give "out", logits (N, H, W, classes). With an auxiliary
// head they also give, in training, "aux", logits as large, and "aux_weight", f64 [], the factor of
// their loss.

// fcn.cc, deeplab.cc
struct SegmenterOptions {
  double aux_weight = 0.5;
  double dropout = -1.0;

  template <typename V>
  void Visit(V&& v) {
    v("aux_weight", aux_weight,
      Says("factor of the loss of a second head at layer3, in training; 0: no such head")
          .Within(kNotNegative));
    v("dropout", dropout,
      Says("probability of dropping before the last layers; -1: 0.1 in heads, and 0.5 after an "
           "atrous pyramid")
          .Within(kBelowOne)
          .Or(-1.0));
  }
};
Values FcnResNet50(const Net& n, Value x, int64_t classes, const SegmenterOptions& options);
Values FcnResNet101(const Net& n, Value x, int64_t classes, const SegmenterOptions& options);
Values DeepLabV3ResNet50(const Net& n, Value x, int64_t classes, const SegmenterOptions& options);
// The head of a fully convolutional network, which is also the auxiliary head of others; its logits
// are as small as x.
Value FcnHead(const Net& n, Value x, int64_t classes, double dropout);
// "out" resized to the size of the image, and where the options say so the auxiliary head on
// `layer3`.
Values WithAuxiliary(const Net& n, Value image, Value out, Value layer3, int64_t classes,
                     const SegmenterOptions& options);

// unet.cc
struct UNetOptions {
  int64_t width = 64;
  int64_t depth = 4;
  std::string norm = "batch";
  std::string upsample = "transposed";

  template <typename V>
  void Visit(V&& v) {
    v("width", width,
      Says("channels of the first level; each level below has twice as many")
          .Within({.low = 1, .high = 1024}));
    v("depth", depth, Says("how often the sides are halved").Within({.low = 1, .high = 6}));
    v("norm", norm, Says("what normalises after a convolution").OneOf({"batch", "none"}));
    v("upsample", upsample,
      Says("how sides are doubled: a transposed convolution, or resizing; with resizing the lowest "
           "level has half the channels")
          .OneOf({"transposed", "bilinear", "nearest"}));
  }
};
Values UNet(const Net& n, Value x, int64_t classes, const UNetOptions& options);
Values MiniUNet(const Net& n, Value x, int64_t classes, const NoAttrs& options);

}  // namespace lockstep::graph
