// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/boxes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace lockstep::storage {
namespace {

constexpr double kLeast = 1.0;  // pixels of each side that must be left of a clipped box

template <typename T>
void KeepValues(const std::vector<bool>& kept, size_t per_box, std::vector<T>* values) {
  if (values->empty()) return;
  size_t to = 0;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i]) continue;
    for (size_t k = 0; k < per_box; ++k) (*values)[to++] = (*values)[i * per_box + k];
  }
  values->resize(to);
}

void Keep(const std::vector<bool>& kept, BoxesField* boxes) {
  if (std::find(kept.begin(), kept.end(), false) == kept.end()) return;
  KeepValues(kept, 4, &boxes->xyxy);
  KeepValues(kept, 1, &boxes->labels);
  KeepValues(kept, 1, &boxes->flags);
  KeepValues(kept, 1, &boxes->area);
  KeepValues(kept, 1, &boxes->visible);
}

double SideX(const float* box) { return static_cast<double>(box[2]) - box[0]; }
double SideY(const float* box) { return static_cast<double>(box[3]) - box[1]; }
double AreaOf(const float* box) { return SideX(box) * SideY(box); }

void MultiplyAreas(double by, BoxesField* boxes) {
  for (float& area : boxes->area) area = static_cast<float>(area * by);
}

Status CheckCount(const char* what, size_t found, size_t boxes) {
  if (found == boxes || found == 0) return OkStatus();
  return DataLoss("the sample has " + std::to_string(boxes) + " boxes and " +
                  std::to_string(found) + " " + what + ", expected one a box or none at all");
}

}  // namespace

Status SetUpBoxes(BoxesField* boxes) {
  const size_t n = boxes->xyxy.size() / 4;
  if (boxes->xyxy.size() % 4 != 0) {
    return DataLoss("the boxes of the sample have " + std::to_string(boxes->xyxy.size()) +
                    " coordinates, expected four a box");
  }
  RETURN_IF_ERROR(CheckCount("labels of boxes", boxes->labels.size(), n));
  RETURN_IF_ERROR(CheckCount("flags of boxes", boxes->flags.size(), n));
  RETURN_IF_ERROR(CheckCount("areas of boxes", boxes->area.size(), n));
  for (size_t i = 0; i < boxes->xyxy.size(); ++i) {
    if (std::isfinite(boxes->xyxy[i])) continue;
    return DataLoss("box " + std::to_string(i / 4) + " of the sample has the coordinate " +
                    std::to_string(boxes->xyxy[i]) + ", expected a finite number");
  }
  boxes->visible.assign(n, 1.0f);
  return OkStatus();
}

void ScaleBoxes(double scale_x, double scale_y, BoxesField* boxes) {
  for (size_t i = 0; i < boxes->xyxy.size(); ++i) {
    boxes->xyxy[i] = static_cast<float>(boxes->xyxy[i] * (i % 2 == 0 ? scale_x : scale_y));
  }
  MultiplyAreas(scale_x * scale_y, boxes);
}

void MoveBoxes(double by_x, double by_y, BoxesField* boxes) {
  for (size_t i = 0; i < boxes->xyxy.size(); ++i) {
    boxes->xyxy[i] = static_cast<float>(boxes->xyxy[i] + (i % 2 == 0 ? by_x : by_y));
  }
}

void MirrorBoxesX(int64_t width, BoxesField* boxes) {
  const auto size = static_cast<double>(width);
  for (size_t i = 0; i < boxes->xyxy.size(); i += 4) {
    const double left = size - boxes->xyxy[i + 2], right = size - boxes->xyxy[i];
    boxes->xyxy[i] = static_cast<float>(left);
    boxes->xyxy[i + 2] = static_cast<float>(right);
  }
}

void MirrorBoxesY(int64_t height, BoxesField* boxes) {
  const auto size = static_cast<double>(height);
  for (size_t i = 0; i < boxes->xyxy.size(); i += 4) {
    const double top = size - boxes->xyxy[i + 3], bottom = size - boxes->xyxy[i + 1];
    boxes->xyxy[i + 1] = static_cast<float>(top);
    boxes->xyxy[i + 3] = static_cast<float>(bottom);
  }
}

void MapBoxes(const AffineMap& to_output, BoxesField* boxes) {
  for (size_t i = 0; i < boxes->xyxy.size(); i += 4) {
    float* const box = boxes->xyxy.data() + i;
    std::array<double, 4> x, y;
    for (size_t corner = 0; corner < 4; ++corner) {
      const double from_x = box[corner % 2 == 0 ? 0 : 2], from_y = box[corner < 2 ? 1 : 3];
      x[corner] = to_output.X(from_x, from_y);
      y[corner] = to_output.Y(from_x, from_y);
    }
    box[0] = static_cast<float>(*std::min_element(x.begin(), x.end()));
    box[1] = static_cast<float>(*std::min_element(y.begin(), y.end()));
    box[2] = static_cast<float>(*std::max_element(x.begin(), x.end()));
    box[3] = static_cast<float>(*std::max_element(y.begin(), y.end()));
  }
  MultiplyAreas(std::fabs(to_output.a * to_output.e - to_output.b * to_output.d), boxes);
}

void ClipBoxes(int64_t height, int64_t width, BoxesField* boxes) {
  const auto h = static_cast<float>(height), w = static_cast<float>(width);
  std::vector<bool> kept(static_cast<size_t>(boxes->count()), true);
  for (size_t i = 0; i < kept.size(); ++i) {
    float* const box = boxes->xyxy.data() + 4 * i;
    if (box[0] >= 0 && box[1] >= 0 && box[2] <= w && box[3] <= h) continue;
    const double before = AreaOf(box);
    for (size_t k = 0; k < 4; ++k) box[k] = std::clamp(box[k], 0.0f, k % 2 == 0 ? w : h);
    kept[i] = SideX(box) >= kLeast && SideY(box) >= kLeast;
    if (!kept[i]) continue;
    const double share = AreaOf(box) / before;
    if (!boxes->area.empty()) boxes->area[i] = static_cast<float>(boxes->area[i] * share);
    boxes->visible[i] = static_cast<float>(boxes->visible[i] * share);
  }
  Keep(kept, boxes);
}

void KeepBoxes(double visible, double side, BoxesField* boxes) {
  std::vector<bool> kept;
  for (size_t i = 0; i < static_cast<size_t>(boxes->count()); ++i) {
    const float* const box = boxes->xyxy.data() + 4 * i;
    kept.push_back(boxes->visible[i] >= visible && SideX(box) >= side && SideY(box) >= side);
  }
  Keep(kept, boxes);
}

}  // namespace lockstep::storage
