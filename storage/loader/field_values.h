// SPDX-License-Identifier: Apache-2.0
// The masks and boxes of records as augmentation takes them.
#pragma once

#include <cstddef>

#include "base/sample/schema.h"
#include "base/status.h"
#include "storage/augment/boxes.h"
#include "storage/augment/sample.h"
#include "storage/dataset/record.h"
#include "storage/image/image_decoder.h"

namespace lockstep::storage {

// A mask, which has a value; one that is a PNG is decoded. Fails with data-loss where it cannot be.
Result<MaskField> ReadMask(const FieldView& value, ImageDecoder* decoder);

// The boxes of a field, which has a value, with the labels, flags and areas that belong to it.
BoxesField ReadBoxes(const Schema& schema, const Record& record, size_t field);

}  // namespace lockstep::storage
