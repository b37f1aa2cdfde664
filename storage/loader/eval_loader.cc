// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/eval_loader.h"

#include <utility>

#include "storage/loader/batch_builder.h"
#include "storage/loader/record_source.h"
#include "storage/order/dataset_order.h"

namespace lockstep::storage {

EvalLoader::EvalLoader(std::shared_ptr<const RecordSource> source,
                       std::unique_ptr<BatchBuilder> builder, EvalSpec spec, SampleId first)
    : source_(std::move(source)), builder_(std::move(builder)), spec_(spec), first_(first) {}

EvalLoader::~EvalLoader() = default;

Result<std::unique_ptr<EvalLoader>> EvalLoader::Make(const Dataset* dataset,
                                                     const EvalLoaderOptions& options) {
  return Make(std::make_shared<const DatasetSource>(dataset), options);
}

Result<std::unique_ptr<EvalLoader>> EvalLoader::Make(std::shared_ptr<const RecordSource> source,
                                                     const EvalLoaderOptions& options) {
  const DatasetInfo& info = source->info();
  ASSIGN_OR_RETURN(const SplitInfo split, info.Split(options.split));
  ASSIGN_OR_RETURN(const EvalSpec spec,
                   EvalSpecFor(info, options.split, options.lanes, options.eval_batch));
  ASSIGN_OR_RETURN(
      BatchBuilder builder,
      BatchBuilder::Make(info, split, options.augment, options.inputs, options.dtype, /*seed=*/0));
  RETURN_IF_ERROR(builder.augmentation().RequireDeterministic());
  return std::unique_ptr<EvalLoader>(
      new EvalLoader(std::move(source), std::make_unique<BatchBuilder>(std::move(builder)), spec,
                     SampleId(split.first_id)));
}

const Shape& EvalLoader::image_shape() const { return builder_->image_shape(); }

Result<LaneBatch> EvalLoader::Read(Lane lane, int64_t index) const {
  const Range rows = BatchRange(spec_, lane, index);
  const std::string where =
      "evaluation batch " + std::to_string(index) + " of lane " + std::to_string(lane.value);
  const SampleId first(first_.value + static_cast<uint64_t>(rows.begin));
  auto records = source_->ReadRange(first, rows.size());
  if (!records.ok()) return records.status().WithContext(where);
  CHECK_EQ(static_cast<int64_t>(records->size()), rows.size()) << where;
  ASSIGN_OR_RETURN(LaneBatch batch, builder_->Allocate(lane, *records));
  SampleScratch scratch;
  for (int64_t row = 0; row < batch.rows; ++row) {
    const Status status =
        builder_->Fill((*records)[static_cast<size_t>(row)], Epoch(0), row, &scratch, &batch);
    if (!status.ok()) return status.WithContext(where);
  }
  return batch;
}

}  // namespace lockstep::storage
