// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/field_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"
#include "storage/image/encoded_image.h"
#include "storage/image/image_header.h"
#include "storage/loader/field_values.h"

namespace lockstep::storage {
namespace {

bool BelongsToBoxes(FieldKind kind) {
  return kind == FieldKind::kBoxes || kind == FieldKind::kBoxLabels ||
         kind == FieldKind::kBoxFlags || kind == FieldKind::kBoxArea;
}

// The first values of a list, each as To, and `rest` behind them until `size` are written.
template <typename From, typename To>
void Fill(const std::vector<From>& from, size_t count, int64_t size, To rest, To* out) {
  count = std::min(count, from.size());
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<To>(from[i]);
  std::fill(out + count, out + size, rest);
}

const uint8_t* BytesOf(const FieldView& value) {
  return reinterpret_cast<const uint8_t*>(value.bytes.data());
}

Result<MaskField> TimedMask(const FieldView& value, SampleScratch* scratch) {
  const TimedPart timed(scratch->timing, &LoaderTiming::decode_ns);
  return ReadMask(value, &scratch->decoder);
}

template <typename From, typename To>
void Convert(const FieldView& value, int64_t n, To* out) {
  for (int64_t i = 0; i < n; ++i) {
    From from;
    std::memcpy(&from, value.bytes.data() + static_cast<size_t>(i) * sizeof from, sizeof from);
    out[i] = static_cast<To>(from);
  }
}

// fn(pointer to the row), of the tensor's floating-point type.
template <typename Fn>
void OnFloatRow(NamedTensor* tensor, int64_t at, const Fn& fn) {
  if (tensor->type.dtype == DType::kFloat64) {
    fn(tensor->as<double>() + at);
  } else {
    fn(tensor->as<float>() + at);
  }
}

}  // namespace

Result<FieldReader> FieldReader::Make(const DatasetInfo& info, const std::vector<InputSpec>& inputs,
                                      const Shape& image, DType dtype) {
  FieldReader reader;
  reader.image_ = image;
  reader.image_field_ = info.schema.FirstOf(FieldKind::kImage);
  ASSIGN_OR_RETURN(reader.tensors_, TensorsOfBatch(info.schema, inputs, image, dtype));
  int64_t masks = 0;
  for (const InputSpec& input : inputs) {
    const int index = info.schema.IndexOf(input.field);
    const FieldSpec& field = info.schema.fields[static_cast<size_t>(index)];
    if (field.kind == FieldKind::kImage && index != reader.image_field_) {
      return InvalidArgument("field '" + field.name +
                             "' is the second image of a sample, and one is augmented");
    }
    const TensorType& row = reader.tensors_[reader.inputs_.size()].row;
    Input made = {input.tensor, input.field, static_cast<size_t>(index), field.kind, row, -1};
    if (BelongsToBoxes(field.kind)) RETURN_IF_ERROR(reader.AddBoxes(info, field, &made));
    if (field.kind == FieldKind::kMask) made.mask = masks++;
    reader.inputs_.push_back(std::move(made));
  }
  // The tensors with the numbers of boxes come behind those of the inputs.
  size_t counts = reader.inputs_.size();
  for (Input& input : reader.inputs_) {
    if (input.kind == FieldKind::kBoxes) input.count = counts++;
  }
  return reader;
}

Status FieldReader::AddBoxes(const DatasetInfo& info, const FieldSpec& field, Input* input) {
  if (image_field_ < 0) {
    return InvalidArgument("field '" + field.name + "' has boxes, and the dataset has no image");
  }
  const int index = info.schema.IndexOf(field.of.empty() ? field.name : field.of);
  CHECK_GE(index, 0) << "a schema is checked when it is read";
  const auto at = std::find(boxes_fields_.begin(), boxes_fields_.end(), static_cast<size_t>(index));
  input->boxes = static_cast<size_t>(at - boxes_fields_.begin());
  if (at == boxes_fields_.end()) boxes_fields_.push_back(static_cast<size_t>(index));
  schema_ = info.schema;
  return OkStatus();
}

Status FieldReader::AddTensors(LaneBatch* batch) const {
  for (const BatchTensor& tensor : tensors_) {
    std::vector<int64_t> dims = {batch->rows};
    dims.insert(dims.end(), tensor.row.shape.dims().begin(), tensor.row.shape.dims().end());
    RETURN_IF_ERROR(batch->Add(tensor.name, {tensor.row.dtype, Shape(std::move(dims))}));
  }
  if (tensors_.size() > inputs_.size()) {  // with counts of boxes
    batch->boxes_left_out.assign(static_cast<size_t>(batch->rows), 0);
  }
  return OkStatus();
}

Status FieldReader::Begin(const Record& record, const PixelSource& image,
                          SampleScratch* scratch) const {
  scratch->sample.Begin(image);
  for (const Input& input : inputs_) {
    if (input.kind != FieldKind::kMask) continue;
    ASSIGN_OR_RETURN(MaskField mask, TimedMask(record.field(input.field), scratch));
    RETURN_IF_ERROR(scratch->sample.AddMask(std::move(mask)));
  }
  for (const size_t field : boxes_fields_) {
    if (record.field(field).absent()) {
      return DataLoss("the sample has no value of field '" + schema_.fields[field].name + "'");
    }
    RETURN_IF_ERROR(scratch->sample.AddBoxes(ReadBoxes(schema_, record, field)));
  }
  return OkStatus();
}

Status FieldReader::Augment(const Record& record, const Augmentation& augmentation,
                            const AugmentStream& stream, SampleScratch* scratch) const {
  const TimedPart timed(scratch->timing, &LoaderTiming::decode_and_augment_ns);
  const FieldView value = record.field(static_cast<size_t>(image_field_));
  const auto run = [&](const PixelSource& image) -> Status {
    RETURN_IF_ERROR(Begin(record, image, scratch));
    RETURN_IF_ERROR(augmentation.Run(stream, &scratch->sample));
    const ImageSize& size = scratch->sample.size();
    if (Shape{size.height, size.width, size.channels} == image_) return OkStatus();
    return DataLoss("an image of " + image.size().ToString() + " becomes " + size.ToString() +
                    " by the augmentation, and the others become " + image_.ToString() +
                    "; end the list with an operation that makes one size of all");
  };
  if (value.encoding == Encoding::kRaw) {
    return run(RawImage(BytesOf(value), {value.dims[0], value.dims[1], value.dims[2]}));
  }
  ASSIGN_OR_RETURN(const ImageHeader header, ReadImageHeader(value.bytes));
  const EncodedImage image(value.bytes, header, value.dims[2], &scratch->decoder);
  return scratch->timing == nullptr ? run(image) : run(TimedImage(&image, scratch->timing));
}

void FieldReader::Write(const Input& input, const FieldView& value,
                        const Augmentation& augmentation, const AugmentedSample& sample,
                        int64_t row, NamedTensor* tensor) const {
  const int64_t n = input.row.shape.elements();
  switch (input.kind) {
    case FieldKind::kImage:
      return OnFloatRow(tensor, row * n,
                        [&](auto* out) { augmentation.Write(sample.image(), out); });
    case FieldKind::kMask:
      return sample.CopyMask(input.mask, tensor->as<int32_t>() + row * n);
    case FieldKind::kLabel:
      tensor->as<int32_t>()[row] = LabelOf(value);
      return;
    case FieldKind::kLabels:
      return OnFloatRow(tensor, row * n, [&](auto* out) { Convert<uint8_t>(value, n, out); });
    case FieldKind::kNumbers:
      return OnFloatRow(tensor, row * n, [&](auto* out) { Convert<float>(value, n, out); });
    default:
      CHECK(false) << "Make lets no such field through: " << input.tensor;
  }
}

void FieldReader::WriteBoxes(const Input& input, const AugmentedSample& sample, int64_t row,
                             LaneBatch* batch) const {
  const BoxesField& boxes = sample.boxes()[input.boxes];
  const int64_t most = input.row.shape[0];
  const auto kept = static_cast<size_t>(std::min(boxes.count(), most));
  NamedTensor* tensor = &batch->tensors[static_cast<size_t>(&input - inputs_.data())];
  switch (input.kind) {
    case FieldKind::kBoxLabels:
      return Fill(boxes.labels, kept, most, -1, tensor->as<int32_t>() + row * most);
    case FieldKind::kBoxFlags:
      return Fill(boxes.flags, kept, most, 0, tensor->as<int32_t>() + row * most);
    case FieldKind::kBoxArea:
      return OnFloatRow(tensor, row * most, [&](auto* out) {
        Fill(boxes.area, kept, most, decltype(*out + 0){}, out);
      });
    default:
      break;
  }
  OnFloatRow(tensor, row * 4 * most,
             [&](auto* out) { Fill(boxes.xyxy, 4 * kept, 4 * most, decltype(*out + 0){}, out); });
  batch->tensors[input.count].as<int32_t>()[row] = static_cast<int32_t>(kept);
  batch->boxes_left_out[static_cast<size_t>(row)] += boxes.count() - static_cast<int64_t>(kept);
}

Status FieldReader::Read(const Record& record, const Augmentation& augmentation,
                         const AugmentStream& stream, int64_t row, SampleScratch* scratch,
                         LaneBatch* batch) const {
  if (image_field_ >= 0) RETURN_IF_ERROR(Augment(record, augmentation, stream, scratch));
  const TimedPart timed(scratch->timing, &LoaderTiming::write_ns);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Input& input = inputs_[i];
    const FieldView value = record.field(input.field);
    if (value.absent()) {
      return DataLoss("the sample has no value of field '" + input.name + "'");
    }
    const bool fixed = input.kind == FieldKind::kNumbers;
    if (fixed && value.dims[0] != input.row.shape[0]) {
      return DataLoss("field '" + input.name + "' has " + std::to_string(value.dims[0]) +
                      " numbers, expected " + std::to_string(input.row.shape[0]));
    }
    if (BelongsToBoxes(input.kind)) {
      WriteBoxes(input, scratch->sample, row, batch);
    } else {
      Write(input, value, augmentation, scratch->sample, row, &batch->tensors[i]);
    }
  }
  return OkStatus();
}

}  // namespace lockstep::storage
