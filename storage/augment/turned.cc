// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/turned.h"

#include "base/math.h"

namespace lockstep::storage {

AffineMap Turn::FromOutput(const ImageSize& size) const {
  constexpr double kRadians = math::kPi / 180.0;
  const double angle = clockwise * kRadians, sx = shear_x * kRadians, sy = shear_y * kRadians;
  const double tangent = math::Sin(sx) / math::Cos(sx), cosine = math::Cos(sy);
  // Rotation, then shear, of the map from the image to the result.
  const double a = math::Cos(angle - sy) / cosine;
  const double b = -math::Cos(angle - sy) * tangent / cosine - math::Sin(angle);
  const double c = math::Sin(angle - sy) / cosine;
  const double d = -math::Sin(angle - sy) * tangent / cosine + math::Cos(angle);
  // Its determinant is 1, so this is the way back.
  AffineMap map;
  map.a = d / scale;
  map.b = -b / scale;
  map.d = -c / scale;
  map.e = a / scale;
  const double middle_x = static_cast<double>(size.width) * 0.5;
  const double middle_y = static_cast<double>(size.height) * 0.5;
  map.c = map.a * (-middle_x - right) + map.b * (-middle_y - down) + middle_x;
  map.f = map.d * (-middle_x - right) + map.e * (-middle_y - down) + middle_y;
  return map;
}

}  // namespace lockstep::storage
