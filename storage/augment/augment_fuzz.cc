// SPDX-License-Identifier: Apache-2.0
// Lists of operations as text, one a line: each is refused with a message, or runs on an image with
// a mask and boxes and makes the size that it said.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "storage/augment/augment.h"
#include "storage/image/encoded_image.h"

namespace {

using namespace lockstep;
using namespace lockstep::storage;

constexpr int64_t kLargest = 1 << 14;  // pixels of a result that is worth the time

std::vector<std::string> LinesOf(const uint8_t* data, size_t size) {
  std::vector<std::string> lines(1);
  for (size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      lines.emplace_back();
    } else {
      lines.back().push_back(static_cast<char>(data[i]));
    }
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> list = LinesOf(data, size);
  const auto augmentation = Augmentation::Parse(list, {{0.5}, {0.25}});
  if (!augmentation.ok()) {
    CHECK(!augmentation.status().message().empty());
    return 0;
  }
  for (const ImageSize in : {ImageSize{9, 13, 3}, ImageSize{1, 40, 1}}) {
    for (size_t i = 1; i <= list.size(); ++i) {  // nothing in between is large
      const auto part = Augmentation::Parse({list.begin(), list.begin() + static_cast<int64_t>(i)},
                                            {{0.5}, {0.25}});
      const auto out = part->OutputSize(in);
      if (!out.ok() || out->pixels() > kLargest) return 0;
    }
    std::vector<uint8_t> image(static_cast<size_t>(in.bytes()));
    for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<uint8_t>(37 * i);
    const RawImage pixels(image.data(), in);
    AugmentedSample sample;
    sample.Begin(pixels);
    std::vector<uint16_t> mask(static_cast<size_t>(in.pixels()), 3);
    CHECK(sample.AddMask({in.height, in.width, mask, 255}).ok());
    BoxesField boxes;
    boxes.xyxy = {0, 0, 1, 1, -3, -1, 20, 7};
    CHECK(sample.AddBoxes(boxes).ok());
    const AugmentStream stream = {{1, 2}, Epoch(0), SampleId(size)};
    CHECK(augmentation->Run(stream, &sample).ok());
    const ImageSize out = *augmentation->OutputSize(in);
    CHECK(sample.image().size == out) << out.ToString();
    std::vector<float> values(static_cast<size_t>(out.bytes()));
    augmentation->Write(sample.image(), values.data());
    std::vector<int32_t> labels(static_cast<size_t>(out.pixels()));
    sample.CopyMask(0, labels.data());
  }
  return 0;
}
