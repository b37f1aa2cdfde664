// SPDX-License-Identifier: Apache-2.0
// Importer of photographs that a table describes: a CSV file with a column `path` and what belongs
// to each image: a label, labels, numbers or boxes. docs/datasets.md says what becomes of what.
#pragma once

#include "storage/importers/importer.h"

namespace lockstep::storage {

ImporterKind CsvKind();

}  // namespace lockstep::storage
