// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/augment_ops.h"

#include <algorithm>
#include <cstring>

#include "base/device/for_isa.h"

namespace lockstep::storage {
namespace {

// out (out_size) = the window of `in` whose top-left corner is (top, left); what lies outside the
// image is zero.
void CopyWindow(const uint8_t* in, ImageSize size, int64_t top, int64_t left, ImageSize out_size,
                uint8_t* out) {
  // Columns [begin, end) of the window lie inside the image.
  const int64_t begin = std::max<int64_t>(0, -left);
  const int64_t end = std::min(size.width - left, out_size.width);
  const auto zeros = [&](int64_t pixels) {
    std::memset(out, 0, static_cast<size_t>(pixels * size.channels));
    out += pixels * size.channels;
  };
  for (int64_t y = 0; y < out_size.height; ++y) {
    const int64_t from = y + top;
    if (from < 0 || from >= size.height || begin >= end) {
      zeros(out_size.width);
      continue;
    }
    zeros(begin);
    const int64_t inside = (end - begin) * size.channels;
    std::memcpy(out, in + (from * size.width + left + begin) * size.channels,
                static_cast<size_t>(inside));
    out += inside;
    zeros(out_size.width - end);
  }
}

class RandomCrop : public AugmentOp {
 public:
  RandomCrop(std::string text, int64_t size, int64_t pad)
      : AugmentOp(std::move(text)), size_(size), pad_(pad) {}

  bool random() const override { return true; }

  Result<ImageSize> OutputSize(ImageSize in) const override {
    const ImageSize padded = {in.height + 2 * pad_, in.width + 2 * pad_, in.channels};
    if (size_ > padded.height || size_ > padded.width) {
      return InvalidArgument("augmentation '" + text() + "': the crop of " + std::to_string(size_) +
                             "x" + std::to_string(size_) + " is larger than the image, " +
                             in.ToString() + " and " + padded.ToString() +
                             " when padded; use a smaller size or a larger pad");
    }
    return ImageSize{size_, size_, in.channels};
  }

  void Run(const uint8_t* in, ImageSize size, AugmentDraws* draws, uint8_t* out) const override {
    const auto rows = static_cast<uint32_t>(size.height + 2 * pad_ - size_ + 1);
    const auto columns = static_cast<uint32_t>(size.width + 2 * pad_ - size_ + 1);
    const int64_t top = draws->Below(rows);
    const int64_t left = draws->Below(columns);
    CopyWindow(in, size, top - pad_, left - pad_, {size_, size_, size.channels}, out);
  }

 private:
  int64_t size_, pad_;
};

typedef uint8_t Sixteen __attribute__((vector_size(16)));

// The order of the bytes of 16 pixels turned round; of five, which lie in bytes 1 to 15, and any
// byte behind them.
template <int64_t kChannels>
LOCKSTEP_INLINE inline Sixteen Turned(Sixteen v) {
  static_assert(kChannels == 1 || kChannels == 3);
  if constexpr (kChannels == 1) {
    return __builtin_shufflevector(v, v, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  } else {
    return __builtin_shufflevector(v, v, 13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, 0);
  }
}

// kChannels: how many there are, or 0 for any number.
template <int64_t kChannels>
LOCKSTEP_INLINE inline void MirrorRow(const uint8_t* in, int64_t width, int64_t channels,
                                      uint8_t* out) {
  int64_t x = 0;  // pixels written
  if constexpr (kChannels > 0) {
    constexpr int64_t kPixels = 16 / kChannels, kBefore = 16 % kChannels;
    // Bytes read before a group of pixels and written behind it are those of another pixel.
    for (; x + kPixels + kBefore <= width; x += kPixels) {
      Sixteen v;
      std::memcpy(&v, in + (width - x - kPixels) * kChannels - kBefore, sizeof v);
      v = Turned<kChannels>(v);
      std::memcpy(out + x * kChannels, &v, sizeof v);
    }
    channels = kChannels;
  }
  for (; x < width; ++x) {
    const uint8_t* const from = in + (width - 1 - x) * channels;
    for (int64_t c = 0; c < channels; ++c) out[x * channels + c] = from[c];
  }
}

template <int64_t kChannels>
void Mirror(const uint8_t* in, ImageSize size, uint8_t* out) {
  static const CpuIsa isa = HostCpuIsa();
  const int64_t row = size.width * size.channels;
  RunForIsa(isa, [&]() LOCKSTEP_INLINE {
    for (int64_t y = 0; y < size.height; ++y) {
      MirrorRow<kChannels>(in + y * row, size.width, size.channels, out + y * row);
    }
  });
}

class HorizontalFlip : public AugmentOp {
 public:
  explicit HorizontalFlip(std::string text) : AugmentOp(std::move(text)) {}

  bool random() const override { return true; }
  Result<ImageSize> OutputSize(ImageSize in) const override { return in; }

  void Run(const uint8_t* in, ImageSize size, AugmentDraws* draws, uint8_t* out) const override {
    if (!(draws->Uniform() < 0.5f)) {
      std::memcpy(out, in, static_cast<size_t>(size.bytes()));
      return;
    }
    switch (size.channels) {
      case 1:
        return Mirror<1>(in, size, out);
      case 3:
        return Mirror<3>(in, size, out);
      default:
        return Mirror<0>(in, size, out);
    }
  }
};

class Pad : public AugmentOp {
 public:
  Pad(std::string text, int64_t pad) : AugmentOp(std::move(text)), pad_(pad) {}

  bool random() const override { return false; }
  Result<ImageSize> OutputSize(ImageSize in) const override {
    return ImageSize{in.height + 2 * pad_, in.width + 2 * pad_, in.channels};
  }
  void Run(const uint8_t* in, ImageSize size, AugmentDraws*, uint8_t* out) const override {
    CopyWindow(in, size, -pad_, -pad_,
               {size.height + 2 * pad_, size.width + 2 * pad_, size.channels}, out);
  }

 private:
  int64_t pad_;
};

}  // namespace

AugmentDraws::AugmentDraws(const AugmentStream& stream, uint32_t op_index)
    : key_(stream.key),
      counter_{static_cast<uint32_t>(stream.epoch.value), LowWord(stream.id.value),
               HighWord(stream.id.value), op_index << 24} {}

uint32_t AugmentDraws::Word() {
  const uint32_t word = Philox4x32(counter_, key_)[0];
  ++counter_[3];
  return word;
}

float AugmentDraws::Uniform() { return UniformFloat(Word()); }

uint32_t AugmentDraws::Below(uint32_t n) {
  return UniformBelow(n, [this](uint32_t) { return Word(); });
}

std::unique_ptr<AugmentOp> MakeRandomCrop(std::string text, int64_t size, int64_t pad) {
  return std::make_unique<RandomCrop>(std::move(text), size, pad);
}
std::unique_ptr<AugmentOp> MakeHorizontalFlip(std::string text) {
  return std::make_unique<HorizontalFlip>(std::move(text));
}
std::unique_ptr<AugmentOp> MakePad(std::string text, int64_t pad) {
  return std::make_unique<Pad>(std::move(text), pad);
}

}  // namespace lockstep::storage
