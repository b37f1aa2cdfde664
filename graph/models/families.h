// SPDX-License-Identifier: Apache-2.0
// The model functions, one file for each family. They are reached by name through models.h.
#pragma once

#include "graph/models/models.h"

namespace lockstep::graph {

// lenet.cc
Value LeNet5(const Net& n, Value x, const ModelOptions& options);
// mlp.cc
Value Mlp128x64(const Net& n, Value x, const ModelOptions& options);
Value Mlp400x400(const Net& n, Value x, const ModelOptions& options);
// convnet.cc
Value ConvNetBn(const Net& n, Value x, const ModelOptions& options);
Value SimpleCnn(const Net& n, Value x, const ModelOptions& options);
Value MyCnn(const Net& n, Value x, const ModelOptions& options);
// alexnet.cc
Value AlexNet(const Net& n, Value x, const ModelOptions& options);
// vgg.cc
Value Vgg11(const Net& n, Value x, const ModelOptions& options);
Value Vgg13(const Net& n, Value x, const ModelOptions& options);
Value Vgg16(const Net& n, Value x, const ModelOptions& options);
Value Vgg19(const Net& n, Value x, const ModelOptions& options);
Value Vgg11Bn(const Net& n, Value x, const ModelOptions& options);
Value Vgg13Bn(const Net& n, Value x, const ModelOptions& options);
Value Vgg16Bn(const Net& n, Value x, const ModelOptions& options);
Value Vgg19Bn(const Net& n, Value x, const ModelOptions& options);
// resnet.cc
Value ResNet18(const Net& n, Value x, const ModelOptions& options);
Value ResNet34(const Net& n, Value x, const ModelOptions& options);
Value ResNet50(const Net& n, Value x, const ModelOptions& options);
Value ResNet101(const Net& n, Value x, const ModelOptions& options);
Value ResNet152(const Net& n, Value x, const ModelOptions& options);

}  // namespace lockstep::graph
