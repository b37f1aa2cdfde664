// SPDX-License-Identifier: Apache-2.0
// What importers of photographs share: opening the files of a source, and values of JPEG and PNG
// files.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "storage/importers/importer.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

// The files of the source's folder or archive; its progress is told on.
Result<std::unique_ptr<SourceFiles>> OpenFiles(const ImportSource& source);

// The bytes of a JPEG or PNG file as the value of an image or a mask. The import finds out which of
// both it is, and whether it is either.
FieldValue PhotoValue(std::string file_bytes);

// Whether a folder holds folders and no idx files, or the path names an archive; reads no contents.
bool LooksLikeClassFolders(const std::string& path);

}  // namespace lockstep::storage
