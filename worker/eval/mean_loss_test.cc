// SPDX-License-Identifier: Apache-2.0
// What an evaluation says against the same computed by hand: three linear layers written out, one
// sample at a time, in double. No part of the evaluation stands on both sides.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "comm/local/rank_threads.h"
#include "comm/reduce/canonical_tree.h"
#include "storage/loader/testing/fake_source.h"
#include "worker/eval/evaluator.h"
#include "worker/model/state_tensors.h"
#include "worker/model/testing/small_model.h"

namespace lockstep::worker {
namespace {

using storage::FakeSource;

// A perceptron on the made-up images of FakeSource, with weights so large that the losses of
// samples differ by far more than any rounding.
class Perceptron {
 public:
  Perceptron() : model_(Options()), state_(model_.State(/*seed=*/3)) {
    auto* parameters = static_cast<float*>(state_.parameters());
    for (int64_t i = 0; i < (*model_).space().elements(); ++i) parameters[i] *= 3.0f;
    auto tensors = ModelTensors(*model_, &state_);
    CHECK(tensors.ok()) << tensors.status();
    tensors_ = *std::move(tensors);
  }

  const SmallModel& model() const { return model_; }
  ModelState* state() { return &state_; }

  struct Outcome {
    double loss = 0.0;
    bool hit = false;
  };
  Outcome ByHand(const float* pixels, int32_t label) const {
    std::vector<double> x(pixels, pixels + 9);
    x = Linear("fc1", x, /*relu=*/true);
    x = Linear("fc2", x, /*relu=*/true);
    x = Linear("fc3", x, /*relu=*/false);
    const auto most = std::max_element(x.begin(), x.end());
    double sum = 0.0;
    for (double logit : x) sum += std::exp(logit - *most);
    return {std::log(sum) + *most - x[static_cast<size_t>(label)], most - x.begin() == label};
  }

 private:
  static SmallModel::Options Options() {
    SmallModel::Options options;
    options.name = "mlp-784-128-64-10";
    options.image = {3, 3, 1};
    options.classes = 3;
    options.lane_rows = {};
    options.eval_rows = {1, 2, 3, 4, 5};
    return options;
  }

  const float* Tensor(const std::string& name) const {
    for (const StateTensor& tensor : tensors_) {
      if (tensor.name == name) return static_cast<const float*>(tensor.data.data());
    }
    CHECK(false) << name;
    return nullptr;
  }

  // As PyTorch stores it: the weight is (out, in).
  std::vector<double> Linear(const std::string& layer, const std::vector<double>& x,
                             bool relu) const {
    const float* weight = Tensor(layer + ".weight");
    const float* bias = Tensor(layer + ".bias");
    std::vector<double> y;
    for (const StateTensor& tensor : tensors_) {
      if (tensor.name == layer + ".bias") y.resize(static_cast<size_t>(tensor.type.shape[0]));
    }
    for (size_t o = 0; o < y.size(); ++o) {
      y[o] = bias[o];
      for (size_t i = 0; i < x.size(); ++i) y[o] += double{weight[o * x.size() + i]} * x[i];
      if (relu) y[o] = std::max(0.0, y[o]);
    }
    return y;
  }

  SmallModel model_;
  ModelState state_;
  std::vector<StateTensor> tensors_;
};

struct Sizes {
  int64_t samples;
  int32_t lanes;
  int64_t batch;
};

class EvaluationByHand : public testing::TestWithParam<Sizes> {};

TEST_P(EvaluationByHand, IsTheMeanOverSamplesWhateverTheBatches) {
  const Sizes sizes = GetParam();
  Perceptron net;
  storage::EvalLoaderOptions options;
  options.lanes = sizes.lanes;
  options.eval_batch = sizes.batch;
  const auto loader = storage::EvalLoader::Make(
      std::make_shared<const FakeSource>(sizes.samples, /*train_samples=*/4, /*shard_size=*/4),
      options);
  ASSERT_TRUE(loader.ok()) << loader.status();

  // Each sample alone, as the dataset has it.
  storage::EvalLoaderOptions alone = options;
  alone.lanes = 1;
  alone.eval_batch = 1;
  const auto one_by_one =
      storage::EvalLoader::Make(std::make_shared<const FakeSource>(sizes.samples, 4, 4), alone);
  ASSERT_TRUE(one_by_one.ok());
  double loss = 0.0, least = 1e9, most = 0.0;
  int64_t hits = 0;
  for (int64_t i = 0; i < sizes.samples; ++i) {
    const auto batch = (*one_by_one)->Read(Lane(0), i);
    ASSERT_TRUE(batch.ok()) << batch.status();
    const auto outcome = net.ByHand(batch->Tensor(storage::kImageTensor).as<float>(),
                                    FakeSource::SampleOf(SampleId(static_cast<uint64_t>(i))).label);
    loss += outcome.loss;
    least = std::min(least, outcome.loss);
    most = std::max(most, outcome.loss);
    hits += outcome.hit ? 1 : 0;
  }
  loss /= static_cast<double>(sizes.samples);
  if (sizes.samples > 1) {
    EXPECT_GT(most - least, 0.5) << "samples must differ for a weight to be seen";
  }

  for (int32_t ranks : {1, 2}) {
    if (ranks > sizes.lanes) continue;
    comm::RunRanks(ranks, [&](comm::Communicator* c, Stream* stream) {
      const auto workspaces = LaneWorkspaces::Make(*net.model(), 2);
      ASSERT_TRUE(workspaces.ok());
      Evaluator evaluator(net.model().get(), workspaces->get(), loader->get(),
                          comm::LanesOfRank(c->rank(), c->size(), sizes.lanes));
      const auto result = evaluator.Run(net.state(), c, stream, {std::chrono::minutes(1)});
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_NEAR(result->loss, loss, 1e-5 * (1.0 + loss)) << ranks << " ranks";
      EXPECT_EQ(result->samples, sizes.samples);
      const std::string primary(net.model().get()->program().task().primary());
      EXPECT_EQ(result->ValueOf(primary),
                static_cast<double>(hits) / static_cast<double>(sizes.samples))
          << ranks << " ranks";
      EXPECT_EQ(result->ValueOf("loss"), result->loss);
      EXPECT_TRUE(std::isnan(result->ValueOf("no_such_metric")));
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, EvaluationByHand,
                         testing::Values(Sizes{10, 3, 2},  // lanes of 4, 3, 3: short last batches
                                         Sizes{11, 4, 3},  // 2, 3, 3, 3: one lane is short
                                         Sizes{14, 2, 5},  // 7, 7: 5 and 2
                                         Sizes{3, 5, 4},   // lanes without samples
                                         Sizes{1, 1, 4}),  // one short batch in all
                         [](const auto& info) {
                           return std::to_string(info.param.samples) + "SamplesIn" +
                                  std::to_string(info.param.lanes) + "LanesOf" +
                                  std::to_string(info.param.batch);
                         });

}  // namespace
}  // namespace lockstep::worker
