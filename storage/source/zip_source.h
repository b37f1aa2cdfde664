// SPDX-License-Identifier: Apache-2.0
// A zip archive as a source: its files are read where they lie in it.
#pragma once

#include <memory>

#include "storage/source/open_file.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

Result<std::unique_ptr<SourceFiles>> OpenZip(OpenFile archive, const SourceOptions& options);

}  // namespace lockstep::storage
