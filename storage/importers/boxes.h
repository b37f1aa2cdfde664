// SPDX-License-Identifier: Apache-2.0
// What importers with boxes share: the boxes of one image, what becomes of those that reach out of
// it, and the report about them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/dataset/field_value.h"

namespace lockstep::storage {

inline constexpr char kCrowd = 1, kDifficult = 2;  // of FieldKind::kBoxFlags

struct BoxList {
  std::vector<float> corners;   // x1 y1 x2 y2 of each, x2 and y2 just outside the box
  std::vector<int32_t> labels;  // of each
  std::string flags;            // of each

  size_t size() const { return labels.size(); }
  void Add(float x1, float y1, float x2, float y2, int32_t label, char flag = 0);

  FieldValue Corners() const;
  FieldValue Labels() const;
  FieldValue Flags() const;
};

struct BoxesAtTheEdge {
  int64_t clipped = 0;
  int64_t outside = 0;
};

// Clips the boxes to an image of this size, and drops those of which nothing is left.
BoxesAtTheEdge ClipBoxes(int64_t height, int64_t width, BoxList* boxes);

// Findings about samples, counted. Whoever finds something twice about the same sample (an import
// reads each twice) says the same, and it is counted once; so the report does not depend on the
// order or the threads. Any thread may call it.
class Findings {
 public:
  // `about` is a text such as "boxes reach out of their image and are clipped to it".
  void Note(const std::string& about, size_t sample, int64_t count);
  // `lines`, and then one for each text, in bytewise order: "3 boxes ... (in 2 images: 'a.jpg',
  // 'b.jpg')". Samples without a path (null) do not count.
  using PathOf = std::function<const std::string*(size_t sample)>;
  std::vector<std::string> AddedTo(std::vector<std::string> lines, const PathOf& path_of) const;

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::map<size_t, int64_t>> counts_ GUARDED_BY(mutex_);
};

inline constexpr char kClipped[] = "boxes reach out of their image and are clipped to it";
inline constexpr char kOutside[] = "boxes lie outside of their image and are left out";

}  // namespace lockstep::storage
