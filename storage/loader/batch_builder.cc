// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/batch_builder.h"

#include <utility>

namespace lockstep::storage {

std::vector<InputSpec> ImageAndLabelInputs() {
  return {{.tensor = std::string(kImageTensor), .field = "image"},
          {.tensor = std::string(kLabelTensor), .field = "label"}};
}

Result<Shape> AugmentedShape(const DatasetInfo& info, const SplitInfo& split,
                             const Augmentation& augmentation) {
  if (info.channels <= 0 || split.sizes.empty()) {
    return InvalidArgument(split.sizes.empty()
                               ? "split '" + split.name + "' has no images"
                               : "the images of this dataset have different numbers of channels; "
                                 "import images of one kind");
  }
  std::vector<ImageSize> sizes;
  for (const SizeExample& example : split.sizes) {
    sizes.push_back({example.height, example.width, info.channels});
  }
  return augmentation.OutputShape(sizes);
}

BatchBuilder::BatchBuilder(Augmentation augmentation, FieldReader fields, Shape image,
                           uint64_t seed)
    : augmentation_(std::move(augmentation)),
      fields_(std::move(fields)),
      image_(std::move(image)),
      key_(StreamKey(seed, "augment")) {}

Result<BatchBuilder> BatchBuilder::Make(const DatasetInfo& info, const SplitInfo& split,
                                        const std::vector<std::string>& augment,
                                        const std::vector<InputSpec>& inputs, DType dtype,
                                        uint64_t seed) {
  if (!IsFloat(dtype)) {
    return InvalidArgument("a batch of " + std::string(DTypeName(dtype)) +
                           " is not possible, expected f32 or f64");
  }
  ASSIGN_OR_RETURN(Augmentation augmentation,
                   Augmentation::Parse(augment, {info.channel_mean, info.channel_std}));
  ASSIGN_OR_RETURN(Shape image, AugmentedShape(info, split, augmentation));
  ASSIGN_OR_RETURN(FieldReader fields, FieldReader::Make(info, inputs, image, dtype));
  return BatchBuilder(std::move(augmentation), std::move(fields), std::move(image), seed);
}

Result<LaneBatch> BatchBuilder::Allocate(Lane lane, const std::vector<Record>& records) const {
  LaneBatch batch;
  batch.lane = lane;
  batch.rows = static_cast<int64_t>(records.size());
  RETURN_IF_ERROR(fields_.AddTensors(&batch));
  batch.ids.reserve(records.size());
  for (const Record& record : records) batch.ids.push_back(record.id());
  return batch;
}

Status BatchBuilder::Fill(const Record& record, Epoch epoch, int64_t row, SampleScratch* scratch,
                          LaneBatch* batch) const {
  CHECK(row >= 0 && row < batch->rows) << row;
  const AugmentStream stream = {key_, epoch, record.id()};
  const Status status = fields_.Read(record, augmentation_, stream, row, scratch, batch);
  if (status.ok()) return status;
  return status.WithContext(DescribeSample(record.id()) + ", '" +
                            std::string(record.source_path()) + "'");
}

}  // namespace lockstep::storage
