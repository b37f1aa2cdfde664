// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/boxes.h"

#include <algorithm>
#include <utility>

#include "base/format.h"

namespace lockstep::storage {
namespace {

constexpr size_t kMostNamed = 3;

uint32_t CountOf(const BoxList& boxes) { return static_cast<uint32_t>(boxes.size()); }

}  // namespace

void BoxList::Add(float x1, float y1, float x2, float y2, int32_t label, char flag) {
  corners.insert(corners.end(), {x1, y1, x2, y2});
  labels.push_back(label);
  flags.push_back(flag);
}

FieldValue BoxList::Corners() const { return FloatValue({CountOf(*this), 4}, corners); }
FieldValue BoxList::Labels() const { return IntValue({CountOf(*this)}, labels); }
FieldValue BoxList::Flags() const { return ByteValue({CountOf(*this)}, flags); }

BoxesAtTheEdge ClipBoxes(int64_t height, int64_t width, BoxList* boxes) {
  const auto bottom = static_cast<float>(height), right = static_cast<float>(width);
  BoxesAtTheEdge found;
  BoxList kept;
  for (size_t i = 0; i < boxes->size(); ++i) {
    const float* box = boxes->corners.data() + 4 * i;
    const float x1 = std::clamp(box[0], 0.0F, right), y1 = std::clamp(box[1], 0.0F, bottom);
    const float x2 = std::clamp(box[2], 0.0F, right), y2 = std::clamp(box[3], 0.0F, bottom);
    if (x2 <= x1 || y2 <= y1) {
      ++found.outside;
      continue;
    }
    if (x1 != box[0] || y1 != box[1] || x2 != box[2] || y2 != box[3]) ++found.clipped;
    kept.Add(x1, y1, x2, y2, boxes->labels[i], boxes->flags[i]);
  }
  *boxes = std::move(kept);
  return found;
}

void Findings::Note(const std::string& about, size_t sample, int64_t count) {
  if (count == 0) return;
  MutexLock lock(&mutex_);
  counts_[about][sample] = count;
}

std::vector<std::string> Findings::AddedTo(std::vector<std::string> lines,
                                           const PathOf& path_of) const {
  MutexLock lock(&mutex_);
  for (const auto& [about, samples] : counts_) {
    int64_t sum = 0;
    size_t images = 0;
    std::string names;
    for (const auto& [sample, count] : samples) {
      const std::string* path = path_of(sample);
      if (path == nullptr) continue;
      sum += count;
      if (++images <= kMostNamed) names += (images == 1 ? "" : ", ") + Quoted(*path);
    }
    if (images == 0) continue;
    lines.push_back(std::to_string(sum) + " " + about + " (in " + std::to_string(images) +
                    (images == 1 ? " image: " : " images: ") + names +
                    (images > kMostNamed ? ", ..." : "") + ")");
  }
  return lines;
}

}  // namespace lockstep::storage
