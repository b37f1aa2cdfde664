// SPDX-License-Identifier: Apache-2.0
#include "ops/math/concat/concat.h"

#include "ops/core/expect.h"
#include "ops/core/registry.h"
#include "ops/math/concat/concat_cpu.h"

namespace lockstep::ops {
namespace {

int64_t ChannelsOf(const Shape& shape) { return shape.rank() == 0 ? 0 : shape[shape.rank() - 1]; }

}  // namespace

Value Concat(Emitter* e, std::span<const Value> parts) {
  ConcatAttrs attrs;
  for (const Value part : parts) {
    if (!part.valid()) return {};
    attrs.channels.push_back(ChannelsOf(e->TypeOf(part).shape));
  }
  return e->Emit("concat", Pack(attrs), parts)[0];
}

Value SliceChannels(Emitter* e, Value x, int64_t begin, int64_t count) {
  return e->Emit1("slice_channels", Pack(SliceChannelsAttrs{begin, count}), {x});
}

std::vector<Value> Split(Emitter* e, Value x, std::span<const int64_t> channels) {
  std::vector<Value> pieces;
  int64_t begin = 0;
  for (const int64_t count : channels) {
    pieces.push_back(SliceChannels(e, x, begin, count));
    begin += count;
  }
  return pieces;
}

namespace concat {
namespace {

// The shape with another last axis.
Shape WithChannels(const Shape& shape, int64_t channels) {
  std::vector<int64_t> dims = shape.dims();
  dims.back() = channels;
  return Shape(std::move(dims));
}

Status ExpectChannels(const TensorType& type, const std::string& name) {
  RETURN_IF_ERROR(ExpectFloat(type, name));
  if (type.shape.rank() > 0) return OkStatus();
  return InvalidArgument(name + " is " + type.ToString() +
                         "; expected at least one dimension, the last one the channels");
}

Result<TensorTypes> Infer(const ConcatAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, attrs.channels.size()));
  if (in.empty()) return InvalidArgument("concat has no input; expected at least one");
  RETURN_IF_ERROR(ExpectChannels(in[0], "input 0"));
  int64_t channels = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    const std::string name = "input " + std::to_string(i);
    RETURN_IF_ERROR(ExpectDType(in[i], in[0].dtype, name));
    if (attrs.channels[i] < 0 || __builtin_add_overflow(channels, attrs.channels[i], &channels)) {
      return InvalidArgument(name + " is said to have " + std::to_string(attrs.channels[i]) +
                             " channels; expected at least 0, and fewer than 2^63 in all");
    }
    RETURN_IF_ERROR(ExpectShape(in[i], WithChannels(in[0].shape, attrs.channels[i]), name));
  }
  const TensorType y = {in[0].dtype, WithChannels(in[0].shape, channels)};
  RETURN_IF_ERROR(ExpectSize(y, "y"));
  return TensorTypes{y};
}

std::vector<Value> Grad(const ConcatAttrs& attrs, const GradArgs& g) {
  std::vector<Value> din(g.in.size());
  int64_t begin = 0;
  for (size_t i = 0; i < din.size(); ++i) {
    if (g.want[i]) din[i] = SliceChannels(g.emit, g.dout[0], begin, attrs.channels[i]);
    begin += attrs.channels[i];
  }
  return din;
}

// Whether `count` channels from `begin` on are among `channels`.
Status ExpectInside(int64_t begin, int64_t count, int64_t channels) {
  if (begin >= 0 && count >= 0 && begin <= channels && count <= channels - begin) return OkStatus();
  return InvalidArgument(std::to_string(count) + " channels from channel " + std::to_string(begin) +
                         " on; expected them to lie among the " + std::to_string(channels) +
                         " there are");
}

Result<TensorTypes> InferSlice(const SliceChannelsAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectChannels(in[0], "x"));
  RETURN_IF_ERROR(ExpectInside(attrs.begin, attrs.count, ChannelsOf(in[0].shape)));
  return TensorTypes{{in[0].dtype, WithChannels(in[0].shape, attrs.count)}};
}

std::vector<Value> GradSlice(const SliceChannelsAttrs& attrs, const GradArgs& g) {
  const int64_t channels = ChannelsOf(g.emit->TypeOf(g.in[0]).shape);
  return {g.emit->Emit1("place_channels", Pack(PlaceChannelsAttrs{attrs.begin, channels}),
                        {g.dout[0]})};
}

Result<TensorTypes> InferPlace(const PlaceChannelsAttrs& attrs, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectChannels(in[0], "x"));
  RETURN_IF_ERROR(ExpectInside(attrs.begin, ChannelsOf(in[0].shape), attrs.channels));
  const TensorType y = {in[0].dtype, WithChannels(in[0].shape, attrs.channels)};
  RETURN_IF_ERROR(ExpectSize(y, "y"));
  return TensorTypes{y};
}

std::vector<Value> GradPlace(const PlaceChannelsAttrs& attrs, const GradArgs& g) {
  return {SliceChannels(g.emit, g.dout[0], attrs.begin, ChannelsOf(g.emit->TypeOf(g.in[0]).shape))};
}

Sample ConcatSample(std::string name, const Shape& rows, std::vector<int64_t> channels) {
  Sample sample = {std::move(name), Pack(ConcatAttrs{channels}), {}};
  for (const int64_t count : channels) {
    sample.in.push_back({{DType::kFloat32, WithChannels(rows, count)}});
  }
  return sample;
}

Sample SliceSample(std::string name, const Shape& x, int64_t begin, int64_t count) {
  return {std::move(name), Pack(SliceChannelsAttrs{begin, count}), {{{DType::kFloat32, x}}}};
}

Sample PlaceSample(std::string name, const Shape& x, int64_t begin, int64_t channels) {
  return {std::move(name), Pack(PlaceChannelsAttrs{begin, channels}), {{{DType::kFloat32, x}}}};
}

}  // namespace

void Register(OpRegistry& registry) {
  registry.Add<ConcatAttrs>(
      {.name = "concat",
       .infer = Infer,
       .reference_f32 = Reference<float>,
       .reference_f64 = Reference<double>,
       .grad = Grad,
       .samples = {ConcatSample("images", {2, 3, 5, 1}, {3, 4}),
                   ConcatSample("five", {3, 2, 1, 1}, {1, 2, 3, 4, 5}),
                   ConcatSample("wide", {1, 9, 7, 1}, {40, 33}), ConcatSample("one", {3, 1}, {2}),
                   ConcatSample("vectors", {1}, {3, 2}),
                   ConcatSample("no_rows", {0, 2, 2, 1}, {3, 4})}});
  registry.Add<SliceChannelsAttrs>(
      {.name = "slice_channels",
       .infer = InferSlice,
       .reference_f32 = ReferenceSlice<float>,
       .reference_f64 = ReferenceSlice<double>,
       .grad = GradSlice,
       .samples = {SliceSample("middle", {2, 3, 5, 7}, 2, 3), SliceSample("all", {2, 5}, 0, 5),
                   SliceSample("wide", {1, 9, 7, 73}, 33, 40),
                   SliceSample("no_rows", {0, 2, 2, 5}, 1, 2)}});
  registry.Add<PlaceChannelsAttrs>(
      {.name = "place_channels",
       .infer = InferPlace,
       .reference_f32 = ReferencePlace<float>,
       .reference_f64 = ReferencePlace<double>,
       .grad = GradPlace,
       .samples = {PlaceSample("middle", {2, 3, 5, 3}, 2, 7), PlaceSample("all", {2, 5}, 0, 5),
                   PlaceSample("no_rows", {0, 2, 2, 2}, 1, 5)}});
}

}  // namespace concat
}  // namespace lockstep::ops
