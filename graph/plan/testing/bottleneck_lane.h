// SPDX-License-Identifier: Apache-2.0
// For tests of passes and plans: the lane graph of a residual network with bottlenecks (He et al.,
// 2015), of any depth, width and image size, batch norm and all; {3, 4, 6, 3} blocks of width 64 at
// 224 x 224 are ResNet-50's shapes.
#pragma once

#include <string>
#include <vector>

#include "base/check.h"
#include "graph/autodiff/autodiff.h"
#include "graph/nn/layers.h"
#include "graph/program/program.h"
#include "ops/loss/cross_entropy/cross_entropy.h"
#include "ops/math/add/add.h"
#include "ops/math/fill/fill.h"
#include "ops/norm/batch_norm_totals/batch_norm_totals.h"

namespace lockstep::graph {

struct BottleneckLane {
  std::vector<int> blocks = {3, 4, 6, 3};  // of each stage
  int64_t width = 64;                      // of the first stage; doubled by each
  int64_t rows = 32, side = 224, classes = 1000;
  double dropout = 0.0;  // of each block's inner activations

  Value ConvBn(const Net& n, const std::string& i, Value x, const ConvSpec& spec) const {
    ConvSpec without_bias = spec;
    without_bias.bias = false;
    return BatchNorm(n / ("bn" + i), Conv(n / ("conv" + i), x, without_bias));
  }

  Value Block(const Net& n, Value x, int64_t channels, int64_t stride) const {
    Value y = Relu(n / "relu1", ConvBn(n, "1", x, {.out = channels}));
    y = Dropout(n / "drop", y, dropout);
    y = Relu(n / "relu2",
             ConvBn(n, "2", y, {.out = channels, .kernel = 3, .stride = stride, .padding = 1}));
    y = ConvBn(n, "3", y, {.out = 4 * channels});
    if (n.TypeOf(x).shape != n.TypeOf(y).shape) {
      x = ConvBn(n / "downsample", "", x, {.out = 4 * channels, .stride = stride});
    }
    return Relu(n, ops::Add(n.Emit(), y, x));
  }

  Value Logits(const Net& n, Value x) const {
    x = ConvBn(n, "1", x, {.out = width, .kernel = 7, .stride = 2, .padding = 3});
    x = MaxPool(n / "maxpool", Relu(n / "relu", x), {.kernel = 3, .stride = 2, .padding = 1});
    for (size_t stage = 0; stage < blocks.size(); ++stage) {
      const Net layer = n / ("layer" + std::to_string(stage + 1));
      for (int i = 0; i < blocks[stage]; ++i) {
        x = Block(layer / std::to_string(i), x, width << stage, i == 0 && stage > 0 ? 2 : 1);
      }
    }
    return Linear(n / "fc", GlobalAvgPool(n / "avgpool", x), classes);
  }

  Graph Make() const {
    GraphBuilder b("lane");
    ModelParts parts;
    const Value x =
        b.graph().AddArg("image", ArgKind::kInput, {DType::kFloat32, {rows, side, side, 3}});
    const Value labels = b.graph().AddArg("label", ArgKind::kInput, {DType::kInt32, {rows}});
    const Value logits = Logits(Net(&b, &parts, DType::kFloat32, true), x);
    b.SetPath("loss");
    const ops::CrossEntropyOut loss = ops::CrossEntropy(&b, logits, labels, 0.0);
    CHECK(b.status().ok()) << b.status();
    b.graph().AddResult(std::string(kNumerator), loss.numerator);
    b.SetPath("statistics");
    std::vector<ops::BatchNormTotalsOut> totals;
    for (size_t i = 0; i < parts.running.size(); ++i) {
      totals.push_back(ops::BatchNormTotals(&b, parts.batch_means[i], parts.batch_variances[i],
                                            rows * parts.norm_calls[i].positions));
    }
    b.SetPath("loss");
    const Value seed = ops::Fill(&b, 1.0 / static_cast<double>(rows), {DType::kFloat64, {}});
    const std::vector<Value> gradients =
        Gradients(&b, loss.numerator, seed, parts.parameter_values);
    CHECK(b.status().ok()) << b.status();
    for (size_t i = 0; i < gradients.size(); ++i) {
      b.graph().AddResult("grad:" + parts.parameters[i].name, gradients[i]);
    }
    for (size_t i = 0; i < parts.running.size(); ++i) {
      b.graph().AddResult("count:" + parts.running[i].path, totals[i].count);
      b.graph().AddResult("mean:" + parts.running[i].path, totals[i].mean_total);
      b.graph().AddResult("var:" + parts.running[i].path, totals[i].var_total);
    }
    return std::move(b.graph());
  }
};

}  // namespace lockstep::graph
