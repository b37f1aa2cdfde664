// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/augment.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/floating_point_state.h"
#include "base/suggest.h"
#include "storage/augment/call.h"
#include "storage/augment/registry.h"

namespace lockstep::storage {
namespace {

constexpr size_t kMaxOperations = 256;  // the counter holds the operation in 8 bits

Result<std::unique_ptr<AugmentOp>> MakeOp(const AugmentCall& call, const AugmentContext& context) {
  const std::vector<AugmentKind>& kinds = AugmentKinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [&](const auto& known) { return known.name == call.name(); });
  if (kind == kinds.end()) {
    std::vector<std::string> names;
    for (const AugmentKind& known : kinds) names.push_back(known.name);
    return call.Error("unknown operation '" + call.name() + "'" + Suggestion(call.name(), names));
  }
  ASSIGN_OR_RETURN(const Attrs options, call.Options(*kind));
  auto op = kind->make(options, context);
  if (!op.ok()) return call.Error(op.status().message());
  return op;
}

std::vector<double> TableOfValues(const std::vector<double>& mean, const std::vector<double>& std) {
  std::vector<double> values;
  for (size_t c = 0; c < std::max<size_t>(1, mean.size()); ++c) {
    for (int byte = 0; byte < 256; ++byte) {
      const double x = byte / 255.0;
      values.push_back(mean.empty() ? x : (x - mean[c]) / std[c]);
    }
  }
  return values;
}

// y[i] = values[bytes[i]], kAtOnce at a time; where kByChannel, kAtOnce is the number of channels
// and each has 256 values.
template <int64_t kAtOnce, bool kByChannel, typename T>
void LookUp(const uint8_t* bytes, int64_t n, const T* values, T* y) {
  constexpr int64_t kStride = kByChannel ? 256 : 0;
  int64_t i = 0;
  for (; i + kAtOnce <= n; i += kAtOnce) {
    for (int64_t j = 0; j < kAtOnce; ++j) y[i + j] = values[j * kStride + bytes[i + j]];
  }
  for (int64_t j = 0; i + j < n; ++j) y[i + j] = values[j * kStride + bytes[i + j]];
}

template <typename T>
void LookUpByChannel(const uint8_t* bytes, int64_t n, int64_t channels, const T* values, T* y) {
  if (channels == 3) return LookUp<3, true>(bytes, n, values, y);
  const uint8_t* const end = bytes + n;
  while (bytes < end) {
    for (int64_t c = 0; c < channels; ++c) *y++ = values[c * 256 + *bytes++];
  }
}

}  // namespace

Augmentation::Augmentation() = default;
Augmentation::Augmentation(Augmentation&&) noexcept = default;
Augmentation& Augmentation::operator=(Augmentation&&) noexcept = default;
Augmentation::~Augmentation() = default;

Result<Augmentation> Augmentation::Parse(const std::vector<std::string>& operations,
                                         const ChannelStatistics& statistics) {
  if (operations.size() > kMaxOperations) {
    return InvalidArgument("the augmentation list has " + std::to_string(operations.size()) +
                           " operations, expected at most " + std::to_string(kMaxOperations));
  }
  Augmentation result;
  for (size_t i = 0; i < operations.size(); ++i) {
    ASSIGN_OR_RETURN(const AugmentCall call, AugmentCall::Parse(operations[i], i));
    ASSIGN_OR_RETURN(auto op, MakeOp(call, {.statistics = &statistics}));
    const ChannelStatistics* const used = op->normalises();
    if (used == nullptr) {
      result.steps_.push_back({call.text(), std::move(op)});
      continue;
    }
    if (i + 1 != operations.size()) {
      return call.Error("must be the last of the list, but '" + operations[i + 1] +
                        "' follows; the other operations run on bytes");
    }
    result.normalise_ = *used;
  }
  const ScopedFloatingPointState standard;
  result.f64_values_ = TableOfValues(result.normalise_.mean, result.normalise_.std);
  for (const double value : result.f64_values_) {
    result.f32_values_.push_back(static_cast<float>(value));
  }
  return result;
}

Result<ImageSize> Augmentation::Step::OutputSize(ImageSize in) const {
  Result<ImageSize> out = op->OutputSize(in);
  if (!out.ok()) return out.status().WithContext("augmentation '" + text + "'");
  CHECK(out->height > 0 && out->width > 0) << text << " " << out->ToString();
  if (out->height <= kMaxPixels / out->width) return out;
  return InvalidArgument("augmentation '" + text + "': an image of " + in.ToString() +
                         " would become " + out->ToString() +
                         ", more than 2^28 pixels; use a smaller size");
}

Status Augmentation::CheckChannels(int64_t channels) const {
  const size_t means = normalise_.mean.size();
  if (means <= 1 || static_cast<int64_t>(means) == channels) return OkStatus();
  return InvalidArgument("augmentation 'normalise': statistics of " + std::to_string(means) +
                         " channels for images of " + std::to_string(channels) +
                         "; give one number, or one a channel");
}

Result<ImageSize> Augmentation::OutputSize(ImageSize in) const {
  ImageSize size = in;
  for (const Step& step : steps_) {
    ASSIGN_OR_RETURN(size, step.OutputSize(size));
  }
  RETURN_IF_ERROR(CheckChannels(size.channels));
  return size;
}

Result<Shape> Augmentation::OutputShape(std::span<const ImageSize> sizes) const {
  CHECK(!sizes.empty());
  ASSIGN_OR_RETURN(const ImageSize first, OutputSize(sizes[0]));
  for (const ImageSize& size : sizes) {
    ASSIGN_OR_RETURN(const ImageSize out, OutputSize(size));
    if (out == first) continue;
    return InvalidArgument(
        "the augmentation list does not make one size of all images: one of " +
        sizes[0].ToString() + " becomes " + first.ToString() + ", and one of " + size.ToString() +
        " becomes " + out.ToString() +
        "; add an operation that does, such as random-resized-crop:224 for training, or "
        "resize:256 and center-crop:224 for evaluation");
  }
  return Shape{first.height, first.width, first.channels};
}

Result<Shape> Augmentation::OutputShape(int64_t height, int64_t width, int64_t channels) const {
  const ImageSize size = {height, width, channels};
  return OutputShape(std::span(&size, 1));
}

Status Augmentation::RequireDeterministic() const {
  for (const Step& step : steps_) {
    if (!step.op->random()) continue;
    return InvalidArgument("augmentation '" + step.text +
                           "' draws random numbers, and evaluation has none; remove it from "
                           "augment.val");
  }
  return OkStatus();
}

Status Augmentation::Run(const AugmentStream& stream, AugmentedSample* sample) const {
  const ScopedFloatingPointState standard;
  for (size_t i = 0; i < steps_.size(); ++i) {
    ASSIGN_OR_RETURN(const ImageSize size, steps_[i].OutputSize(sample->size()));
    AugmentDraws draws(stream, static_cast<uint32_t>(i));
    steps_[i].op->Run(&draws, sample);
    RETURN_IF_ERROR(sample->status());
    CHECK(sample->size() == size) << steps_[i].text << " made " << sample->size().ToString()
                                  << " and said " << size.ToString();
  }
  RETURN_IF_ERROR(CheckChannels(sample->size().channels));
  sample->Finish();
  return sample->status();
}

template <typename T>
void Augmentation::Write(const ImageView& image, T* y) const {
  const T* values = nullptr;
  if constexpr (std::is_same_v<T, float>) {
    values = f32_values_.data();
  } else {
    values = f64_values_.data();
  }
  const ImageSize& size = image.size;
  const int64_t rows = image.packed() ? 1 : size.height;  // packed: all at once
  const int64_t n = size.bytes() / rows;
  for (int64_t row = 0; row < rows; ++row, y += n) {
    if (normalise_.mean.size() > 1) {
      LookUpByChannel(image.row(row), n, size.channels, values, y);
    } else {
      LookUp<8, false>(image.row(row), n, values, y);
    }
  }
}

template void Augmentation::Write(const ImageView&, float*) const;
template void Augmentation::Write(const ImageView&, double*) const;

}  // namespace lockstep::storage
