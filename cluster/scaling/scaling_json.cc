// SPDX-License-Identifier: Apache-2.0
// The result of `bench scaling` as JSON, and what `explain` reads of such a file.
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/hash.h"
#include "cluster/bench/image_option.h"
#include "cluster/scaling/scaling_report.h"
#include "storage/json/hashed_json.h"

namespace lockstep::cluster {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFormat[] = "lockstep-scaling";
constexpr int64_t kVersion = 1;

struct Constant {
  const char* name;
  double ScalingModel::*of;
};
constexpr Constant kConstants[] = {{"lane_ms", &ScalingModel::lane_ms},
                                   {"crowd", &ScalingModel::crowd},
                                   {"fixed_ms", &ScalingModel::fixed_ms},
                                   {"latency_ms", &ScalingModel::latency_ms},
                                   {"ms_per_mb", &ScalingModel::ms_per_mb},
                                   {"overlap", &ScalingModel::overlap},
                                   {"sync_ms", &ScalingModel::sync_ms},
                                   {"hash_ms", &ScalingModel::hash_ms},
                                   {"hash_fixed_ms", &ScalingModel::hash_fixed_ms},
                                   {"input_ms", &ScalingModel::input_ms}};

Json SpreadJson(const Spread& spread) {
  return {{"median", spread.median},
          {"lower_quartile", spread.lower},
          {"upper_quartile", spread.upper},
          {"min", spread.min},
          {"max", spread.max}};
}

Json TimeJson(const StepTime& time) {
  return {{"step_ms", time.total()},
          {"compute_ms", time.compute},
          {"exchange_ms", time.exchange},
          {"digest_ms", time.digest},
          {"input_ms", time.input}};
}

Json PointJson(const ScalingResult& r, const ScalingPoint& p) {
  const auto part = [&](double StepParts::*of) { return SpreadJson(p.SpreadOfPart(of)); };
  const auto times = [](const std::vector<double>& ms) {
    return ms.empty() ? Json() : SpreadJson(SpreadOf(ms));
  };
  Json json = {{"series", SeriesName(p.series)},
               {"ranks", p.measured.ranks},
               {"lanes", p.measured.lanes},
               {"subtrees", SubtreesOf(p.at())},
               {"hosts", p.measured.hosts},
               {"images_per_second", p.images_per_second()},
               {"speed_up", r.SpeedUp(p)},
               {"efficiency", r.Efficiency(p)},
               {"step_ms", part(&StepParts::step)},
               {"compute_ms", part(&StepParts::compute)},
               {"exchange_exposed_ms", part(&StepParts::exposed)},
               {"exchange_hidden_ms", part(&StepParts::hidden)},
               {"input_ms", part(&StepParts::input)},
               {"digest_ms", part(&StepParts::digest)},
               {"checkpoint_ms", times(p.measured.checkpoint_ms)},
               {"checkpoint_whole_ms", times(p.measured.checkpoint_whole_ms)},
               {"messages", Json::array()},
               {"digests", Json::array()},
               {"fitted", p.fitted}};
  for (const MessageTime& m : p.measured.messages) {
    json["messages"].push_back({{"bytes", m.bytes}, {"ms", m.ms}});
  }
  for (const uint64_t digest : p.measured.digests) json["digests"].push_back(Hex64(digest));
  if (p.predicted) {
    json["predicted"] = TimeJson(*p.predicted);
    json["prediction_error"] = ScalingResult::ErrorOf(p);
  }
  return json;
}

Json PeerJson(const ScalingResult& r) {
  Json json = {{"what", r.peer}, {"points", Json::array()}};
  for (const PeerPoint& p : r.peers) {
    json["points"].push_back({{"ranks", p.ranks},
                              {"step_ms", SpreadJson(SpreadOf(p.step_ms))},
                              {"images_per_second", p.images_per_second},
                              {"ours_over_theirs", p.ours_over_theirs}});
  }
  return json;
}

}  // namespace

std::string ScalingJson(const ScalingResult& r) {
  Json json = {{"format", kFormat},
               {"version", kVersion},
               {"date", r.date},
               {"host", r.host},
               {"model", r.model},
               {"image", ImageText(r.image)},
               {"classes", r.classes},
               {"lane_batch", r.lane_batch},
               {"steps", r.steps},
               {"launch", r.launch},
               {"work",
                {{"parameter_bytes", r.work.parameter_bytes},
                 {"buckets", r.work.buckets},
                 {"running_state", r.work.running_state},
                 {"rank_cores", r.work.rank_cores},
                 {"lanes_at_once", r.work.lanes_at_once},
                 {"machine_cores", r.work.machine_cores}}},
               {"fitted", Json::object()},
               {"points", Json::array()},
               {"checks", Json::array()},
               {"network", r.network ? Json(NetworkText(*r.network)) : Json()},
               {"predicted_elsewhere", Json::array()},
               {"peer", PeerJson(r)}};
  for (const Constant& c : kConstants) json["fitted"][c.name] = r.fitted.*c.of;
  for (const ScalingPoint& p : r.points) json["points"].push_back(PointJson(r, p));
  for (const DigestCheck& check : r.checks) {
    json["checks"].push_back({{"lanes", check.lanes},
                              {"ways", check.ways},
                              {"steps", check.steps},
                              {"digest", Hex64(check.digest)}});
  }
  for (const PredictedPoint& p : r.elsewhere) {
    Json one = {{"series", SeriesName(p.series)}, {"ranks", p.at.ranks}, {"lanes", p.at.lanes}};
    one.update(TimeJson(p.time));
    json["predicted_elsewhere"].push_back(std::move(one));
  }
  // Names from the command line may hold bytes that are no UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<StoredModel> ReadScalingFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const auto read = [&]() -> Result<StoredModel> {
    ASSIGN_OR_RETURN(const nlohmann::json json, storage::ParseJson(text));
    Status problem;
    const storage::JsonObject j(json, &problem);
    if (j.Text("format") != kFormat) return DataLoss("its format is not lockstep-scaling");
    if (j.Integer("version") != kVersion) return DataLoss("it is of another version");
    StoredModel stored;
    stored.model = j.Text("model");
    stored.image = j.Text("image");
    stored.classes = j.Integer("classes");
    stored.lane_batch = j.Integer("lane_batch");
    const storage::JsonObject work(j.Field("work"), &problem);
    stored.work.parameter_bytes = work.Integer("parameter_bytes");
    stored.work.buckets = work.Integer("buckets");
    stored.work.running_state = work.Bool("running_state");
    stored.work.rank_cores = work.Integer32("rank_cores");
    stored.work.lanes_at_once = work.Integer32("lanes_at_once");
    stored.work.machine_cores = work.Integer32("machine_cores");
    const storage::JsonObject fitted(j.Field("fitted"), &problem);
    for (const Constant& c : kConstants) {
      const nlohmann::json& number = fitted.Field(c.name);
      if (!number.is_number()) return DataLoss(std::string("'") + c.name + "' is no number");
      stored.fitted.*c.of = number.get<double>();
    }
    RETURN_IF_ERROR(problem);
    return stored;
  };
  Result<StoredModel> stored = read();
  if (stored.ok()) return stored;
  return DataLoss("'" + path + "' is no result of `lockstep bench scaling --json`: " +
                  stored.status().message());
}

}  // namespace lockstep::cluster
