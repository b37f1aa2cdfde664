// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/eval_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/loader/testing/fake_source.h"

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

EvalLoaderOptions OptionsFor(int32_t lanes, int64_t eval_batch) {
  EvalLoaderOptions options;
  options.lanes = lanes;
  options.eval_batch = eval_batch;
  options.dtype = DType::kFloat64;
  return options;
}

TEST(EvalLoader, GivesEverySampleOnceInOrderForAnyLanesAndBatch) {
  for (const auto& [samples, lanes, eval_batch] :
       {std::tuple(997, 8, 13), {105, 8, 13}, {5, 8, 13}, {60, 1, 256}, {60, 6, 10}}) {
    const auto source = std::make_shared<FakeSource>(samples, 20, 32);
    auto loader = EvalLoader::Make(source, OptionsFor(lanes, eval_batch));
    ASSERT_TRUE(loader.ok()) << loader.status();
    uint64_t next = 0;
    for (int32_t l = 0; l < lanes; ++l) {
      for (int64_t i = 0; i < (*loader)->batches(Lane(l)); ++i) {
        const auto batch = (*loader)->Read(Lane(l), i);
        ASSERT_TRUE(batch.ok()) << batch.status();
        EXPECT_EQ(batch->lane, Lane(l));
        EXPECT_EQ(batch->rows, BatchRange((*loader)->spec(), Lane(l), i).size());
        const NamedTensor& image = batch->Tensor(kImageTensor);
        EXPECT_EQ(image.type, (TensorType{DType::kFloat64, {batch->rows, 3, 3, 1}}));
        for (size_t row = 0; row < static_cast<size_t>(batch->rows); ++row, ++next) {
          const ImageSample sample = FakeSource::SampleOf(SampleId(next));
          EXPECT_EQ(batch->ids[row], SampleId(next));
          EXPECT_EQ(batch->Tensor(kLabelTensor).as<int32_t>()[row], sample.label);
          for (size_t k = 0; k < 9; ++k) {
            const double byte = static_cast<uint8_t>(sample.pixels[k]);
            EXPECT_EQ(image.as<double>()[row * 9 + k], (byte / 255.0 - 0.5) / 0.25);
          }
        }
      }
    }
    EXPECT_EQ(next, static_cast<uint64_t>(samples));
  }
}

TEST(EvalLoader, ReadsTheSplitItIsAskedFor) {
  const auto source = std::make_shared<FakeSource>(10, 20, 32);
  EvalLoaderOptions options = OptionsFor(2, 4);
  options.split = "train";
  auto loader = EvalLoader::Make(source, options);
  ASSERT_TRUE(loader.ok()) << loader.status();
  EXPECT_EQ((*loader)->Read(Lane(0), 0)->ids[0], SampleId(10));
  EXPECT_EQ((*loader)->Read(Lane(1), 2)->ids.back(), SampleId(29));
}

TEST(EvalLoader, NamesTheBatchOfADamagedRecord) {
  const auto source = std::make_shared<FakeSource>(100, 20, 32);
  source->Damage(SampleId(57));
  auto loader = EvalLoader::Make(source, OptionsFor(2, 4));
  ASSERT_TRUE(loader.ok()) << loader.status();
  EXPECT_TRUE((*loader)->Read(Lane(1), 0).ok());
  const Status status = (*loader)->Read(Lane(1), 1).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("evaluation batch 1 of lane 1"), HasSubstr("sample 57 fails")));
}

TEST(EvalLoader, RefusesRandomAugmentationsAndWhatCannotBe) {
  const auto source = std::make_shared<FakeSource>(100, 20, 32);
  const auto message = [&](auto change) {
    EvalLoaderOptions options = OptionsFor(2, 4);
    change(options);
    const auto loader = EvalLoader::Make(source, options);
    CHECK(!loader.ok());
    EXPECT_EQ(loader.status().code(), StatusCode::kInvalidArgument);
    return loader.status().message();
  };
  EXPECT_THAT(message([](auto& o) {
                o.augment = {"hflip", "normalise"};
              }),
              AllOf(HasSubstr("'hflip' draws random numbers"), HasSubstr("augment.val")));
  EXPECT_THAT(message([](auto& o) { o.split = "val"; }), HasSubstr("val"));
  EXPECT_THAT(message([](auto& o) { o.eval_batch = 0; }),
              AllOf(HasSubstr("split 'test'"), HasSubstr("eval.batch is 0")));
  EXPECT_THAT(message([](auto& o) { o.augment = {"normalize"}; }), HasSubstr("did you mean"));
}

}  // namespace
}  // namespace lockstep::storage
