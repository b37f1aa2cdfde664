// SPDX-License-Identifier: Apache-2.0
// Least squares of few unknowns that are not negative.
#pragma once

#include <vector>

namespace lockstep::cluster {

// Finds x >= 0 with the least sum over i of ((rows[i] . x - values[i]) / values[i])^2. Where
// several sets of unknowns explain the values equally well, the one with fewer that are not 0 is
// taken, and of those the one whose unknowns come first. `values` are above 0; rows have at most 8
// columns, all the same number. Without rows, or where none helps, x is 0.
std::vector<double> FitNonNegative(const std::vector<std::vector<double>>& rows,
                                   const std::vector<double>& values);

}  // namespace lockstep::cluster
