// SPDX-License-Identifier: Apache-2.0
// The plan. There are few unknowns, so every set of them is tried: the normal equations of the set
// are solved by Cholesky's method, and a set whose columns depend on one another, or whose solution
// has a negative part, is passed over. The best of all such sets is the answer of the constrained
// problem, since that is the unconstrained answer of the unknowns that are not 0 there.
#include "cluster/scaling/least_squares.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace lockstep::cluster {
namespace {

constexpr double kSame = 1e-9;   // of the error, relative to the values: no difference
constexpr double kRank = 1e-10;  // a pivot below that part of its column's norm: dependent

using Matrix = std::vector<std::vector<double>>;

// Solves a x = b for a symmetric, positive matrix; false where it is not, as far as numbers tell.
bool SolveSymmetric(Matrix a, std::vector<double> b, std::vector<double>* x) {
  const size_t n = b.size();
  for (size_t j = 0; j < n; ++j) {
    const double norm = a[j][j];
    for (size_t k = 0; k < j; ++k) a[j][j] -= a[j][k] * a[j][k];
    if (!(a[j][j] > kRank * norm)) return false;
    a[j][j] = std::sqrt(a[j][j]);
    for (size_t i = j + 1; i < n; ++i) {
      for (size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  *x = std::move(b);
  return true;
}

// The unknowns of `set` alone, the others 0; false where the set is passed over.
bool SolveSet(const Matrix& rows, uint32_t set, std::vector<double>* x) {
  std::vector<size_t> columns;
  for (size_t c = 0; c < x->size(); ++c) {
    if ((set >> c & 1) != 0) columns.push_back(c);
  }
  const size_t n = columns.size();
  Matrix a(n, std::vector<double>(n, 0.0));
  std::vector<double> b(n, 0.0), solution;
  for (const std::vector<double>& row : rows) {
    for (size_t i = 0; i < n; ++i) {
      b[i] += row[columns[i]];
      for (size_t j = 0; j < n; ++j) a[i][j] += row[columns[i]] * row[columns[j]];
    }
  }
  if (!SolveSymmetric(std::move(a), std::move(b), &solution)) return false;
  for (size_t i = 0; i < n; ++i) {
    if (!(solution[i] >= 0) || !std::isfinite(solution[i])) return false;
    (*x)[columns[i]] = solution[i];
  }
  return true;
}

double ErrorOf(const Matrix& rows, const std::vector<double>& x) {
  double error = 0.0;
  for (const std::vector<double>& row : rows) {
    double difference = -1.0;
    for (size_t c = 0; c < x.size(); ++c) difference += row[c] * x[c];
    error += difference * difference;
  }
  return error;
}

}  // namespace

std::vector<double> FitNonNegative(const std::vector<std::vector<double>>& rows,
                                   const std::vector<double>& values) {
  CHECK_EQ(rows.size(), values.size());
  if (rows.empty()) return {};
  const size_t unknowns = rows.front().size();
  CHECK(unknowns >= 1 && unknowns <= 8) << unknowns;
  Matrix relative = rows;  // each row divided by its value: what is sought is 1
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK_EQ(rows[i].size(), unknowns);
    CHECK(values[i] > 0) << values[i];
    for (double& number : relative[i]) number /= values[i];
  }
  std::vector<double> best(unknowns, 0.0);
  double least = ErrorOf(relative, best);
  // Small sets first; of equal size those of the first unknowns.
  for (int size = 1; size <= static_cast<int>(unknowns); ++size) {
    for (uint32_t set = 1; set < uint32_t{1} << unknowns; ++set) {
      if (std::popcount(set) != size) continue;
      std::vector<double> x(unknowns, 0.0);
      if (!SolveSet(relative, set, &x)) continue;
      const double error = ErrorOf(relative, x);
      if (error >= least - kSame * static_cast<double>(rows.size())) continue;
      least = error;
      best = std::move(x);
    }
  }
  return best;
}

}  // namespace lockstep::cluster
