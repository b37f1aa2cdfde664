// SPDX-License-Identifier: Apache-2.0
// The result of `bench scaling` as text, tables in files, and plots.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "base/status.h"
#include "cluster/scaling/scaling_result.h"

namespace lockstep::cluster {

void PrintScaling(const ScalingResult& result, std::ostream& out);

// Each is a whole file.
std::string ScalingJson(const ScalingResult& result);      // format "lockstep-scaling", version 1
std::string ScalingCsv(const ScalingResult& result);       // a line for each point
std::string ScalingMarkdown(const ScalingResult& result);  // tables for a page

// A file's name; empty: it is not written.
struct ScalingFiles {
  std::string json, csv, markdown;
  std::string plots;  // the beginning of the names in PlotFiles
};
// "out" gives out-throughput.svg, out-throughput.png, out-efficiency.svg, out-efficiency.png,
// and the same of -step, -exchange and -checkpoint.
std::vector<std::string> PlotFiles(const std::string& beginning);
// Errors name the file and say what to do.
Status WriteScaling(const ScalingResult& result, const ScalingFiles& files);

// What explain needs of a measurement: the model, and what it was fitted to.
struct StoredModel {
  std::string model;  // the network's name
  std::string image;  // as ImageText says it
  int64_t classes = 0;
  Workload work;
  int64_t lane_batch = 1;
  ScalingModel fitted;
};
// Of a file that ScalingJson made. data-loss: it is none.
Result<StoredModel> ReadScalingFile(const std::string& path);

}  // namespace lockstep::cluster
