// SPDX-License-Identifier: Apache-2.0
// Every operation against testdata/operations_answers.json: what Pillow and torchvision make of
// images, with random numbers drawn in Python (operations_reference.py beside it). All are equal
// bit for bit, but for the nearest pixels of turned images.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/check.h"
#include "storage/augment/augment.h"
#include "storage/augment/testing/made_image.h"
#include "storage/image/encoded_image.h"

namespace lockstep::storage {
namespace {

nlohmann::json Answers() {
  std::ifstream file(std::string(LOCKSTEP_SOURCE_DIR) +
                     "/storage/augment/testdata/operations_answers.json");
  CHECK(file.good());
  return nlohmann::json::parse(file);
}

AugmentStream StreamOf(const nlohmann::json& answer) {
  return {StreamKey(answer["seed"], "augment"), Epoch(answer["epoch"]), SampleId(answer["id"])};
}

struct Bytes {
  ImageSize size;
  std::vector<uint8_t> pixels;
};

Bytes RunOn(const nlohmann::json& answer) {
  const ImageSize size = {answer["size"][0], answer["size"][1], answer["size"][2]};
  const std::vector<uint8_t> image = MadeImage(size);
  const auto augmentation = Augmentation::Parse({answer["operation"]}, {});
  CHECK(augmentation.ok()) << augmentation.status();
  const RawImage pixels(image.data(), size);
  AugmentedSample sample;
  sample.Begin(pixels);
  const Status run = augmentation->Run(StreamOf(answer), &sample);
  CHECK(run.ok()) << run;
  return {sample.size(), PackedPixels(sample.image())};
}

TEST(Operations, MakeOfAnImageWhatPillowAndTorchvisionDo) {
  const auto cases = Answers()["cases"];
  ASSERT_EQ(cases.size(), 296u);
  for (const auto& answer : cases) {
    const Bytes bytes = RunOn(answer);
    EXPECT_EQ(bytes.size.height, answer["out"][0]) << answer;
    EXPECT_EQ(bytes.size.width, answer["out"][1]) << answer;
    const auto crc = crc32(0, bytes.pixels.data(), static_cast<uInt>(bytes.pixels.size()));
    EXPECT_EQ(crc, answer["crc"].get<uint64_t>()) << answer;
  }
}

TEST(Operations, FindNearestPixelsOfATurnedImageAsPillowDoesButForAFewAtBorders) {
  const auto cases = Answers()["nearest"];
  ASSERT_EQ(cases.size(), 6u);
  for (const auto& answer : cases) {
    const std::string expected = answer["bytes"];
    const Bytes bytes = RunOn(answer);
    ASSERT_EQ(expected.size(), 2 * bytes.pixels.size());
    int others = 0;
    for (size_t i = 0; i < bytes.pixels.size(); ++i) {
      others += std::stoi(expected.substr(2 * i, 2), nullptr, 16) != bytes.pixels[i];
    }
    EXPECT_LE(others, static_cast<int>(bytes.pixels.size() / 100)) << answer["operation"];
  }
}

}  // namespace
}  // namespace lockstep::storage
