// SPDX-License-Identifier: Apache-2.0
#include "worker/model/weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "storage/checkpoint/safetensors.h"
#include "storage/env/testing/scratch_directory.h"
#include "worker/model/state_tensors.h"
#include "worker/model/testing/small_model.h"

namespace lockstep::worker {
namespace {

std::string Everything(const CompiledModel& model, const ModelState& state) {
  const auto bytes = [](const void* data, int64_t elements) {
    return std::string(static_cast<const char*>(data), static_cast<size_t>(elements) * 4);
  };
  return bytes(state.parameters(), model.space().elements()) +
         bytes(state.running(), model.running_space().arena_elements());
}

class WeightsTest : public testing::Test {
 protected:
  // Writes the model's weights but with `change` applied to the list of tensors.
  void SaveChanged(const std::function<void(std::vector<storage::TensorView>&)>& change) {
    ModelState state = model_.State(1);
    ASSERT_TRUE(SaveWeights(*model_, &state, path_).ok());
    const auto file = storage::SafetensorsFile::Read(path_);
    ASSERT_TRUE(file.ok()) << file.status();
    std::vector<storage::TensorView> tensors = file->tensors();
    change(tensors);
    const std::string changed = path_ + ".changed";
    ASSERT_TRUE(storage::WriteSafetensors(changed, tensors).ok());
    path_ = changed;
  }
  // Loads into another state: fails with `expected` in its message and leaves the state alone.
  void ExpectRefused(const std::string& expected) {
    ModelState state = model_.State(2);
    const std::string before = Everything(*model_, state);
    const Status status = LoadWeights(*model_, {.path = path_}, &state);
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find(expected), std::string::npos) << status;
    EXPECT_TRUE(Everything(*model_, state) == before) << "a refused file must change nothing";
  }

  SmallModel model_{SmallModel::Options()};
  storage::ScratchDirectory scratch_;
  std::string path_ = scratch_ / "model.safetensors";
};

TEST_F(WeightsTest, RoundTripBitForBitWithRunningStatistics) {
  ModelState saved = model_.State(1), loaded = model_.State(2);
  static_cast<float*>(saved.RunningMean(*model_, 1))[3] = 0.25f;
  static_cast<float*>(saved.RunningVariance(*model_, 0))[7] = 9.0f;
  ASSERT_TRUE(SaveWeights(*model_, &saved, path_).ok());
  ASSERT_TRUE(Everything(*model_, saved) != Everything(*model_, loaded));
  const Status status = LoadWeights(*model_, {.path = path_}, &loaded);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(Everything(*model_, saved) == Everything(*model_, loaded));
}

TEST_F(WeightsTest, FilesHaveTorchvisionsNamesAndShapes) {
  ModelState state = model_.State(1);
  ASSERT_TRUE(SaveWeights(*model_, &state, path_).ok());
  const auto file = storage::SafetensorsFile::Read(path_);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->Find("block2.conv.weight")->type.ToString(), "f32[16,8,3,3]");
  EXPECT_EQ(file->Find("fc.weight")->type.ToString(), "f32[10,16]");
  EXPECT_EQ(file->Find("block1.bn.running_var")->type.ToString(), "f32[8]");
  EXPECT_EQ(file->metadata().at("model"), "convnet-bn");
}

TEST_F(WeightsTest, RefusesAnotherModelsFile) {
  const SmallModel mlp({.name = "mlp-784-128-64-10"});
  ModelState state = mlp.State(1);
  ASSERT_TRUE(SaveWeights(*mlp, &state, path_).ok());
  ExpectRefused("it has no tensor 'block1.conv.weight', f32[8,1,3,3] of the model 'convnet-bn'");
}

TEST_F(WeightsTest, RefusesAMissingTensor) {
  SaveChanged([](auto& tensors) { tensors.pop_back(); });
  ExpectRefused("'" + path_ + "': it has no tensor 'block2.bn.running_var'");
}

TEST_F(WeightsTest, RefusesATensorTooMany) {
  SaveChanged([](auto& tensors) {
    tensors.push_back(tensors.back());
    tensors.back().name = "block3.bn.running_var";
  });
  ExpectRefused(
      "it holds a tensor 'block3.bn.running_var', f32[16], that the model 'convnet-bn' has "
      "not; take weights of this model");
}

TEST_F(WeightsTest, RefusesANaNAndAnInfinityByTheNameOfTheirTensor) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    std::vector<float> values;
    SaveChanged([&](auto& tensors) {
      storage::TensorView& tensor = tensors[tensors.size() - 1];
      const auto count = static_cast<size_t>(tensor.type.shape.elements());
      values.assign(static_cast<const float*>(tensor.data),
                    static_cast<const float*>(tensor.data) + count);
      values[5] = bad;
      tensor.data = values.data();
    });
    ExpectRefused("'" + path_ + "': tensor 'block2.bn.running_var' has " +
                  (std::isnan(bad) ? "a NaN" : "an infinity") + " as value 6 of 16");
  }
}

TEST_F(WeightsTest, NamesTheFilesOfOtherProgramsForWhatTheyAre) {
  const auto refused = [&](const std::string& bytes, const std::string& expected) {
    path_ = scratch_ / "foreign";
    std::ofstream(path_, std::ios::binary) << bytes;
    ExpectRefused("is not a safetensors file but " + expected);
  };
  refused(std::string("PK\x03\x04\0\0\x08\x08", 8), "a zip archive, as PyTorch writes");
  refused("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20", "a Python pickle");
  refused("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
          "a git-lfs pointer");
  refused("<!DOCTYPE html>\n<html><body>Not found</body></html>\n", "an HTML or XML page");
}

TEST_F(WeightsTest, PassesOverPyTorchsCountsOfBatchesAndOverNoOthers) {
  const int64_t batches = 5;
  const auto count_of = [&](const std::string& norm) {
    return storage::TensorView{norm + ".num_batches_tracked", {DType::kInt64, {}}, &batches};
  };
  SaveChanged([&](auto& tensors) { tensors.push_back(count_of("block1.bn")); });
  ModelState saved = model_.State(1), loaded = model_.State(2);
  const Status status = LoadWeights(*model_, {.path = path_}, &loaded);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(Everything(*model_, saved) == Everything(*model_, loaded));
  SaveChanged([&](auto& tensors) { tensors.push_back(count_of("block3.bn")); });
  ExpectRefused("'block3.bn.num_batches_tracked'");
}

TEST_F(WeightsTest, AModelInDoubleTakesSinglePrecisionExactly) {
  ModelState saved = model_.State(1);
  static_cast<float*>(saved.RunningVariance(*model_, 0))[7] = 0.1f;
  ASSERT_TRUE(SaveWeights(*model_, &saved, path_).ok());
  const SmallModel wide({.precision = DType::kFloat64});
  ModelState loaded = wide.State(2);
  const Status status = LoadWeights(*wide, {.path = path_}, &loaded);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(static_cast<double*>(loaded.RunningVariance(*wide, 0))[7], static_cast<double>(0.1f));
  const float* narrow = static_cast<const float*>(saved.Parameter(*model_, 0));
  for (int i = 0; i < 72; ++i) {
    EXPECT_EQ(static_cast<double*>(loaded.Parameter(*wide, 0))[i], static_cast<double>(narrow[i]));
  }
}

TEST_F(WeightsTest, RefusesAnotherNumberOfClassesNamingBothShapes) {
  const SmallModel other({.classes = 7});
  ModelState state = other.State(1);
  ASSERT_TRUE(SaveWeights(*other, &state, path_).ok());
  ExpectRefused("tensor 'fc.weight' is f32[7,16]; the model 'convnet-bn' expects f32[10,16]");
  ExpectRefused("set model.replace_head = true to begin with a new last layer");
}

TEST_F(WeightsTest, BesideAHeadOfOtherClassesEverythingIsLoadedAndTheHeadStays) {
  const SmallModel other({.classes = 7});
  ModelState seven = other.State(1), ten = model_.State(2);
  ASSERT_TRUE(SaveWeights(*other, &seven, path_).ok());
  const auto drawn = ModelTensors(*model_, &ten);
  const auto replaced = LoadWeightsBesideHead(*model_, {.path = path_}, &ten);
  ASSERT_TRUE(replaced.ok()) << replaced.status();
  EXPECT_EQ(*replaced, (std::vector<std::string>{"fc.weight", "fc.bias"}));
  const auto file = storage::SafetensorsFile::Read(path_);
  ASSERT_TRUE(file.ok() && drawn.ok());
  const auto now = ModelTensors(*model_, &ten);
  ASSERT_TRUE(now.ok());
  for (size_t i = 0; i < now->size(); ++i) {
    const StateTensor& tensor = (*now)[i];
    const bool head = tensor.name.starts_with("fc.");
    const void* expected = head ? (*drawn)[i].data.data() : file->Find(tensor.name)->data;
    EXPECT_EQ(std::memcmp(tensor.data.data(), expected, static_cast<size_t>(tensor.type.bytes())),
              0)
        << tensor.name;
  }
}

// Layers before the last whose width happens to be the number of classes are not heads.
TEST_F(WeightsTest, ALayerThatIsNotTheLastIsNoHead) {
  const SmallModel sixteen({.classes = 16});
  ModelState state = sixteen.State(1);
  ASSERT_TRUE(SaveWeights(*sixteen, &state, path_).ok());
  const auto file = storage::SafetensorsFile::Read(path_);
  ASSERT_TRUE(file.ok());
  std::vector<storage::TensorView> tensors = file->tensors();
  std::vector<float> narrow(8, 1.0f);
  for (storage::TensorView& t : tensors) {
    if (t.name == "block2.bn.weight") t = {t.name, {DType::kFloat32, {8}}, narrow.data()};
  }
  ASSERT_TRUE(storage::WriteSafetensors(path_ + ".narrow", tensors).ok());
  const auto refused = LoadWeightsBesideHead(*sixteen, {.path = path_ + ".narrow"}, &state);
  EXPECT_NE(refused.status().message().find("tensor 'block2.bn.weight' is f32[8]"),
            std::string::npos)
      << refused.status();
}

TEST_F(WeightsTest, BesideAHeadNothingElseMayDiffer) {
  SaveChanged([](auto& tensors) { tensors.pop_back(); });
  ModelState state = model_.State(2);
  const std::string before = Everything(*model_, state);
  EXPECT_FALSE(LoadWeightsBesideHead(*model_, {.path = path_}, &state).ok());
  EXPECT_TRUE(Everything(*model_, state) == before);
}

TEST_F(WeightsTest, RefusesAnotherElementType) {
  std::vector<double> doubles(10, 0.0);
  SaveChanged([&](auto& tensors) {
    for (storage::TensorView& t : tensors) {
      if (t.name == "fc.bias") t = {t.name, {DType::kFloat64, {10}}, doubles.data()};
    }
  });
  ExpectRefused("tensor 'fc.bias' is f64[10]");
}

TEST_F(WeightsTest, SaysWhichFileCannotBeWritten) {
  ModelState state = model_.State(1);
  const Status status = SaveWeights(*model_, &state, scratch_ / "not/there.safetensors");
  EXPECT_NE(status.message().find("not/there.safetensors"), std::string::npos) << status;
}

}  // namespace
}  // namespace lockstep::worker
