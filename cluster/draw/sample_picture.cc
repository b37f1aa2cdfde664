// SPDX-License-Identifier: Apache-2.0
#include "cluster/draw/sample_picture.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cluster/draw/font.h"
#include "storage/augment/pixels/affine.h"
#include "storage/augment/pixels/resample.h"
#include "storage/augment/view.h"

namespace lockstep::cluster {
namespace {

using storage::ImageSize;
using storage::SeenBoxes;
using storage::SeenDense;
using storage::SeenInstances;
using storage::SeenKeypoints;
using storage::SeenMask;
using storage::SeenSample;

// The names of the values of a mask or of the boxes of a field; empty where they have none.
const std::vector<std::string>& NamesOf(const Schema& schema, const std::string& field) {
  static const auto* const none = new std::vector<std::string>();
  for (const FieldSpec& spec : schema.fields) {
    const bool labels = spec.kind == FieldKind::kBoxLabels && spec.of == field;
    if (labels || (spec.name == field && spec.kind == FieldKind::kMask)) return spec.classes;
  }
  return *none;
}

Canvas ImageAt(const std::vector<uint8_t>& values, const ImageSize& size, const ImageSize& drawn) {
  const storage::ImageView image = storage::WholeOf(values.data(), size);
  std::vector<uint8_t> pixels(static_cast<size_t>(drawn.bytes()));
  if (drawn.height > size.height || drawn.width > size.width) {
    storage::ResizeNearest(image, drawn.height, drawn.width, pixels.data());
  } else {
    storage::Resampler().Run(image, drawn.height, drawn.width, storage::Filter::kBilinear,
                             pixels.data());
  }
  Canvas canvas(drawn.height, drawn.width, kBlack);
  const uint8_t* at = pixels.data();
  for (int64_t y = 0; y < drawn.height; ++y) {
    for (int64_t x = 0; x < drawn.width; ++x, at += drawn.channels) {
      canvas.Set(y, x,
                 drawn.channels >= 3 ? Colour{at[0], at[1], at[2]} : Colour{at[0], at[0], at[0]});
    }
  }
  return canvas;
}

// What a mask calls background, and what it says nothing of, stays as it is.
void LayOver(const SeenMask& mask, const ImageSize& size, const std::vector<std::string>& names,
             Canvas* canvas) {
  std::vector<uint16_t> values(mask.values.size());
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint16_t>(mask.values[i]);
  const storage::MaskView view =
      storage::WholeOf<uint16_t>(values.data(), {size.height, size.width, 1});
  std::vector<uint16_t> drawn(static_cast<size_t>(canvas->height() * canvas->width()));
  storage::ResizeNearest(view, canvas->height(), canvas->width(), drawn.data());
  const bool has_background = !names.empty() && names[0] == "background";
  const uint16_t* at = drawn.data();
  for (int64_t y = 0; y < canvas->height(); ++y) {
    for (int64_t x = 0; x < canvas->width(); ++x, ++at) {
      if (*at == mask.ignore || (*at == 0 && has_background)) continue;
      canvas->Tint(y, x, ColourOfClass(*at));
    }
  }
}

// Each instance in a colour of its own.
void LayOver(const SeenInstances& instances, const ImageSize& size, Canvas* canvas) {
  for (int64_t y = 0; y < canvas->height(); ++y) {
    for (int64_t x = 0; x < canvas->width(); ++x) {
      const int64_t from_y = y * size.height / canvas->height();
      const int64_t from_x = x * size.width / canvas->width();
      const int32_t mask = instances.mask_of[static_cast<size_t>(from_y * size.width + from_x)];
      if (mask >= 0) canvas->Tint(y, x, ColourOfClass(mask));
    }
  }
}

// A coordinate that is nowhere near the picture is drawn just outside of it.
int64_t Drawn(float coordinate, double scale, int64_t side) {
  const double scaled = static_cast<double>(coordinate) * scale;
  return static_cast<int64_t>(std::clamp(scaled, -1.0, static_cast<double>(side) + 1.0));
}

// "car, crowd, difficult": the class and the flags of a box, as far as it has them.
std::string BoxText(const storage::BoxesField& boxes, size_t i,
                    const std::vector<std::string>& names) {
  std::string text;
  if (i < boxes.labels.size() && boxes.labels[i] >= 0) {
    const auto index = static_cast<size_t>(boxes.labels[i]);
    text = index < names.size() ? names[index] : std::to_string(index);
  }
  const int flags = i < boxes.flags.size() ? boxes.flags[i] : 0;
  if ((flags & 1) != 0) text += text.empty() ? "crowd" : ", crowd";
  if ((flags & 2) != 0) text += text.empty() ? "difficult" : ", difficult";
  return text;
}

void DrawBoxes(const SeenBoxes& field, const ImageSize& size, const std::vector<std::string>& names,
               Canvas* canvas) {
  const double scale_x = static_cast<double>(canvas->width()) / static_cast<double>(size.width);
  const double scale_y = static_cast<double>(canvas->height()) / static_cast<double>(size.height);
  const storage::BoxesField& boxes = field.boxes;
  for (size_t i = 0; i < static_cast<size_t>(boxes.count()); ++i) {
    const int64_t left = Drawn(boxes.xyxy[4 * i], scale_x, canvas->width());
    const int64_t top = Drawn(boxes.xyxy[4 * i + 1], scale_y, canvas->height());
    const int64_t right = Drawn(boxes.xyxy[4 * i + 2], scale_x, canvas->width());
    const int64_t bottom = Drawn(boxes.xyxy[4 * i + 3], scale_y, canvas->height());
    const int32_t label = i < boxes.labels.size() ? boxes.labels[i] : -1;
    const Colour colour = ColourOfClass(std::max(0, label));
    canvas->Outline({top, left, bottom - top, right - left}, colour);
    const std::string name = PrintableText(BoxText(boxes, i, names));
    if (name.empty()) continue;
    const auto letters = static_cast<int64_t>(name.size());
    canvas->Fill({top, left, kGlyphHeight + 2, letters * kGlyphAdvance + 1}, colour);
    canvas->Text(top + 1, left + 1, name, InkOn(colour));
  }
}

// A cross of five pixels a side for each point, in the colour of its place among those of one
// object. What has no visibility (0) is not there; a point of visibility 1 is hidden, and hollow.
void DrawKeypoints(const SeenKeypoints& field, const ImageSize& size, Canvas* canvas) {
  constexpr int64_t kArm = 2;
  const double scale_x = static_cast<double>(canvas->width()) / static_cast<double>(size.width);
  const double scale_y = static_cast<double>(canvas->height()) / static_cast<double>(size.height);
  for (size_t i = 0; i + 2 < field.points.size(); i += 3) {
    const float x = field.points[i], y = field.points[i + 1], visible = field.points[i + 2];
    if (!(visible > 0) || !std::isfinite(x) || !std::isfinite(y)) continue;
    const int64_t left = Drawn(x, scale_x, canvas->width());
    const int64_t top = Drawn(y, scale_y, canvas->height());
    const Colour colour = ColourOfClass(static_cast<int64_t>(i / 3) % field.points_each);
    for (int64_t d = visible < 2 ? 1 : 0; d <= kArm; ++d) {
      for (const int64_t sign : {-1, 1}) {
        canvas->Set(top + sign * d, left, colour);
        canvas->Set(top, left + sign * d, colour);
      }
    }
  }
}

}  // namespace

ImageSize DrawnSize(const ImageSize& image, int64_t side) {
  const int64_t longer = std::max(image.height, image.width);
  if (longer <= side) {
    const int64_t times = side / longer;
    return {image.height * times, image.width * times, image.channels};
  }
  const auto smaller = [&](int64_t n) {
    return std::max<int64_t>(1, (n * side + longer / 2) / longer);
  };
  return {smaller(image.height), smaller(image.width), image.channels};
}

Canvas PictureOf(const SeenSample& sample, const Schema& schema, int64_t side) {
  Canvas canvas = ImageAt(sample.pixels, sample.size, DrawnSize(sample.size, side));
  for (const SeenMask& mask : sample.masks) {
    LayOver(mask, sample.size, NamesOf(schema, mask.field), &canvas);
  }
  for (const SeenInstances& instances : sample.instances) {
    LayOver(instances, sample.size, &canvas);
  }
  for (const SeenBoxes& boxes : sample.boxes) {
    DrawBoxes(boxes, sample.size, NamesOf(schema, boxes.field), &canvas);
  }
  for (const SeenKeypoints& keypoints : sample.keypoints) {
    DrawKeypoints(keypoints, sample.size, &canvas);
  }
  return canvas;
}

Canvas PictureOf(const SeenDense& dense, int64_t side) {
  return ImageAt(dense.grey, dense.size, DrawnSize(dense.size, side));
}

}  // namespace lockstep::cluster
