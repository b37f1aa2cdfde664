// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/data_survey.h"

#include <algorithm>
#include <bit>

namespace lockstep::cluster {
namespace {

using storage::DatasetInfo;
using storage::SampleFacts;

void Count(const SampleFacts& sample, SplitSurvey* survey) {
  const auto label = static_cast<size_t>(sample.label);
  if (sample.label >= 0 && label < survey->of_class.size()) ++survey->of_class[label];
  if (const int32_t side = std::min(sample.height, sample.width); side > 0) {
    ++survey->shorter_sides[std::bit_floor(static_cast<uint32_t>(side))];
  }
  survey->boxes += sample.boxes;
  survey->most_boxes = std::max<int64_t>(survey->most_boxes, sample.boxes);
  if (sample.boxes == 0) ++survey->without_boxes;
}

}  // namespace

Result<std::vector<SplitSurvey>> SurveyColumns(const storage::Dataset& dataset) {
  const DatasetInfo& info = dataset.info();
  std::vector<SplitSurvey> surveys(info.splits.size());
  const int label = info.schema.FirstOf(FieldKind::kLabel);
  const size_t classes =
      label < 0 ? 0 : info.schema.fields[static_cast<size_t>(label)].classes.size();
  for (SplitSurvey& survey : surveys) survey.of_class.resize(classes);
  uint64_t id = 0;
  for (int64_t chunk = 0; chunk < dataset.chunks(); ++chunk) {
    ASSIGN_OR_RETURN(const std::vector<SampleFacts> facts, dataset.Facts(chunk));
    for (const SampleFacts& sample : facts) {
      const storage::SplitInfo* const split = info.SplitOf(SampleId(id++));
      if (split != nullptr)
        Count(sample, &surveys[static_cast<size_t>(split - info.splits.data())]);
    }
  }
  return surveys;
}

}  // namespace lockstep::cluster
