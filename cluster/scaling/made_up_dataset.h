// SPDX-License-Identifier: Apache-2.0
// A dataset of made-up images in the store's own format, so that a measurement reads, checks,
// decodes and orders samples as training does.
#pragma once

#include <cstdint>
#include <string>

#include "base/shape.h"
#include "base/status.h"

namespace lockstep::cluster {

struct MadeUpDataset {
  std::string directory;  // where it is made; nothing is there yet
  Shape image;            // [H, W, C]
  int64_t classes = 10;
  int64_t samples = 1024;  // of the split "train", the only one
  uint64_t seed = 1;
};

// Pixels are uniform, labels too; both follow from the seed alone. Fails as DatasetWriter does.
Status MakeDataset(const MadeUpDataset& wanted);

}  // namespace lockstep::cluster
