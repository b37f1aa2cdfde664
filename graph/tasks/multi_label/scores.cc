// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/multi_label/scores.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/bytes.h"
#include "base/math.h"

namespace lockstep::graph::multi_label {

Result<Scores> ReadScores(const std::vector<SampleRow>& rows) {
  Scores scores;
  if (rows.empty()) return scores;
  scores.samples = rows.size();
  scores.labels = rows.front().bytes.size() / static_cast<size_t>(kBytesOfLabel);
  scores.score.resize(scores.labels * scores.samples);
  scores.has.resize(scores.labels * scores.samples);
  for (size_t n = 0; n < rows.size(); ++n) {
    ByteReader reader(rows[n].bytes, "scores of sample " + std::to_string(rows[n].id.value));
    for (size_t label = 0; label < scores.labels; ++label) {
      ASSIGN_OR_RETURN(scores.score[label * scores.samples + n], reader.F64());
      ASSIGN_OR_RETURN(scores.has[label * scores.samples + n], reader.U8());
    }
    RETURN_IF_ERROR(reader.ExpectEnd());
  }
  return scores;
}

double AveragePrecision(const Scores& scores, size_t label) {
  const double* const score = scores.score.data() + label * scores.samples;
  const uint8_t* const has = scores.has.data() + label * scores.samples;
  // NaN has no place in an order.
  const auto rank = [score](size_t n) {
    return score[n] == score[n] ? score[n] : -std::numeric_limits<double>::infinity();
  };
  std::vector<size_t> order(scores.samples);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rank(a) > rank(b); });
  const auto actual = std::accumulate(has, has + scores.samples, int64_t{0});
  if (actual == 0) return 0.0;
  double sum = 0.0;
  int64_t hits = 0, before = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    hits += has[order[i]];
    if (i + 1 < order.size() && rank(order[i + 1]) == rank(order[i])) continue;
    const double recalled = static_cast<double>(hits - before) / static_cast<double>(actual);
    sum += recalled * (static_cast<double>(hits) / static_cast<double>(i + 1));
    before = hits;
  }
  return sum;
}

LabelCounts CountsOf(const Scores& scores, size_t label, double threshold) {
  LabelCounts counts;
  for (size_t n = label * scores.samples; n < (label + 1) * scores.samples; ++n) {
    const bool taken = 1.0 / (1.0 + math::Exp(-scores.score[n])) >= threshold;
    const bool has = scores.has[n] != 0;
    counts.hits += taken && has ? 1 : 0;
    counts.predicted += taken ? 1 : 0;
    counts.actual += has ? 1 : 0;
  }
  return counts;
}

}  // namespace lockstep::graph::multi_label
