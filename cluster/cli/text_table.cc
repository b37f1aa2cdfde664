// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/text_table.h"

#include <algorithm>

namespace lockstep::cluster {

void PrintTable(const std::vector<TextRow>& rows, std::ostream& out) {
  std::vector<size_t> widths(rows[0].size());
  for (const TextRow& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const TextRow& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    out << line << "\n";
  }
}

}  // namespace lockstep::cluster
