// SPDX-License-Identifier: Apache-2.0
// Importer of photographs in class folders, as torchvision's ImageFolder reads them: SPLIT/CLASS/
// or CLASS/ with JPEG and PNG files, in a folder, a tar or a zip archive.
#pragma once

#include "storage/importers/importer.h"

namespace lockstep::storage {

ImporterKind ImageFolderKind();

}  // namespace lockstep::storage
