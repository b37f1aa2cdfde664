// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/batch_builder.h"

#include <utility>

#include "base/hash.h"

namespace lockstep::storage {

std::string NameOf(SampleId id) {
  return "sample " + std::to_string(id.value) + " (key " + Hex64(id.value) + ")";
}

BatchBuilder::BatchBuilder(Augmentation augmentation, Shape source, Shape image, DType dtype,
                           uint64_t seed)
    : augmentation_(std::move(augmentation)),
      source_(std::move(source)),
      image_(std::move(image)),
      dtype_(dtype),
      key_(StreamKey(seed, "augment")) {}

Result<BatchBuilder> BatchBuilder::Make(const DatasetInfo& info,
                                        const std::vector<std::string>& augment, DType dtype,
                                        uint64_t seed) {
  if (!IsFloat(dtype)) {
    return InvalidArgument("a batch of " + std::string(DTypeName(dtype)) +
                           " is not possible, expected f32 or f64");
  }
  if (info.height <= 0 || info.width <= 0 || info.channels <= 0) {
    return InvalidArgument(
        "the images of this dataset have different sizes; import them with one size");
  }
  ASSIGN_OR_RETURN(Augmentation augmentation,
                   Augmentation::Parse(augment, {info.channel_mean, info.channel_std}));
  ASSIGN_OR_RETURN(Shape image, augmentation.OutputShape(info.height, info.width, info.channels));
  return BatchBuilder(std::move(augmentation), {info.height, info.width, info.channels},
                      std::move(image), dtype, seed);
}

Result<LaneBatch> BatchBuilder::Allocate(Lane lane, const std::vector<Record>& records) const {
  const auto rows = static_cast<int64_t>(records.size());
  ASSIGN_OR_RETURN(LaneBatch batch, MakeImageBatch(lane, rows, image_, dtype_));
  batch.ids.reserve(records.size());
  for (const Record& record : records) batch.ids.push_back(record.id());
  return batch;
}

Status BatchBuilder::Fill(const Record& record, Epoch epoch, int64_t row, AugmentScratch* scratch,
                          LaneBatch* batch) const {
  CHECK(row >= 0 && row < batch->rows) << row;
  const FieldView value = record.field(0);
  const Shape size = {value.dims[0], value.dims[1], value.dims[2]};
  if (size != source_) {
    return DataLoss(NameOf(record.id()) + ": is an image of " + size.ToString() + ", expected " +
                    source_.ToString() + " as the dataset says; import it again");
  }
  const AugmentStream stream = {key_, epoch, record.id()};
  const auto* pixels = reinterpret_cast<const uint8_t*>(value.bytes.data());
  const auto run = [&](auto* x) {
    augmentation_.Run(pixels, size[0], size[1], size[2], stream, scratch,
                      x + row * image_.elements());
  };
  NamedTensor& image = batch->Tensor(kImageTensor);
  if (dtype_ == DType::kFloat64) {
    run(image.as<double>());
  } else {
    run(image.as<float>());
  }
  batch->Tensor(kLabelTensor).as<int32_t>()[row] = LabelOf(record.field(1));
  return OkStatus();
}

}  // namespace lockstep::storage
