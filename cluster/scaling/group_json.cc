// SPDX-License-Identifier: Apache-2.0
// A group's measurement as JSON: how its process tells the one that started it.
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "cluster/scaling/group_measurement.h"
#include "storage/json/hashed_json.h"

namespace lockstep::cluster {
namespace {

constexpr double StepParts::*kParts[] = {&StepParts::step,    &StepParts::input,
                                         &StepParts::compute, &StepParts::exposed,
                                         &StepParts::hidden,  &StepParts::digest};

}  // namespace

std::string GroupToJson(const GroupMeasurement& measured) {
  nlohmann::json steps = nlohmann::json::array(), messages = nlohmann::json::array();
  for (const StepParts& step : measured.steps) {
    nlohmann::json row = nlohmann::json::array();
    for (const auto part : kParts) row.push_back(step.*part);
    steps.push_back(std::move(row));
  }
  for (const MessageTime& m : measured.messages) messages.push_back({m.bytes, m.ms});
  nlohmann::json digests = nlohmann::json::array();
  for (const uint64_t digest : measured.digests) digests.push_back(Hex64(digest));
  const nlohmann::json json = {{"ranks", measured.ranks},
                               {"lanes", measured.lanes},
                               {"lane_batch", measured.lane_batch},
                               {"lanes_at_once", measured.lanes_at_once},
                               {"steps", steps},
                               {"checkpoint_ms", measured.checkpoint_ms},
                               {"checkpoint_whole_ms", measured.checkpoint_whole_ms},
                               {"messages", messages},
                               {"digests", digests},
                               {"parameter_bytes", measured.parameter_bytes},
                               {"buckets", measured.buckets},
                               {"running_state", measured.running_state},
                               {"hosts", measured.hosts}};
  return json.dump() + "\n";
}

Result<GroupMeasurement> GroupFromJson(const std::string& text) {
  ASSIGN_OR_RETURN(const nlohmann::json json, storage::ParseJson(text));
  Status problem;
  const storage::JsonObject j(json, &problem);
  GroupMeasurement m;
  m.ranks = j.Integer32("ranks");
  m.lanes = j.Integer32("lanes");
  m.lane_batch = j.Integer("lane_batch");
  m.lanes_at_once = j.Integer32("lanes_at_once");
  m.checkpoint_ms = j.Numbers("checkpoint_ms");
  m.checkpoint_whole_ms = j.Numbers("checkpoint_whole_ms");
  m.parameter_bytes = j.Integer("parameter_bytes");
  m.buckets = j.Integer("buckets");
  m.running_state = j.Bool("running_state");
  m.hosts = j.Integer32("hosts");
  for (const std::string& digest : j.Texts("digests")) {
    m.digests.push_back(std::strtoull(digest.c_str(), nullptr, 16));
  }
  RETURN_IF_ERROR(problem);
  const auto rows = [&](const char* key, size_t width) -> Result<std::vector<std::vector<double>>> {
    std::vector<std::vector<double>> all;
    const nlohmann::json& list = j.Field(key);
    if (!list.is_array()) return DataLoss(std::string("'") + key + "' is no list");
    for (const nlohmann::json& row : list) {
      std::vector<double> numbers;
      for (const nlohmann::json& number : row) {
        if (number.is_number()) numbers.push_back(number.get<double>());
      }
      if (numbers.size() != width) return DataLoss(std::string("a row of '") + key + "' is short");
      all.push_back(std::move(numbers));
    }
    return all;
  };
  ASSIGN_OR_RETURN(const auto steps, rows("steps", std::size(kParts)));
  for (const std::vector<double>& row : steps) {
    StepParts parts;
    for (size_t i = 0; i < row.size(); ++i) parts.*kParts[i] = row[i];
    m.steps.push_back(parts);
  }
  ASSIGN_OR_RETURN(const auto messages, rows("messages", 2));
  for (const std::vector<double>& row : messages) m.messages.push_back({row[0], row[1]});
  return m;
}

}  // namespace lockstep::cluster
