// SPDX-License-Identifier: Apache-2.0
// `lockstep data import|info|verify|show|order`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

struct DataImportOptions {
  std::string source;  // kind: "fashion-mnist"
  std::string path;
  std::string out;
  int threads = 0;  // 0: all cores
  int64_t shard_size = 256;
  bool replace = false;
};
Status RunDataImport(const DataImportOptions& options, Console* console);

struct DataInfoOptions {
  std::string dataset;
  bool json = false;
};
Status RunDataInfo(const DataInfoOptions& options, Console* console);

Status RunDataVerify(const std::string& dataset, Console* console);

struct DataShowOptions {
  std::string dataset;
  int64_t id = 0;
};
// The record's fields, and a small grey image drawn with characters.
Status RunDataShow(const DataShowOptions& options, Console* console);

struct DataOrderOptions {
  std::string recipe;
  std::vector<std::string> overrides;
  std::optional<int32_t> epoch;  // from 1; absent: `step` counts from the start of the run
  int64_t step = 1;              // from 1, as in digests.csv
};
// JSON: per lane the ids of that step, their source paths and labels.
Status RunDataOrder(const DataOrderOptions& options, Console* console);

}  // namespace lockstep::cluster
