// SPDX-License-Identifier: Apache-2.0
// Importer of tar shards whose members belong together by name, as the WebDataset library writes
// them: 000.jpg, 000.cls and 000.json are one sample. docs/datasets.md says what becomes of what.
#pragma once

#include "storage/importers/importer.h"

namespace lockstep::storage {

ImporterKind WebDatasetKind();

}  // namespace lockstep::storage
