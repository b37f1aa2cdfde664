// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/batch.h"

#include <utility>

namespace lockstep::storage {

const NamedTensor* LaneBatch::Find(std::string_view name) const {
  for (const NamedTensor& tensor : tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

const NamedTensor& LaneBatch::Tensor(std::string_view name) const {
  const NamedTensor* found = Find(name);
  CHECK(found != nullptr) << "the batch has no '" << name << "'; it has " << ToString();
  return *found;
}

NamedTensor& LaneBatch::Tensor(std::string_view name) {
  return const_cast<NamedTensor&>(std::as_const(*this).Tensor(name));
}

Status LaneBatch::Add(std::string_view name, TensorType type) {
  CHECK(Find(name) == nullptr) << "a second tensor '" << name << "'";
  CHECK(type.shape.rank() > 0) << name << " " << type;
  CHECK_EQ(type.shape[0], rows) << name << " " << type;
  ASSIGN_OR_RETURN(AlignedBuffer data, AlignedBuffer::Make(static_cast<size_t>(type.bytes())));
  tensors.push_back({std::string(name), std::move(type), std::move(data)});
  return OkStatus();
}

int64_t LaneBatch::bytes() const {
  int64_t sum = 0;
  for (const NamedTensor& tensor : tensors) sum += tensor.type.bytes();
  return sum;
}

std::string LaneBatch::ToString() const {
  std::string text;
  for (const NamedTensor& tensor : tensors) {
    text += (text.empty() ? "" : ", ") + tensor.name + " " + tensor.type.ToString();
  }
  return text.empty() ? "no tensors" : text;
}

Result<LaneBatch> MakeImageBatch(Lane lane, int64_t rows, const Shape& image, DType dtype) {
  LaneBatch batch;
  batch.lane = lane;
  batch.rows = rows;
  RETURN_IF_ERROR(batch.Add(kImageTensor, {dtype, {rows, image[0], image[1], image[2]}}));
  RETURN_IF_ERROR(batch.Add(kLabelTensor, {DType::kInt32, {rows}}));
  return batch;
}

}  // namespace lockstep::storage
