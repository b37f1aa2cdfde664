// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/localisation/places.h"

#include <algorithm>
#include <map>
#include <string>

#include "ops/core/prediction.h"

namespace lockstep::graph::localisation {
namespace {

constexpr double kIouOfRight = 0.5;

double Area(const Box& box) {
  return std::max(0.0, box[2] - box[0]) * std::max(0.0, box[3] - box[1]);
}

// A row of a sample that has a box.
struct Scored {
  bool of_class = false;
  int64_t label = 0;
  double iou = 0.0;
};

// Labels are classes of the dataset, at most 65535 (base/sample/schema.h).
constexpr int64_t kMostLabels = 65536;

Result<std::vector<Scored>> ReadPlaces(const std::vector<SampleRow>& rows) {
  std::vector<Scored> places;
  for (const SampleRow& row : rows) {
    ByteReader reader(row.bytes, "place of sample " + std::to_string(row.id.value));
    Scored place;
    ASSIGN_OR_RETURN(const uint8_t has_box, reader.U8());
    ASSIGN_OR_RETURN(const uint8_t of_class, reader.U8());
    ASSIGN_OR_RETURN(place.label, reader.I64());
    ASSIGN_OR_RETURN(place.iou, reader.F64());
    RETURN_IF_ERROR(reader.ExpectEnd());
    if (has_box == 0) continue;
    if (place.label < 0 || place.label >= kMostLabels) {
      return DataLoss("the box of sample " + std::to_string(row.id.value) + " is of class " +
                      std::to_string(place.label) + "; expected one from 0 to 65535");
    }
    place.of_class = of_class != 0;
    places.push_back(place);
  }
  return places;
}

template <typename Counts>
PlaceMetrics MetricsOf(const std::vector<Scored>& places, const Counts& counts) {
  int64_t boxes = 0, classes = 0, right = 0;
  double iou = 0.0;
  for (const Scored& place : places) {
    if (!counts(place)) continue;
    ++boxes;
    classes += place.of_class ? 1 : 0;
    right += place.of_class && place.iou > kIouOfRight ? 1 : 0;
    iou += place.iou;
  }
  if (boxes == 0) return {};
  const auto all = static_cast<double>(boxes);
  return {boxes, static_cast<double>(right) / all, static_cast<double>(classes) / all, iou / all};
}

}  // namespace

double Iou(const Box& a, const Box& b) {
  const Box both = {std::max(a[0], b[0]), std::max(a[1], b[1]), std::min(a[2], b[2]),
                    std::min(a[3], b[3])};
  const double intersection = Area(both);
  const double all = Area(a) + Area(b) - intersection;
  return intersection > 0.0 && all > 0.0 ? intersection / all : 0.0;
}

void WritePlace(const Place& place, ByteWriter* bytes) {
  const int64_t predicted =
      ops::Prediction(place.logits.data(), static_cast<int64_t>(place.logits.size()));
  bytes->U8(place.has_box ? 1 : 0);
  bytes->U8(place.has_box && predicted == place.label ? 1 : 0);
  bytes->I64(place.label);
  bytes->F64(place.has_box ? Iou(place.box, place.target) : 0.0);
}

Result<PlaceMetrics> MeasurePlaces(const std::vector<SampleRow>& rows) {
  ASSIGN_OR_RETURN(const std::vector<Scored> places, ReadPlaces(rows));
  return MetricsOf(places, [](const Scored&) { return true; });
}

Result<std::vector<PlaceMetrics>> MeasureClasses(const std::vector<SampleRow>& rows) {
  ASSIGN_OR_RETURN(const std::vector<Scored> places, ReadPlaces(rows));
  std::map<int64_t, PlaceMetrics> found;  // by class
  for (const Scored& place : places) found.try_emplace(place.label);
  std::vector<PlaceMetrics> metrics;
  for (auto& [label, of_class] : found) {
    of_class = MetricsOf(places, [wanted = label](const Scored& p) { return p.label == wanted; });
    metrics.resize(static_cast<size_t>(label) + 1);
    metrics.back() = of_class;
  }
  return metrics;
}

}  // namespace lockstep::graph::localisation
