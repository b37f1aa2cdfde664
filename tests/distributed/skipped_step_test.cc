// SPDX-License-Identifier: Apache-2.0
// Adam after a skipped step: its t counts the updates that were applied, not the steps that were
// done. Every update is computed a second time from the checkpoints before and after it, by the
// formula of Kingma and Ba (2015) in double.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "base/file.h"
#include "ops/optim/adam/adam.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/safetensors.h"
#include "storage/dataset/channel_statistics.h"
#include "storage/dataset/testing/image_sample.h"
#include "storage/dataset/writer.h"
#include "tests/distributed/small_runs.h"

namespace lockstep::tests {
namespace {

using storage::CheckpointId;
using storage::CheckpointTensors;
using storage::TensorView;
using worker::TrainConfig;

constexpr int64_t kSide = 6;
constexpr size_t kSamples = 48;
constexpr size_t kSpecial = 7;  // its first pixel is lit, as no other's is

storage::SplitListing Split(const std::string& name, size_t samples) {
  storage::SplitListing listing{name, {}};
  for (size_t i = 0; i < samples; ++i) {
    listing.paths.push_back(name + "/" + std::to_string(1000 + i));
  }
  return listing;
}

storage::ImageSample Sample(size_t index) {
  storage::ImageSample image;
  image.label = static_cast<int32_t>(index % 3);
  image.height = image.width = static_cast<int32_t>(kSide);
  image.channels = 1;
  image.pixels.push_back(index == kSpecial ? '\xff' : '\0');
  for (size_t p = 1; p < kSide * kSide; ++p) {
    image.pixels.push_back(static_cast<char>(index * 37 + p * (index % 5 + 3)));
  }
  return image;
}

Status MakeDataset(const std::string& directory) {
  storage::WriterOptions options;
  options.directory = directory;
  options.source = "synthetic";
  options.schema = ImageAndLabel({"a", "b", "c"});
  options.splits = {Split("train", kSamples)};
  options.shard_size = 8;
  storage::ChannelSums sums;
  for (size_t i = 0; i < kSamples; ++i) sums.Add(Sample(i).pixels, 1);
  options.channel_mean = sums.Mean();
  options.channel_std = sums.Deviation();
  ASSIGN_OR_RETURN(const auto writer, storage::DatasetWriter::Create(options));
  const auto sample = [](size_t, size_t index) -> Result<std::vector<storage::FieldValue>> {
    return Sample(index).Values();
  };
  for (int64_t range = 0; range < writer->ranges(); ++range) {
    RETURN_IF_ERROR(writer->WriteRange(range, sample));
  }
  return writer->Finish().status();
}

class SkippedStepTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(MakeDataset(folder_ / "data").ok());
    config_ = SmallConfig(folder_ / "data", folder_ / "run", "mlp-784-128-64-10", 2, 4);
    config_.data.val = "";
    config_.augment_train = {"normalise"};
    config_.schedule = {};
    config_.optimizer.name = "adam";
    config_.optimizer.lr = 0.01;
    config_.optimizer.options.Set("weight_decay", 0.0);
    config_.nonfinite = "skip";
    config_.epochs = 1;
    config_.checkpoint.every_steps = 1;
    config_.checkpoint.keep_last = 100;
    WriteWeights();
  }

  // Weights with one hidden unit that is dead (its gradient is 0) unless the first pixel is lit;
  // then the next layer overflows.
  void WriteWeights() {
    TrainConfig first = config_;
    first.run.directory = folder_ / "first";
    first.max_steps = 1;
    ASSERT_TRUE(Train(first).ok());
    const auto file = storage::SafetensorsFile::Read(folder_ / "first/model.safetensors");
    ASSERT_TRUE(file.ok()) << file.status();
    for (const TensorView& tensor : file->tensors()) {
      auto* x = const_cast<float*>(static_cast<const float*>(tensor.data));
      if (tensor.name == "fc1.weight") {
        std::fill_n(x, kSide * kSide, 0.0f);
        x[0] = 1e37f;
      }
      if (tensor.name == "fc1.bias") x[0] = 0.0f;
      if (tensor.name == "fc2.weight") x[0] = 1e10f;
    }
    config_.model.weights = folder_ / "weights.safetensors";
    ASSERT_TRUE(storage::WriteSafetensors(config_.model.weights, file->tensors()).ok());
  }

  // Whether the update of each step was left out, in order.
  std::vector<bool> Skipped() const {
    std::vector<bool> skipped;
    for (const std::string& line : DigestLines(config_.run.directory)) {
      std::istringstream cells(line);
      std::string cell;
      for (int i = 0; i < 4; ++i) std::getline(cells, cell, ',');
      if (cell != "skipped") skipped.push_back(cell == "1");
    }
    return skipped;
  }

  // The tensors of one group of the checkpoint after `step`.
  CheckpointTensors Tensors(int64_t step, const std::string& group) const {
    const auto manifest = storage::VerifyCheckpoint(config_.run.directory, CheckpointId{1, step});
    CHECK(manifest.ok()) << manifest.status();
    auto tensors = CheckpointTensors::Read(config_.run.directory, *manifest, group);
    CHECK(tensors.ok()) << tensors.status();
    return *std::move(tensors);
  }

  // That `step` moved every parameter as Adam does with this t, from the slots it left behind.
  void ExpectAdamsUpdate(int64_t step, int64_t t) const {
    const CheckpointTensors before = Tensors(step - 1, "model"), after = Tensors(step, "model"),
                            m = Tensors(step, "exp_avg"), v = Tensors(step, "exp_avg_sq");
    const ops::AdamAttrs adam;  // as the recipe does not say otherwise
    const double lr = config_.optimizer.lr;
    const double bias1 = 1.0 - std::pow(adam.beta1, static_cast<double>(t));
    const double bias2 = 1.0 - std::pow(adam.beta2, static_cast<double>(t));
    int64_t moved = 0;
    for (const TensorView& tensor : before.tensors()) {
      const auto values = [&](const CheckpointTensors& tensors) {
        return static_cast<const float*>(tensors.Find(tensor.name)->data);
      };
      const float *p0 = values(before), *p1 = values(after), *m1 = values(m), *v1 = values(v);
      for (int64_t i = 0; i < tensor.type.shape.elements(); ++i) {
        if (std::abs(p0[i]) > 10.0f || m1[i] == 0.0f) continue;  // the dead unit's
        const double update = lr * (m1[i] / bias1) / (std::sqrt(v1[i] / bias2) + adam.eps);
        // Rounding of the parameter in single precision, and of the update itself.
        ASSERT_NEAR(p1[i], p0[i] - update, 1e-6 + 1e-4 * std::abs(update))
            << tensor.name << "[" << i << "] at step " << step << " with t = " << t;
        moved += std::abs(update) > 1e-3 ? 1 : 0;
      }
    }
    EXPECT_GT(moved, 100) << "step " << step << " must move something for t to be seen";
  }

  TestFolder folder_;
  TrainConfig config_;
};

TEST_F(SkippedStepTest, CountsForNothingInTheUpdatesAfterIt) {
  for (const int32_t ranks : {1, 2}) {
    config_.run.ranks = ranks;
    config_.run.directory = folder_ / ("run" + std::to_string(ranks));
    const auto summary = Train(config_);
    ASSERT_TRUE(summary.ok()) << summary.status();
    EXPECT_EQ(summary->skipped_steps, 1);
    const std::vector<bool> skipped = Skipped();
    ASSERT_EQ(skipped.size(), kSamples / 8);
    ASSERT_FALSE(skipped.back()) << "another sample must be the special one";
    int64_t applied = skipped[0] ? 0 : 1;  // the first step has no checkpoint before it
    for (int64_t step = 2; step <= static_cast<int64_t>(skipped.size()); ++step) {
      if (!skipped[static_cast<size_t>(step) - 1]) ExpectAdamsUpdate(step, ++applied);
    }
    EXPECT_EQ(applied, static_cast<int64_t>(skipped.size()) - 1);
  }
}

}  // namespace
}  // namespace lockstep::tests
