// SPDX-License-Identifier: Apache-2.0
// For tests: the images of testdata/, which make_images.py there writes, and what Pillow says of
// them.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/check.h"
#include "storage/image/image_header.h"

namespace lockstep::storage {

struct KnownImage {
  std::string name;
  std::string bytes;
  ImageHeader header;
  uint32_t rgb = 0;   // CRC-32 of the pixels of three channels
  uint32_t luma = 0;  // and of one
  bool has_values = false;
  uint32_t values = 0;  // of a mask's values
};

inline std::string FileOfTestdata(const std::string& name) {
  std::ifstream file(std::string(LOCKSTEP_SOURCE_DIR) + "/storage/image/testdata/" + name,
                     std::ios::binary);
  CHECK(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<KnownImage> KnownImages() {
  std::vector<KnownImage> images;
  for (const auto& answer : nlohmann::json::parse(FileOfTestdata("images.json"))) {
    KnownImage image;
    image.name = answer["file"];
    image.bytes = FileOfTestdata(image.name);
    image.header.format = image.name.ends_with(".png") ? ImageFormat::kPng : ImageFormat::kJpeg;
    image.header.height = answer["height"];
    image.header.width = answer["width"];
    image.header.orientation = answer.value("orientation", 1);
    image.header.grey = answer.value("grey", false);
    image.header.palette = answer.value("palette", false);
    image.header.alpha = answer.value("alpha", false);
    image.header.sixteen_bit = answer.value("sixteen_bit", false);
    image.header.cmyk = answer.value("cmyk", false);
    image.header.animated = answer.value("animated", false);
    image.rgb = answer["rgb"];
    image.luma = answer["luma"];
    image.has_values = answer.contains("values");
    image.values = answer.value("values", 0U);
    images.push_back(std::move(image));
  }
  return images;
}

inline KnownImage KnownImageOf(const std::string& name) {
  for (auto& image : KnownImages()) {
    if (image.name == name) return image;
  }
  CHECK(false) << name;
  return {};
}

inline uint32_t Crc32(const std::vector<uint8_t>& bytes) {
  return static_cast<uint32_t>(::crc32(0, bytes.data(), static_cast<uInt>(bytes.size())));
}

}  // namespace lockstep::storage
