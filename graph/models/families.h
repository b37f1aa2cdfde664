// SPDX-License-Identifier: Apache-2.0
// The model functions, one file for each family. They are reached by name through models.h.
#pragma once

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

}  // namespace lockstep::graph
