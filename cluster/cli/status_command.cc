// SPDX-License-Identifier: Apache-2.0
// `lockstep status`: where a run is, from its directory alone.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/format.h"
#include "cluster/cli/command.h"
#include "cluster/cli/text_table.h"
#include "cluster/status/run_status.h"

namespace lockstep::cluster {
namespace {

using Json = nlohmann::ordered_json;

struct StatusOptions {
  std::string run;
  bool json = false;
  bool no_verify = false;  // believe manifests and sizes
};

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
Json OrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json RanksJson(const RunStatus& s) {
  Json ranks = Json::array();
  for (const storage::RankStatus& rank : s.ranks) {
    ranks.push_back({{"rank", rank.rank},
                     {"host", rank.host},
                     {"pid", rank.pid},
                     {"phase", rank.phase},
                     {"step", rank.step},
                     {"silent_ms", rank.silent_ms},
                     {"left", rank.left}});
  }
  return ranks;
}

Json GenerationsJson(const RunStatus& s) {
  Json generations = Json::array();
  for (const GenerationLine& g : s.generations) {
    generations.push_back({{"generation", g.info.number},
                           {"time", g.info.time},
                           {"branch", g.info.branch},
                           {"parent", OrNull(g.info.parent)},
                           {"host", g.info.host},
                           {"pid", g.info.pid},
                           {"job", OrNull(g.info.job)},
                           {"holder", g.holder},
                           {"end", g.end}});
  }
  return generations;
}

Json StatusJson(const RunStatus& s) {
  Json json = {{"run", s.run},
               {"state", s.state},
               {"detail", OrNull(s.detail)},
               {"position", Json()},
               {"steps_per_second", OrNull(s.steps_per_second)},
               {"samples_per_second", OrNull(s.samples_per_second)},
               {"seconds_left", OrNull(s.seconds_left)},
               {"written_seconds_ago", OrNull(s.written_ago)},
               {"ranks", RanksJson(s)},
               {"generations", GenerationsJson(s)},
               {"checkpoints", Json::array()},
               {"newest_verified", OrNull(s.newest_verified)},
               {"best", OrNull(s.best)},
               {"disk", Json()},
               {"warnings", s.warnings}};
  if (s.position) {
    const RunPosition& p = *s.position;
    json["position"] = {{"step", p.step},
                        {"total_steps", p.total_steps},
                        {"epoch", p.epoch},
                        {"epochs", p.epochs},
                        {"step_in_epoch", p.step_in_epoch},
                        {"steps_per_epoch", p.steps_per_epoch},
                        {"from", p.from}};
  }
  for (const CheckpointLine& c : s.checkpoints) {
    json["checkpoints"].push_back({{"name", c.id.Name()},
                                   {"branch", c.id.branch},
                                   {"step", c.id.step},
                                   {"bytes", c.bytes},
                                   {"time", OrNull(c.time)},
                                   {"whole", c.whole}});
  }
  if (s.disk) {
    json["disk"] = {
        {"needed_bytes", s.disk->needed}, {"free_bytes", s.disk->free}, {"for", s.disk->why}};
  }
  return json;
}

std::string OfText(int64_t done, int64_t all) {
  return CountText(done) + (all > 0 ? " of " + CountText(all) : "");
}

void PrintPosition(const RunStatus& s, std::ostream& out) {
  if (s.position) {
    const RunPosition& p = *s.position;
    out << "position  step " << OfText(p.step, p.total_steps) << "; epochs done "
        << OfText(p.epoch, p.epochs) << ", then step " << OfText(p.step_in_epoch, p.steps_per_epoch)
        << " (from " << p.from << ")\n";
  }
  if (s.steps_per_second) {
    out << "rate      " << Format("%.2f steps/s", *s.steps_per_second);
    if (s.samples_per_second) out << ", " << Format("%.0f samples/s", *s.samples_per_second);
    if (s.seconds_left) out << "; " << DurationText(*s.seconds_left) << " left";
    out << "\n";
  }
  if (s.disk) {
    out << "disk      " << CountText(s.disk->needed) << " bytes more at most (" << s.disk->why
        << "); " << CountText(s.disk->free) << " free\n";
  }
}

void PrintRanks(const RunStatus& s, std::ostream& out) {
  if (s.ranks.empty()) return;
  out << "\n";
  std::vector<TextRow> rows = {{"rank", "phase", "step", "last heard", "host", "pid"}};
  for (const storage::RankStatus& rank : s.ranks) {
    rows.push_back({std::to_string(rank.rank), rank.left ? "left" : rank.phase,
                    CountText(rank.step),
                    Format("%.1f s before", 1e-3 * static_cast<double>(rank.silent_ms)), rank.host,
                    std::to_string(rank.pid)});
  }
  PrintTable(rows, out);
  if (s.written_ago) {
    out << Format("as its coordinator wrote %.0f s ago\n", std::max(0.0, *s.written_ago));
  }
}

void PrintGenerations(const RunStatus& s, std::ostream& out) {
  if (s.generations.empty()) return;
  out << "\n";
  std::vector<TextRow> rows = {{"start", "time", "from", "host", "pid", "job", "end"}};
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  for (const GenerationLine& g : s.generations) {
    rows.push_back({std::to_string(g.info.number), or_dash(g.info.time),
                    g.info.parent.empty() ? "step 0" : g.info.parent, or_dash(g.info.host),
                    std::to_string(g.info.pid), or_dash(g.info.job), g.end});
  }
  PrintTable(rows, out);
}

void PrintCheckpoints(const RunStatus& s, std::ostream& out) {
  out << "\n";
  if (s.checkpoints.empty()) {
    out << "no checkpoint yet\n";
    return;
  }
  std::vector<TextRow> rows = {{"checkpoint", "step", "bytes", "time", ""}};
  for (const CheckpointLine& c : s.checkpoints) {
    std::string notes = c.whole ? "" : "not whole";
    const auto note = [&](const std::string& name, const char* text) {
      if (name == c.id.Name()) notes += (notes.empty() ? "" : ", ") + std::string(text);
    };
    note(s.newest_verified, "newest verified");
    note(s.best, "best");
    rows.push_back({c.id.Name(), CountText(c.id.step), CountText(c.bytes),
                    c.time.empty() ? "-" : c.time, notes});
  }
  PrintTable(rows, out);
}

Status RunStatusCommand(const StatusOptions& options, Console* console) {
  ASSIGN_OR_RETURN(const RunStatus status, ReadRunStatus(options.run, !options.no_verify));
  if (options.json) {
    console->out << StatusJson(status).dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
    return OkStatus();
  }
  console->out << "run       " << status.run << ": " << status.state
               << (status.detail.empty() ? "" : "; " + status.detail) << "\n";
  PrintPosition(status, console->out);
  PrintRanks(status, console->out);
  PrintGenerations(status, console->out);
  PrintCheckpoints(status, console->out);
  for (const std::string& warning : status.warnings) {
    console->err << "lockstep: warning: " << warning << "\n";
  }
  return OkStatus();
}

}  // namespace

Command StatusCommand() {
  const auto o = std::make_shared<StatusOptions>();
  return {.name = "status",
          .description = R"(Say where a run is, from its directory alone, also while it trains.

Examples:
  lockstep status runs/lenet5-fashion-mnist
  lockstep status runs/lenet5-fashion-mnist --json
  watch -n 5 lockstep status runs/lenet5-fashion-mnist --no-verify

Position, rate and time left, what each rank is at, every start with the reason of its end, the
checkpoints, and the disk that the run will still need. It changes nothing.
)",
          .options = {{"RUN", &o->run, "Run directory", {.required = true}},
                      {"--json", &o->json, "As JSON"},
                      {"--no-verify", &o->no_verify,
                       "Do not read the bytes of the newest checkpoint; none is called verified"}},
          .run = [o](Console* console) { return RunStatusCommand(*o, console); }};
}

}  // namespace lockstep::cluster
