// SPDX-License-Identifier: Apache-2.0
// What an evaluation of localisation keeps of a sample, and its metrics.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "graph/tasks/task.h"

namespace lockstep::graph::localisation {

using Box = std::array<double, 4>;  // x1 y1 x2 y2, of any unit

// Intersection over union of two boxes. A box whose sides are not positive has no area; 0 where
// the union has none, or a coordinate is no number.
double Iou(const Box& a, const Box& b);

struct Place {
  bool has_box = false;
  int64_t label = 0;           // the class of the box
  std::vector<double> logits;  // of each class
  Box box{}, target{};
};

inline constexpr int64_t kBytesOfPlace = 18;
// Whether there is a box, whether the largest logit is at its class (of equal ones the first; none
// of logits that hold a NaN), the class, and the IoU.
void WritePlace(const Place& place, ByteWriter* bytes);

// Means over the samples that have a box; 0 of none.
struct PlaceMetrics {
  int64_t boxes = 0;      // of how many
  double right = 0.0;     // the class is right and the IoU above 0.5
  double of_class = 0.0;  // the class is right
  double iou = 0.0;
};
// Of rows that WritePlace wrote, added in their order: of all classes together, or of each from 0
// to the largest that occurs.
Result<PlaceMetrics> MeasurePlaces(const std::vector<SampleRow>& rows);
Result<std::vector<PlaceMetrics>> MeasureClasses(const std::vector<SampleRow>& rows);

}  // namespace lockstep::graph::localisation
