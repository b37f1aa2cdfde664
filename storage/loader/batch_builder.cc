// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/batch_builder.h"

#include <utility>

#include "base/hash.h"
#include "storage/augment/pixels_in_memory.h"

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

Result<LaneBatch> BatchBuilder::Allocate(Lane lane, int64_t rows) const {
  ASSIGN_OR_RETURN(LaneBatch batch, MakeImageBatch(lane, rows, image_, dtype_));
  batch.ids.reserve(static_cast<size_t>(rows));
  return batch;
}

Status BatchBuilder::Append(const Record& record, Epoch epoch, AugmentedSample* sample,
                            LaneBatch* batch) const {
  const Shape size = {record.height, record.width, record.channels};
  if (size != source_ || static_cast<int64_t>(record.pixels.size()) != source_.elements()) {
    return DataLoss(NameOf(record.id) + ": is an image of " + size.ToString() + " with " +
                    std::to_string(record.pixels.size()) + " bytes, expected " +
                    source_.ToString() + " as the dataset says; import it again");
  }
  const auto row = static_cast<int64_t>(batch->ids.size());
  CHECK_LT(row, batch->rows);
  const PixelsInMemory pixels(reinterpret_cast<const uint8_t*>(record.pixels.data()),
                              {record.height, record.width, record.channels});
  sample->Begin(pixels);
  const Status run = augmentation_.Run({key_, epoch, record.id}, sample);
  if (!run.ok()) return run.WithContext(NameOf(record.id));
  NamedTensor& image = batch->Tensor(kImageTensor);
  const int64_t at = row * image_.elements();
  if (dtype_ == DType::kFloat64) {
    augmentation_.Write(sample->image(), image.as<double>() + at);
  } else {
    augmentation_.Write(sample->image(), image.as<float>() + at);
  }
  batch->Tensor(kLabelTensor).as<int32_t>()[row] = record.label;
  batch->ids.push_back(record.id);
  return OkStatus();
}

}  // namespace lockstep::storage
