// SPDX-License-Identifier: Apache-2.0
// One sample as text: its fields, and a small image drawn with characters.
#pragma once

#include <ostream>

#include "base/ids.h"
#include "base/status.h"
#include "storage/dataset/dataset.h"

namespace lockstep::cluster {

Status PrintSample(const storage::Dataset& dataset, SampleId id, std::ostream& out);

}  // namespace lockstep::cluster
