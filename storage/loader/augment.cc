// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/augment.h"

#include <algorithm>
#include <string_view>
#include <type_traits>

#include "base/floating_point_state.h"
#include "base/suggest.h"
#include "storage/loader/augment_kinds.h"
#include "storage/loader/augment_ops.h"
#include "storage/loader/augment_parse.h"

namespace lockstep::storage {
namespace {

constexpr OptionRange kSize = {1, 1 << 16};     // pixels; every count of offsets is below 2^32
constexpr OptionRange kPadding = {0, 1 << 16};  // pixels
constexpr size_t kMaxOperations = 256;          // the counter holds the operation in 8 bits

struct RandomCropOptions {
  int64_t size = 1;
  int64_t pad = 0;

  template <typename V>
  void Visit(V&& v) {
    v("size", size, Says("height and width of the window, in pixels").Within(kSize));
    v("pad", pad, Says("zero pixels added on each side before").Within(kPadding));
  }
};

struct PadOptions {
  int64_t padding = 0;

  template <typename V>
  void Visit(V&& v) {
    v("padding", padding, Says("zero pixels added on each side").Within(kPadding));
  }
};

struct NormaliseOptions {
  std::string mean, std;

  template <typename V>
  void Visit(V&& v) {
    v("mean", mean, Says("one number, or one a channel (0.5,0.4); without it the dataset's"));
    v("std", std, Says("one number, or one a channel; given where mean is"));
  }
};

Result<std::unique_ptr<AugmentOp>> ParseRandomCrop(const AugmentCall& call,
                                                   const AugmentKind& kind) {
  ASSIGN_OR_RETURN(const auto options, call.Options<RandomCropOptions>(kind));
  return MakeRandomCrop(call.text(), options.size, options.pad);
}

Result<std::unique_ptr<AugmentOp>> ParseHorizontalFlip(const AugmentCall& call,
                                                       const AugmentKind& kind) {
  RETURN_IF_ERROR(call.Options<NoAttrs>(kind).status());
  return MakeHorizontalFlip(call.text());
}

Result<std::unique_ptr<AugmentOp>> ParsePad(const AugmentCall& call, const AugmentKind& kind) {
  ASSIGN_OR_RETURN(const auto options, call.Options<PadOptions>(kind));
  return MakePad(call.text(), options.padding);
}

// The operations on bytes, in the order of AugmentKinds; `normalise` comes behind them.
using ParseOp = Result<std::unique_ptr<AugmentOp>> (*)(const AugmentCall&, const AugmentKind&);
constexpr ParseOp kGeometryOps[] = {ParseRandomCrop, ParseHorizontalFlip, ParsePad};
constexpr std::string_view kNormalise = "normalise";

std::vector<std::string> KnownNames() {
  std::vector<std::string> names;
  for (const AugmentKind& kind : AugmentKinds()) names.push_back(kind.name);
  return names;
}

// The channel statistics that `normalise` uses: the recipe's, or the dataset's.
Result<ChannelStatistics> ParseNormalise(const AugmentCall& call,
                                         const ChannelStatistics& dataset) {
  ASSIGN_OR_RETURN(const auto options, call.Options<NormaliseOptions>(AugmentKinds().back()));
  if (call.Has("mean") != call.Has("std")) {
    return call.Error("has only one of mean and std; give both, or none for the dataset's");
  }
  ChannelStatistics used = dataset;
  if (call.Has("mean")) {
    ASSIGN_OR_RETURN(used.mean, call.Numbers("mean", options.mean));
    ASSIGN_OR_RETURN(used.std, call.Numbers("std", options.std));
  }
  if (used.mean.size() != used.std.size() || used.mean.empty()) {
    return call.Error("has " + std::to_string(used.mean.size()) + " means and " +
                      std::to_string(used.std.size()) + " standard deviations, expected equally " +
                      "many: one, or one a channel");
  }
  for (size_t c = 0; c < used.std.size(); ++c) {
    if (used.std[c] > 0.0) continue;
    return call.Error("the standard deviation of channel " + std::to_string(c) + " is " +
                      std::to_string(used.std[c]) +
                      ", expected more than 0; give one with normalise:mean=M:std=S");
  }
  return used;
}

std::string UpperCase(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
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
void LookUpByChannel(const uint8_t* bytes, ImageSize size, const T* values, T* y) {
  if (size.channels == 3) return LookUp<3, true>(bytes, size.bytes(), values, y);
  const uint8_t* const end = bytes + size.bytes();
  while (bytes < end) {
    for (int64_t c = 0; c < size.channels; ++c) *y++ = values[c * 256 + *bytes++];
  }
}

}  // namespace

std::string AugmentKind::Form() const {
  std::string form = name;
  for (size_t i = 0; i < options.options().size(); ++i) {
    const std::string& option = options.options()[i].name;
    const std::string value = UpperCase(option);
    form += i < values ? ":" + value : "[:" + option + "=" + value + "]";
  }
  return form;
}

const std::vector<AugmentKind>& AugmentKinds() {
  static const auto* const kinds = new std::vector<AugmentKind>{
      {"random-crop", "takes a window whose place is drawn", ListOf<RandomCropOptions>(), 1},
      {"hflip", "mirrors left and right with probability one half", ListOf<NoAttrs>(), 0},
      {"pad", "adds black pixels on each side", ListOf<PadOptions>(), 1},
      {"normalise", "(x / 255 - mean) / std of each channel; the last operation",
       ListOf<NormaliseOptions>(), 0}};
  return *kinds;
}

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
    if (call.name() == kNormalise) {
      if (i + 1 != operations.size()) {
        return call.Error("must be the last of the list, but '" + operations[i + 1] +
                          "' follows; crops, flips and padding run on bytes");
      }
      ASSIGN_OR_RETURN(ChannelStatistics used, ParseNormalise(call, statistics));
      result.mean_ = std::move(used.mean);
      result.std_ = std::move(used.std);
      continue;
    }
    const auto& kinds = AugmentKinds();
    const auto known = std::find_if(kinds.begin(), kinds.end(), [&](const AugmentKind& kind) {
      return kind.name == call.name();
    });
    if (known == kinds.end()) {
      return call.Error("unknown operation '" + call.name() + "'" +
                        Suggestion(call.name(), KnownNames()));
    }
    ASSIGN_OR_RETURN(auto op, kGeometryOps[known - kinds.begin()](call, *known));
    result.ops_.push_back(std::move(op));
  }
  const ScopedFloatingPointState standard;
  result.f64_values_ = TableOfValues(result.mean_, result.std_);
  for (const double value : result.f64_values_) {
    result.f32_values_.push_back(static_cast<float>(value));
  }
  return result;
}

Result<Shape> Augmentation::OutputShape(int64_t height, int64_t width, int64_t channels) const {
  ImageSize size = {height, width, channels};
  for (const auto& op : ops_) {
    ASSIGN_OR_RETURN(size, op->OutputSize(size));
  }
  if (mean_.size() > 1 && static_cast<int64_t>(mean_.size()) != channels) {
    return InvalidArgument("augmentation 'normalise': statistics of " +
                           std::to_string(mean_.size()) + " channels for images of " +
                           std::to_string(channels) + "; give one number, or one a channel");
  }
  return Shape{size.height, size.width, size.channels};
}

Status Augmentation::RequireDeterministic() const {
  for (const auto& op : ops_) {
    if (!op->random()) continue;
    return InvalidArgument("augmentation '" + op->text() +
                           "' draws random numbers, and evaluation has none; remove it from "
                           "augment.val");
  }
  return OkStatus();
}

template <typename T>
void Augmentation::Run(const uint8_t* pixels, int64_t height, int64_t width, int64_t channels,
                       const AugmentStream& stream, AugmentScratch* scratch, T* y) const {
  ImageSize size = {height, width, channels};
  const uint8_t* image = pixels;
  for (size_t i = 0; i < ops_.size(); ++i) {
    const ImageSize next = *ops_[i]->OutputSize(size);
    scratch->out.resize(static_cast<size_t>(next.bytes()));
    AugmentDraws draws(stream, static_cast<uint32_t>(i));
    ops_[i]->Run(image, size, &draws, scratch->out.data());
    std::swap(scratch->in, scratch->out);
    image = scratch->in.data();
    size = next;
  }
  const T* values = nullptr;
  if constexpr (std::is_same_v<T, float>) {
    values = f32_values_.data();
  } else {
    values = f64_values_.data();
  }
  if (mean_.size() > 1) {
    LookUpByChannel(image, size, values, y);
  } else {
    LookUp<8, false>(image, size.bytes(), values, y);
  }
}

template void Augmentation::Run(const uint8_t*, int64_t, int64_t, int64_t, const AugmentStream&,
                                AugmentScratch*, float*) const;
template void Augmentation::Run(const uint8_t*, int64_t, int64_t, int64_t, const AugmentStream&,
                                AugmentScratch*, double*) const;

}  // namespace lockstep::storage
