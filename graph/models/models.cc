// SPDX-License-Identifier: Apache-2.0
#include "graph/models/models.h"

#include "base/suggest.h"
#include "graph/models/families.h"

namespace lockstep::graph {
namespace {

constexpr std::string_view kVgg = "VGG (Simonyan and Zisserman, 2014)";
constexpr std::string_view kVggBn = "VGG with batch norm after each convolution";
constexpr std::string_view kResNet = "residual network (He et al., 2015), stride at the 3x3";

// A model in torchvision's form, with its parameter names.
Model ImageNet(std::string_view name, std::string_view description,
               Value (*build)(const Net&, Value, const ModelOptions&),
               std::vector<std::string_view> options) {
  return {name, description, {224, 224, 3}, 1000, build, std::move(options)};
}

}  // namespace

const std::vector<Model>& Models() {
  static const std::vector<Model> models = {
      {"lenet5",
       "LeNet-5, tanh and average pooling (LeCun et al., 1998)",
       {28, 28, 1},
       10,
       LeNet5,
       {"activation", "pool"}},
      {"mlp-784-128-64-10",
       "perceptron with two hidden layers, ReLU",
       {28, 28, 1},
       10,
       Mlp128x64,
       {}},
      {"mlp-784-400-400-10",
       "perceptron with dropout 0.5 before each ReLU",
       {28, 28, 1},
       10,
       Mlp400x400,
       {"dropout"}},
      {"convnet-bn",
       "two blocks of convolution, batch norm, ReLU, max pooling",
       {28, 28, 1},
       10,
       ConvNetBn,
       {"dropout"}},
      {"simple-cnn",
       "three blocks of 32, 64, 128 channels, global average pooling",
       {32, 32, 3},
       10,
       SimpleCnn,
       {}},
      {"my-cnn",
       "three blocks of 16, 32, 64 channels with channel dropout, two linear layers",
       {32, 32, 3},
       10,
       MyCnn,
       {"dropout"}},
      ImageNet("alexnet", "AlexNet in one column (Krizhevsky, 2014)", AlexNet, {"dropout"}),
      ImageNet("vgg11", kVgg, Vgg11, {"dropout"}),
      ImageNet("vgg11-bn", kVggBn, Vgg11Bn, {"dropout"}),
      ImageNet("vgg13", kVgg, Vgg13, {"dropout"}),
      ImageNet("vgg13-bn", kVggBn, Vgg13Bn, {"dropout"}),
      ImageNet("vgg16", kVgg, Vgg16, {"dropout"}),
      ImageNet("vgg16-bn", kVggBn, Vgg16Bn, {"dropout"}),
      ImageNet("vgg19", kVgg, Vgg19, {"dropout"}),
      ImageNet("vgg19-bn", kVggBn, Vgg19Bn, {"dropout"}),
      ImageNet("resnet18", kResNet, ResNet18, {"stem", "zero_init_residual"}),
      ImageNet("resnet34", kResNet, ResNet34, {"stem", "zero_init_residual"}),
      ImageNet("resnet50", kResNet, ResNet50, {"stem", "zero_init_residual"}),
      ImageNet("resnet101", kResNet, ResNet101, {"stem", "zero_init_residual"}),
      ImageNet("resnet152", kResNet, ResNet152, {"stem", "zero_init_residual"}),
  };
  return models;
}

Result<const Model*> FindModel(std::string_view name) {
  std::vector<std::string> known;
  for (const Model& model : Models()) {
    if (model.name == name) return &model;
    known.emplace_back(model.name);
  }
  return NotFound("no model is named '" + std::string(name) + "'" + Suggestion(name, known) +
                  " (`lockstep models` lists them)");
}

}  // namespace lockstep::graph
