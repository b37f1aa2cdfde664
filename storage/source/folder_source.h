// SPDX-License-Identifier: Apache-2.0
// A folder as a source.
//
// A symbolic link is followed where it leads to a file or folder inside the source; then the file
// is listed under both paths. It is rejected where it leads nowhere, out of the source or around in
// a circle, or is the ninth link to a folder on one path. Sockets, FIFOs and devices are rejected.
#pragma once

#include <memory>

#include "storage/source/source_files.h"

namespace lockstep::storage {

Result<std::unique_ptr<SourceFiles>> OpenFolder(const SourceOptions& options);

}  // namespace lockstep::storage
