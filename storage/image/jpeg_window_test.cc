// SPDX-License-Identifier: Apache-2.0
// Windows of JPEG files of every sampling, scan and restart interval: libjpeg-turbo leaves rows and
// columns out, and the pixels must be those of the whole picture all the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "storage/image/image_decoder.h"
#include "storage/image/testing/jpeg_writer.h"

namespace lockstep::storage {
namespace {

// Numbers that look random; the same in every run.
class Numbers {
 public:
  // 0 to n - 1.
  int64_t Below(int64_t n) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<int64_t>((state_ >> 33) % static_cast<uint64_t>(n));
  }

 private:
  uint64_t state_ = 1;
};

class JpegWindow : public ::testing::Test {
 protected:
  // Writes pixels of noise as such a JPEG and compares windows of it with the whole.
  void Check(const ImageSize& size, const JpegKind& kind, int windows) {
    std::vector<uint8_t> noise(static_cast<size_t>(size.bytes()));
    for (auto& value : noise) value = static_cast<uint8_t>(numbers_.Below(256));
    const std::string file = WriteJpeg(noise.data(), size, kind);
    const auto header = ReadImageHeader(file);
    ASSERT_TRUE(header.ok()) << header.status();
    std::vector<uint8_t> whole(static_cast<size_t>(size.pixels() * 3)), part(whole.size());
    ASSERT_TRUE(decoder_.Decode(file, *header, 3, whole.data()).ok());
    for (int i = 0; i < windows; ++i) {
      Window window;
      window.top = numbers_.Below(size.height);
      window.left = numbers_.Below(size.width);
      const int64_t most = i % 2 == 0 ? size.pixels() : 4;
      window.height = 1 + numbers_.Below(std::min(most, size.height - window.top));
      window.width = 1 + numbers_.Below(std::min(most, size.width - window.left));
      const Status status = decoder_.Decode(file, *header, 3, window, part.data());
      ASSERT_TRUE(status.ok()) << status;
      ExpectSame(part, whole, window, size.width);
      if (HasFatalFailure()) return;
    }
  }

  static void ExpectSame(const std::vector<uint8_t>& part, const std::vector<uint8_t>& whole,
                         const Window& window, int64_t width) {
    for (int64_t y = 0; y < window.height; ++y) {
      ASSERT_EQ(std::memcmp(part.data() + y * window.width * 3,
                            whole.data() + ((window.top + y) * width + window.left) * 3,
                            static_cast<size_t>(window.width * 3)),
                0)
          << "row " << y << " of the window " << window.top << "," << window.left << " of "
          << window.height << "x" << window.width;
    }
  }

  // Every sampling and number of channels.
  void CheckAll(JpegKind kind) {
    constexpr std::pair<int, int> kSamplings[] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1},
                                                  {1, 4}, {4, 2}, {2, 4}, {3, 1}};
    constexpr std::pair<int64_t, int64_t> kSizes[] = {{1, 1},   {7, 5},   {17, 33},
                                                      {40, 50}, {65, 97}, {130, 101}};
    for (const int64_t channels : {1, 3, 4}) {
      for (const auto& [horizontal, vertical] : kSamplings) {
        if (channels == 4 && horizontal * vertical > 4) continue;  // more than JPEG has
        if (channels == 1 && horizontal * vertical > 4) continue;
        kind.horizontal = horizontal;
        kind.vertical = vertical;
        for (const auto& [height, width] : kSizes) {
          SCOPED_TRACE(std::to_string(channels) + " channels " + std::to_string(horizontal) + "x" +
                       std::to_string(vertical) + " size " + std::to_string(height) + "x" +
                       std::to_string(width));
          Check({height, width, channels}, kind, 40);
          if (HasFatalFailure()) return;
        }
      }
    }
  }

  Numbers numbers_;
  ImageDecoder decoder_;
};

TEST_F(JpegWindow, OfBaselineFilesIsWhatTheWholeHas) { CheckAll({}); }

TEST_F(JpegWindow, OfProgressiveFilesIsWhatTheWholeHas) { CheckAll({.progressive = true}); }

TEST_F(JpegWindow, OfFilesWithRestartMarkersIsWhatTheWholeHas) {
  CheckAll({.restart_blocks = 3});
  CheckAll({.restart_rows = 1});
  CheckAll({.restart_blocks = 2, .progressive = true});
}

TEST_F(JpegWindow, OfFilesWithAScanForEachComponentIsWhatTheWholeHas) {
  CheckAll({.own_scans = true});
}

TEST_F(JpegWindow, OfSmoothedFilesIsWhatTheWholeHas) {
  CheckAll({.progressive = true, .one_scan = true});
}

TEST_F(JpegWindow, OfOtherColoursIsWhatTheWholeHas) {
  CheckAll({.ycck = false, .adobe_marker = false});
  for (const auto& [height, width] : {std::pair(17, 33), std::pair(65, 97)}) {
    Check({height, width, 3}, {.horizontal = 2, .vertical = 2, .rgb = true}, 60);
    Check({height, width, 4}, {.horizontal = 2, .vertical = 2, .ycck = true}, 60);
  }
}

TEST_F(JpegWindow, OfALargePictureIsWhatTheWholeHas) {
  Check({500, 375, 3}, {.horizontal = 2, .vertical = 2}, 60);
  Check({500, 375, 3}, {.horizontal = 2, .vertical = 1, .progressive = true}, 60);
}

}  // namespace
}  // namespace lockstep::storage
