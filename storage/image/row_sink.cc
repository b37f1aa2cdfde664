// SPDX-License-Identifier: Apache-2.0
#include "storage/image/row_sink.h"

#include <cstring>

namespace lockstep::storage {
namespace {

// EXIF's orientations: the image as it appears is the stored picture with its rows in opposite
// order, its columns in opposite order, and then rows and columns exchanged, each or not.
struct Turn {
  bool rows_turned, columns_turned, exchanged;
};

Turn TurnOf(int orientation) {
  constexpr Turn kTurns[] = {{false, false, false}, {false, true, false}, {true, true, false},
                             {true, false, false},  {false, false, true}, {true, false, true},
                             {true, true, true},    {false, true, true}};
  CHECK_GE(orientation, 1);
  CHECK_LE(orientation, 8);
  return kTurns[orientation - 1];
}

}  // namespace

Window StoredWindow(const ImageHeader& header, const Window& window) {
  const Turn turn = TurnOf(header.orientation);
  const ImageSize size = StoredSize(header, 1);
  Window stored = window;
  if (turn.exchanged) stored = {window.left, window.top, window.width, window.height};
  if (turn.rows_turned) stored.top = size.height - stored.top - stored.height;
  if (turn.columns_turned) stored.left = size.width - stored.left - stored.width;
  return stored;
}

RowSink::RowSink(const ImageHeader& header, const Window& window, int64_t channels, uint8_t* out)
    : stored_(StoredWindow(header, window)), channels_(channels), first_(out) {
  const Turn turn = TurnOf(header.orientation);
  row_step_ = turn.exchanged ? channels : window.width * channels;
  pixel_step_ = turn.exchanged ? window.width * channels : channels;
  if (turn.rows_turned) {
    first_ += (stored_.height - 1) * row_step_;
    row_step_ = -row_step_;
  }
  if (turn.columns_turned) {
    first_ += (stored_.width - 1) * pixel_step_;
    pixel_step_ = -pixel_step_;
  }
}

void RowSink::Put(int64_t row, const uint8_t* pixels, int64_t values) const {
  uint8_t* out = first_ + row * row_step_;
  if (values == channels_ && pixel_step_ == channels_) {
    std::memcpy(out, pixels, static_cast<size_t>(stored_.width * channels_));
    return;
  }
  const uint8_t* end = pixels + stored_.width * values;
  const int64_t green = values <= 2 ? 0 : 1, blue = values <= 2 ? 0 : 2;
  for (; pixels != end; pixels += values, out += pixel_step_) {
    if (values == channels_) {
      for (int64_t c = 0; c < channels_; ++c) out[c] = pixels[c];
    } else if (channels_ == 3) {
      out[0] = pixels[0];
      out[1] = pixels[green];
      out[2] = pixels[blue];
    } else {
      out[0] = values <= 2 ? pixels[0] : Luma(pixels[0], pixels[1], pixels[2]);
    }
  }
}

}  // namespace lockstep::storage
