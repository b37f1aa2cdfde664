// SPDX-License-Identifier: Apache-2.0
// A Pascal VOC annotation: the XML file of one image (The PASCAL VOC Challenge 2007 Development
// Kit, Everingham et al.). Internal to the importer.
//
// Its pixels are counted from 1 and xmax and ymax are still in the box. Ours begin at 0 and x2 and
// y2 are just outside: x1 = xmin - 1, y1 = ymin - 1, x2 = xmax, y2 = ymax.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lockstep::storage {

struct VocObject {
  std::string name;
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;  // as ours; x1 < x2 and y1 < y2
  bool difficult = false;
};

struct VocAnnotation {
  int64_t height = 0, width = 0;  // that it says; 0 where it does not
  std::vector<VocObject> objects;
  int64_t empty = 0;  // boxes that are empty or turned round, and left out
};

// Fails with data-loss where the text is no annotation; the message names the line, not the file.
Result<VocAnnotation> ParseVoc(std::string_view text);

}  // namespace lockstep::storage
