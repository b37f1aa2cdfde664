// SPDX-License-Identifier: Apache-2.0
// Importer of photographs with masks: images/NAME.jpg and masks/NAME.png, or SPLIT/images and
// SPLIT/masks, in a folder, a tar or a zip archive; classes.txt beside them names the values of the
// masks. docs/datasets.md says what becomes of what.
#pragma once

#include "storage/importers/importer.h"

namespace lockstep::storage {

ImporterKind SegmentationFolderKind();

}  // namespace lockstep::storage
