// SPDX-License-Identifier: Apache-2.0
#include "base/suggest.h"

#include <algorithm>
#include <numeric>

namespace lockstep {
namespace {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string NearestName(std::string_view typed, std::span<const std::string> known) {
  std::string best;
  size_t best_distance = std::string::npos;
  for (const std::string& name : known) {
    const size_t distance = EditDistance(typed, name);
    if (distance <= std::max<size_t>(2, name.size() / 3) && distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string Suggestion(std::string_view typed, const std::vector<std::string>& known) {
  const std::string nearest = NearestName(typed, known);
  if (!nearest.empty()) return "; did you mean '" + nearest + "'?";
  std::string list = "; known are ";
  for (size_t i = 0; i < known.size(); ++i) list += (i > 0 ? ", " : "") + known[i];
  return list;
}

}  // namespace lockstep
