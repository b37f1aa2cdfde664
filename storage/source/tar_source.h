// SPDX-License-Identifier: Apache-2.0
// A tar archive as a source: read once, its files put into the spool.
#pragma once

#include <memory>

#include "storage/source/open_file.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

Result<std::unique_ptr<SourceFiles>> OpenTar(OpenFile archive, const SourceOptions& options);

}  // namespace lockstep::storage
