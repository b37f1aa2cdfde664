// SPDX-License-Identifier: Apache-2.0
// Importer of photographs with boxes as Pascal VOC has them: JPEGImages/, Annotations/ and
// ImageSets/Main/, in a folder, a tar or a zip archive. docs/datasets.md says what becomes of what.
#pragma once

#include "storage/importers/importer.h"

namespace lockstep::storage {

ImporterKind VocKind();

}  // namespace lockstep::storage
