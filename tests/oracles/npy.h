// SPDX-License-Identifier: Apache-2.0
// Writes NumPy's .npy files (format 1.0: magic, version, header length, a Python dict as text,
// padded to 64 bytes, then the elements, row-major, little-endian).
#pragma once

#include <string>

#include "base/shape.h"
#include "base/status.h"

namespace lockstep::tests {

// `data` holds the elements of `type`, row-major.
Status WriteNpy(const std::string& path, const TensorType& type, const void* data);

}  // namespace lockstep::tests
