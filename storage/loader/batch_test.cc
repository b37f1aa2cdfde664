// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/batch.h"

#include <gtest/gtest.h>

namespace lockstep::storage {
namespace {

TEST(LaneBatch, EveryTensorStandsOnABoundaryOf64Bytes) {
  for (int64_t rows = 1; rows <= 33; ++rows) {
    auto batch = MakeImageBatch(Lane(3), rows, {3, 5, 1}, DType::kFloat64);
    ASSERT_TRUE(batch.ok()) << batch.status();
    ASSERT_TRUE(batch->Add("weight", {DType::kUInt8, {rows, 7}}).ok());
    EXPECT_EQ(batch->bytes(), rows * (3 * 5 * 8 + 4 + 7));
    ASSERT_EQ(batch->tensors.size(), 3u);
    for (const NamedTensor& tensor : batch->tensors) {
      EXPECT_EQ(tensor.type.shape[0], rows);
      EXPECT_EQ(tensor.data.size(), static_cast<size_t>(tensor.type.bytes()));
      EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data.data()) % 64, 0u) << tensor.name;
    }
  }
}

TEST(LaneBatch, FindsItsTensorsByName) {
  auto batch = MakeImageBatch(Lane(0), 4, {28, 28, 1}, DType::kFloat32);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->Find(kImageTensor)->type, (TensorType{DType::kFloat32, {4, 28, 28, 1}}));
  EXPECT_EQ(batch->Find(kLabelTensor)->type, (TensorType{DType::kInt32, {4}}));
  EXPECT_EQ(batch->Find("labels"), nullptr);
  EXPECT_EQ(batch->ToString(), "image f32[4,28,28,1], label i32[4]");
  EXPECT_EQ(LaneBatch().ToString(), "no tensors");
}

TEST(LaneBatch, WithoutRowsHasItsTensorsAndNoMemory) {
  const auto batch = MakeImageBatch(Lane(0), 0, {28, 28, 1}, DType::kFloat32);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->tensors.size(), 2u);
  EXPECT_EQ(batch->bytes(), 0);
}

TEST(LaneBatchDeathTest, SaysWhatItHasInsteadOfAnUnknownTensor) {
  auto batch = MakeImageBatch(Lane(0), 2, {3, 3, 1}, DType::kFloat32);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_DEATH(batch->Tensor("mask"),
               "the batch has no 'mask'; it has image f32\\[2,3,3,1\\], label i32\\[2\\]");
  EXPECT_DEATH(batch->Tensor(kLabelTensor).as<float>(), "i32 vs f32.*label");
  EXPECT_DEATH((void)batch->Add(kLabelTensor, {DType::kInt32, {2}}), "a second tensor 'label'");
  EXPECT_DEATH((void)batch->Add("weight", {DType::kFloat32, {3}}), "2.*weight f32\\[3\\]");
}

}  // namespace
}  // namespace lockstep::storage
