// SPDX-License-Identifier: Apache-2.0
// An image turned over: left and right, or top and bottom.
#pragma once

#include <cstdint>

#include "storage/augment/view.h"

namespace lockstep::storage {

// out (packed, as large as `in`, elsewhere) = `in` with left and right exchanged.
void MirrorX(const ImageView& in, uint8_t* out);
void MirrorX(const MaskView& in, uint16_t* out);

// The same with top and bottom exchanged.
void MirrorY(const ImageView& in, uint8_t* out);
void MirrorY(const MaskView& in, uint16_t* out);

}  // namespace lockstep::storage
