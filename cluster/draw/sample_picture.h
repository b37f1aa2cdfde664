// SPDX-License-Identifier: Apache-2.0
// A sample as a picture: its image, with the masks laid over it in the colours of their classes and
// instances each in one of its own, the boxes drawn round what they hold, with their class and
// flags, and a cross at each keypoint. A dense field is a grey picture of its own.
#pragma once

#include <cstdint>

#include "base/sample/schema.h"
#include "cluster/draw/canvas.h"
#include "storage/image/image.h"
#include "storage/loader/seen_sample.h"

namespace lockstep::cluster {

// The size at which an image is drawn within side x side: a larger one is made smaller, and of a
// smaller one each pixel becomes as many as fit.
storage::ImageSize DrawnSize(const storage::ImageSize& image, int64_t side);

// Not larger than side x side. Images of other than 3 channels are shown by their first three, or
// by their first alone as grey.
Canvas PictureOf(const storage::SeenSample& sample, const Schema& schema, int64_t side);

Canvas PictureOf(const storage::SeenDense& dense, int64_t side);

}  // namespace lockstep::cluster
