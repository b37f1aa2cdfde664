// SPDX-License-Identifier: Apache-2.0
#include "graph/models/models.h"

#include <algorithm>

#include "base/suggest.h"
#include "graph/models/families.h"

namespace lockstep::graph {
namespace {

constexpr std::string_view kVgg = "VGG (Simonyan and Zisserman, 2014)";
constexpr std::string_view kVggBn = "VGG with batch norm after each convolution";
constexpr std::string_view kFcn =
    "fully convolutional network on a dilated residual one (Long et al., 2015)";
constexpr std::string_view kResNet = "residual network (He et al., 2015), stride at the 3x3";

// A model that has "forward" alone, typed by its option struct O.
template <typename O>
Model Make(std::string_view name, std::string_view description, const Shape& image, int64_t classes,
           Value (*build)(const Net&, Value, int64_t, const O&)) {
  return {
      name,
      description,
      image,
      classes,
      ListOf<O>(),
      {{kForward, [build](const Net& n, const Values& in, int64_t outputs, const Attrs& options) {
          return Values{{std::string(kOut), build(n, in[kImage], outputs, *Unpack<O>(options))}};
        }}}};
}

// A model in torchvision's form, with its parameter names.
template <typename O>
Model ImageNet(std::string_view name, std::string_view description,
               Value (*build)(const Net&, Value, int64_t, const O&)) {
  return Make(name, description, {224, 224, 3}, 1000, build);
}

// A residual network, whose stages can be asked for too, and the place of the one thing there is.
Model ResNetModel(std::string_view name, int64_t depth,
                  Value (*build)(const Net&, Value, int64_t, const ResNetOptions&)) {
  Model model = ImageNet(name, kResNet, build);
  model.methods.push_back(
      {kFeatures, [depth](const Net& n, const Values& in, int64_t, const Attrs& options) -> Values {
         const ResNetStages s =
             ResNetBackbone(n, in[kImage], depth, *Unpack<ResNetOptions>(options), false);
         return {{"layer1", s[0]}, {"layer2", s[1]}, {"layer3", s[2]}, {"layer4", s[3]}};
       }});
  model.methods.push_back(
      {kLocalise,
       [depth](const Net& n, const Values& in, int64_t outputs, const Attrs& options) -> Values {
         return ResNetLocalise(n, in[kImage], outputs, depth, *Unpack<ResNetOptions>(options));
       }});
  return model;
}

// A segmenter.
template <typename O>
Model Segmenter(std::string_view name, std::string_view description, int64_t classes,
                Values (*build)(const Net&, Value, int64_t, const O&)) {
  return {
      .name = name,
      .description = description,
      .image = {64, 64, 3},
      .classes = classes,
      .options = ListOf<O>(),
      .methods = {{kForward,
                   [build](const Net& n, const Values& in, int64_t outputs, const Attrs& options) {
                     return build(n, in[kImage], outputs, *Unpack<O>(options));
                   }}},
      .task = "segmentation",
      .loss = "pixel-cross-entropy"};
}

}  // namespace

const Method* Model::FindMethod(std::string_view method) const {
  const auto found = std::find_if(methods.begin(), methods.end(),
                                  [method](const Method& one) { return one.name == method; });
  return found == methods.end() ? nullptr : &*found;
}

const std::vector<Model>& Models() {
  static const std::vector<Model> models = {
      Make("lenet5", "LeNet-5, tanh and average pooling (LeCun et al., 1998)", {28, 28, 1}, 10,
           LeNet5),
      Make("mlp-784-128-64-10", "perceptron with two hidden layers, ReLU", {28, 28, 1}, 10,
           Mlp128x64),
      Make("mlp-784-400-400-10", "perceptron with dropout 0.5 before each ReLU", {28, 28, 1}, 10,
           Mlp400x400),
      Make("convnet-bn", "two blocks of convolution, batch norm, ReLU, max pooling", {28, 28, 1},
           10, ConvNetBn),
      Make("simple-cnn", "three blocks of 32, 64, 128 channels, global average pooling",
           {32, 32, 3}, 10, SimpleCnn),
      Make("my-cnn", "three blocks of 16, 32, 64 channels with channel dropout, two linear layers",
           {32, 32, 3}, 10, MyCnn),
      ImageNet("alexnet", "AlexNet in one column (Krizhevsky, 2014)", AlexNet),
      ImageNet("vgg11", kVgg, Vgg11),
      ImageNet("vgg11-bn", kVggBn, Vgg11Bn),
      ImageNet("vgg13", kVgg, Vgg13),
      ImageNet("vgg13-bn", kVggBn, Vgg13Bn),
      ImageNet("vgg16", kVgg, Vgg16),
      ImageNet("vgg16-bn", kVggBn, Vgg16Bn),
      ImageNet("vgg19", kVgg, Vgg19),
      ImageNet("vgg19-bn", kVggBn, Vgg19Bn),
      ResNetModel("resnet18", 18, ResNet18),
      ResNetModel("resnet34", 34, ResNet34),
      ResNetModel("resnet50", 50, ResNet50),
      ResNetModel("resnet101", 101, ResNet101),
      ResNetModel("resnet152", 152, ResNet152),
      Segmenter("fcn-resnet50", kFcn, 21, FcnResNet50),
      Segmenter("fcn-resnet101", kFcn, 21, FcnResNet101),
      Segmenter("deeplabv3-resnet50",
                "dilated residual network, atrous pyramid (Chen et al., 2017)", 21,
                DeepLabV3ResNet50),
      Segmenter("unet", "encoder and decoder with skips (Ronneberger et al., 2015)", 21, UNet),
      Segmenter("mini-unet", "U-Net of three levels", 10, MiniUNet),
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
