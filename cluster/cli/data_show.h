// SPDX-License-Identifier: Apache-2.0
// `lockstep data show`: one sample as text, or many as a contact sheet, which is one PNG file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "cluster/console/console.h"
#include "storage/dataset/dataset.h"

namespace lockstep::cluster {

inline constexpr int64_t kMostSamplesShown = 400;  // on one sheet
inline constexpr int64_t kSamplesShown = 24;       // where nobody says how many

struct DataShowOptions {
  std::string dataset;
  std::vector<std::string> words;  // ids, and key=value of the recipe
  std::optional<std::string> split;
  std::optional<std::string> class_name;
  std::optional<int64_t> count;
  std::string recipe;
  std::optional<int32_t> epoch;  // from 1
  std::string out;               // a PNG file; empty: text
};

Status RunDataShow(const DataShowOptions& options, Console* console);

// Which samples are asked for, and of what recipe they are shown.
struct SamplesShown {
  std::vector<SampleId> ids;
  std::vector<std::string> augment;  // the recipe's list for training
  uint64_t seed = 0;
  Epoch epoch;
};

// One cell for each sample; with a recipe, before and after its augmentation. Writes options.out.
Status DrawContactSheet(const DataShowOptions& options, const storage::Dataset& dataset,
                        const SamplesShown& shown, Console* console);

}  // namespace lockstep::cluster
