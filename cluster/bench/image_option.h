// SPDX-License-Identifier: Apache-2.0
// The size of images as a person writes it: "64x64x3", height, width and channels.
#pragma once

#include <string>

#include "base/shape.h"
#include "base/status.h"

namespace lockstep::cluster {

Result<Shape> ParseImage(const std::string& text);
std::string ImageText(const Shape& image);

}  // namespace lockstep::cluster
