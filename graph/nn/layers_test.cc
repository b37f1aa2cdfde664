// SPDX-License-Identifier: Apache-2.0
#include "graph/nn/layers.h"

#include <gtest/gtest.h>

#include <cmath>

#include "graph/io/tensor_order.h"

namespace lockstep::graph {
namespace {

// Entry i: where the file's element i lies in memory.
std::vector<int64_t> MemoryIndexOfFileElement(const Parameter& parameter) {
  std::vector<int64_t> index;
  ForEachElement(parameter, [&](int64_t file, int64_t memory) {
    EXPECT_EQ(file, static_cast<int64_t>(index.size()));
    index.push_back(memory);
  });
  return index;
}

class LayersTest : public testing::Test {
 protected:
  Value Input(Shape shape) {
    return builder_.graph().AddArg("x", ArgKind::kInput, {DType::kFloat32, std::move(shape)});
  }
  Net NetOf(bool training = true) { return Net(&builder_, &parts_, DType::kFloat32, training); }
  const Shape& ShapeOf(Value v) { return builder_.TypeOf(v).shape; }
  void ExpectFailure(const std::string& expected) {
    EXPECT_NE(builder_.status().message().find(expected), std::string::npos) << builder_.status();
  }

  GraphBuilder builder_{"test"};
  ModelParts parts_;
};

TEST_F(LayersTest, AGroupOfAConvolutionSeesItsShareOfTheChannels) {
  const Value y = Conv(NetOf() / "conv", Input({2, 9, 9, 6}),
                       {.out = 4, .kernel = 3, .stride = 2, .padding = 1, .groups = 2});
  ASSERT_TRUE(builder_.status().ok()) << builder_.status();
  EXPECT_EQ(ShapeOf(y), (Shape{2, 5, 5, 4}));
  const Parameter& w = parts_.parameters[0];
  EXPECT_EQ(w.name, "conv.weight");
  EXPECT_EQ(w.type.shape, (Shape{4, 3, 3, 3}));
  EXPECT_EQ(w.file_shape, (Shape{4, 3, 3, 3}));
  EXPECT_EQ(w.init.value, 1.0 / std::sqrt(27.0)) << "fan-in is 3 x 3 x 6 / 2";
  EXPECT_EQ(parts_.parameters[1].init.value, w.init.value);
}

TEST_F(LayersTest, ADepthwiseWeightHasOneInputChannel) {
  Conv(NetOf() / "dw", Input({1, 5, 5, 8}), {.out = 8, .kernel = 5, .groups = 8, .bias = false});
  ASSERT_TRUE(builder_.status().ok()) << builder_.status();
  ASSERT_EQ(parts_.parameters.size(), 1u);
  EXPECT_EQ(parts_.parameters[0].type.shape, (Shape{8, 5, 5, 1}));
  EXPECT_EQ(parts_.parameters[0].file_shape, (Shape{8, 1, 5, 5}));
}

TEST_F(LayersTest, GroupsThatDoNotDivideNameLayerAndChannels) {
  Conv(NetOf() / "conv", Input({1, 5, 5, 6}), {.out = 8, .groups = 4});
  ExpectFailure("layer 'conv': 4 groups do not divide 6 input and 8 output channels");
}

// Flattened in C, H, W order, as PyTorch does, element (c, h, w) meets the file's weight
// (o, (c H + h) W + w); in memory image and weight both lie in H, W, C order.
TEST_F(LayersTest, LinearOnAnImageMeetsTheElementsPyTorchsFlattenWould) {
  constexpr int64_t kOut = 2, kH = 3, kW = 4, kC = 5;
  const Value y = Linear(NetOf() / "fc", Input({7, kH, kW, kC}), kOut);
  ASSERT_TRUE(builder_.status().ok()) << builder_.status();
  EXPECT_EQ(ShapeOf(y), (Shape{7, kOut}));
  const Parameter& weight = parts_.parameters[0];
  EXPECT_EQ(weight.file_shape, (Shape{kOut, kC * kH * kW}));
  const std::vector<int64_t> memory = MemoryIndexOfFileElement(weight);
  for (int64_t o = 0; o < kOut; ++o) {
    for (int64_t h = 0; h < kH; ++h) {
      for (int64_t w = 0; w < kW; ++w) {
        for (int64_t c = 0; c < kC; ++c) {
          const int64_t file = o * kC * kH * kW + (c * kH + h) * kW + w;
          const int64_t image = (h * kW + w) * kC + c;
          ASSERT_EQ(memory[static_cast<size_t>(file)], o * kH * kW * kC + image);
        }
      }
    }
  }
}

TEST_F(LayersTest, LinearOnAVectorKeepsTheFilesOrder) {
  Linear(NetOf() / "fc", Input({7, 12}), 3);
  const std::vector<int64_t> memory = MemoryIndexOfFileElement(parts_.parameters[0]);
  for (size_t i = 0; i < memory.size(); ++i) EXPECT_EQ(memory[i], static_cast<int64_t>(i));
}

TEST_F(LayersTest, LinearNamesWhatItCannotRead) {
  Linear(NetOf() / "fc", Input({7, 12, 3}), 3);
  ExpectFailure("layer 'fc': its input is f32[7,12,3]; expected N C or N H W C");
}

TEST_F(LayersTest, BatchNormGivesStatisticsInTrainingAndReadsThemElsewhere) {
  BatchNorm(NetOf(true) / "a" / "bn", Input({2, 3, 5, 4}));
  ASSERT_TRUE(builder_.status().ok()) << builder_.status();
  ASSERT_EQ(parts_.running.size(), 1u);
  EXPECT_EQ(parts_.running[0].path, "a/bn");
  EXPECT_EQ(parts_.running[0].calls, 1);
  EXPECT_EQ(parts_.batch_means.size(), 1u);

  GraphBuilder eval("eval");
  ModelParts parts;
  const Value x = eval.graph().AddArg("x", ArgKind::kInput, {DType::kFloat32, {2, 3, 5, 4}});
  BatchNorm(Net(&eval, &parts, DType::kFloat32, false) / "a" / "bn", x);
  ASSERT_TRUE(eval.status().ok()) << eval.status();
  EXPECT_TRUE(parts.batch_means.empty());
  EXPECT_EQ(eval.graph().args()[3].name, "a/bn.running_mean");
  EXPECT_EQ(eval.graph().args()[4].name, "a/bn.running_var");
}

TEST_F(LayersTest, ALayerThatIsCalledAgainHasTheSameParameters) {
  const Value x = Linear(NetOf() / "fc", Input({7, 4}), 4);
  Linear(NetOf() / "fc", x, 4);
  EXPECT_EQ(parts_.parameters.size(), 2u);
}

TEST_F(LayersTest, TwoLayersOfOneScopeAndOtherSizesAreRefused) {
  const Value x = Linear(NetOf() / "fc", Input({7, 4}), 5);
  Linear(NetOf() / "fc", x, 5);
  ExpectFailure(
      "layer 'fc': the parameter 'fc.weight' is f32[5,4] where this scope was called before, and "
      "f32[5,5] here");
}

TEST_F(LayersTest, DropoutIsTheIdentityOutsideTrainingAndAtZero) {
  const Value x = Input({2, 3});
  EXPECT_EQ(Dropout(NetOf(false), x, 0.5), x);
  EXPECT_EQ(Dropout(NetOf(true), x, 0.0), x);
  EXPECT_NE(Dropout(NetOf(true) / "drop", x, 0.5), x);
  const Value image =
      builder_.graph().AddArg("y", ArgKind::kInput, {DType::kFloat32, {2, 4, 4, 3}});
  EXPECT_EQ(Dropout2d(NetOf(false), image, 0.5), image);
  EXPECT_EQ(Dropout2d(NetOf(true), image, 0.0), image);
  EXPECT_NE(Dropout2d(NetOf(true) / "drop2d", image, 0.5), image);
}

TEST_F(LayersTest, AdaptivePoolingToTheSizeThereIsAddsNothing) {
  const Value x = Input({2, 6, 6, 3});
  EXPECT_EQ(AdaptiveAvgPool(NetOf() / "pool", x, 6), x);
  EXPECT_EQ(ShapeOf(AdaptiveAvgPool(NetOf() / "pool", x, 7)), (Shape{2, 7, 7, 3}));
}

TEST_F(LayersTest, FirstValuesAreTheOnesAskedFor) {
  const Value x = Conv(NetOf() / "conv", Input({1, 5, 5, 6}),
                       {.out = 8, .kernel = 3, .init = {HeNormalFanOut(8, 3), Constant(0.0)}});
  BatchNorm(NetOf() / "bn", x, {.gamma = 0.0});
  Linear(NetOf() / "fc", x, 2, {Normal(0.01), Constant(0.5)});
  ASSERT_TRUE(builder_.status().ok()) << builder_.status();
  const auto expect = [&](size_t i, std::string_view name, Initializer::Kind kind, double value) {
    EXPECT_EQ(parts_.parameters[i].name, name);
    EXPECT_EQ(parts_.parameters[i].init.kind, kind) << name;
    EXPECT_DOUBLE_EQ(parts_.parameters[i].init.value, value) << name;
  };
  using enum Initializer::Kind;
  expect(0, "conv.weight", kNormal, std::sqrt(2.0 / 72.0));
  expect(1, "conv.bias", kConstant, 0.0);
  expect(2, "bn.weight", kConstant, 0.0);
  expect(3, "bn.bias", kConstant, 0.0);
  expect(4, "fc.weight", kNormal, 0.01);
  expect(5, "fc.bias", kConstant, 0.5);
}

}  // namespace
}  // namespace lockstep::graph
