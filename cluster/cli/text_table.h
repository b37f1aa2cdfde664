// SPDX-License-Identifier: Apache-2.0
// Tables on standard output.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace lockstep::cluster {

using TextRow = std::vector<std::string>;

// Columns as wide as their widest cell, two spaces apart; the first row is the heading.
void PrintTable(const std::vector<TextRow>& rows, std::ostream& out);

}  // namespace lockstep::cluster
