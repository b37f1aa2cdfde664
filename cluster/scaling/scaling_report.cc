// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/scaling_report.h"

#include <algorithm>

#include "base/file.h"
#include "base/format.h"
#include "base/hash.h"
#include "cluster/bench/image_option.h"
#include "cluster/console/console.h"
#include "cluster/scaling/scaling_charts.h"

namespace lockstep::cluster {
namespace {

std::string Heading(const ScalingResult& r) {
  return Format(
      "%s, images %s, %lld classes, lane_batch %lld; %lld steps of each; a rank has "
      "%s, the machine or job %d; ranks started by: %s",
      r.model.c_str(), ImageText(r.image).c_str(), static_cast<long long>(r.classes),
      static_cast<long long>(r.lane_batch), static_cast<long long>(r.steps),
      CountText(r.work.rank_cores, "core").c_str(), r.work.machine_cores, r.launch.c_str());
}

// "41.3 (40.9 to 42.0)".
std::string SpreadText(const Spread& spread) {
  return Format("%.2f (%.2f to %.2f)", spread.median, spread.lower, spread.upper);
}

std::string CheckpointText(const std::vector<double>& ms) {
  return ms.empty() ? "-" : SpreadText(SpreadOf(ms));
}

std::string ErrorText(const ScalingPoint& point) {
  if (!point.predicted) return "-";
  return Format("%.2f (%+.0f %%)", point.predicted->total(), 100.0 * ScalingResult::ErrorOf(point));
}

using Row = std::vector<std::string>;

std::vector<Row> PointRows(const ScalingResult& r) {
  std::vector<Row> rows = {{"series", "W", "V", "images/s", "speed-up", "efficiency", "step",
                            "compute", "exchange exposed", "hidden", "input", "digest",
                            "checkpoint", "step predicted before"}};
  for (const ScalingPoint& p : r.points) {
    const auto part = [&](double StepParts::*of) { return SpreadText(p.SpreadOfPart(of)); };
    rows.push_back({SeriesName(p.series), std::to_string(p.measured.ranks),
                    std::to_string(p.measured.lanes), Format("%.1f", p.images_per_second()),
                    Format("%.2f", r.SpeedUp(p)), Format("%.2f", r.Efficiency(p)),
                    part(&StepParts::step), part(&StepParts::compute), part(&StepParts::exposed),
                    part(&StepParts::hidden), part(&StepParts::input), part(&StepParts::digest),
                    CheckpointText(p.measured.checkpoint_ms), ErrorText(p)});
  }
  return rows;
}

std::vector<Row> CheckRows(const ScalingResult& r) {
  std::vector<Row> rows = {{"V", "equal step by step", "steps", "digest of the last"}};
  for (const DigestCheck& check : r.checks) {
    std::string ways;
    for (const std::string& way : check.ways) ways += (ways.empty() ? "" : ", ") + way;
    rows.push_back(
        {std::to_string(check.lanes), ways, std::to_string(check.steps), Hex64(check.digest)});
  }
  return rows;
}

std::vector<Row> ElsewhereRows(const ScalingResult& r) {
  std::vector<Row> rows = {{"series", "W", "V", "step", "compute", "exchange", "images/s"}};
  for (const PredictedPoint& p : r.elsewhere) {
    const double images = static_cast<double>(p.at.lanes) * static_cast<double>(r.lane_batch);
    rows.push_back({SeriesName(p.series), std::to_string(p.at.ranks), std::to_string(p.at.lanes),
                    Format("%.2f", p.time.total()), Format("%.2f", p.time.compute),
                    Format("%.2f", p.time.exchange),
                    Format("%.0f", 1e3 * images / p.time.total())});
  }
  return rows;
}

std::vector<Row> PeerRows(const ScalingResult& r) {
  std::vector<Row> rows = {{"W", "step", "images/s", "ours / theirs"}};
  for (const PeerPoint& p : r.peers) {
    rows.push_back({std::to_string(p.ranks), SpreadText(SpreadOf(p.step_ms)),
                    Format("%.1f", p.images_per_second), Format("%.2f", p.ours_over_theirs)});
  }
  return rows;
}

std::string ModelText(const ScalingResult& r) {
  const ScalingModel& m = r.fitted;
  return Format(
      "model: %.3f ms a lane (%.0f %% more where all cores are busy), %.3f ms besides; a message "
      "%.1f us, %.2f GB/s, %.0f %% of the exchange hidden, %.3f ms to meet; digest %.3f ms / W + "
      "%.3f ms; input %.3f ms",
      m.lane_ms, 100.0 * m.crowd, m.fixed_ms, 1e3 * m.latency_ms,
      m.ms_per_mb > 0 ? 1.0 / m.ms_per_mb : 0.0, 100.0 * m.overlap, m.sync_ms, m.hash_ms,
      m.hash_fixed_ms, m.input_ms);
}

// Columns as wide as their widest cell.
void PrintRows(const std::vector<Row>& rows, std::ostream& out) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      line += row[c];
      if (c + 1 < row.size()) line += std::string(widths[c] - row[c].size() + 2, ' ');
    }
    out << line << "\n";
  }
}

void AddTable(const std::vector<Row>& rows, std::string* text) {
  for (size_t i = 0; i < rows.size(); ++i) {
    *text += "|";
    for (const std::string& cell : rows[i]) *text += " " + cell + " |";
    *text += "\n";
    if (i > 0) continue;
    *text += "|";
    for (size_t c = 0; c < rows[i].size(); ++c) *text += "---|";
    *text += "\n";
  }
  *text += "\n";
}

Status Write(const std::string& path, const std::string& text, const char* option) {
  if (path.empty()) return OkStatus();
  const Status written = WriteFileAtomic(path, text);
  if (written.ok()) return OkStatus();
  return Status(written.code(), written.message() + "; choose another place with " + option);
}

}  // namespace

void PrintScaling(const ScalingResult& r, std::ostream& out) {
  out << "bench scaling: " << Heading(r) << "\n\nmilliseconds: median (quartiles)\n";
  PrintRows(PointRows(r), out);
  out << "\n" << ModelText(r) << "\n\nthe same V has the same digests\n";
  PrintRows(CheckRows(r), out);
  if (r.network) {
    out << "\npredicted for " << NetworkText(*r.network) << "\n";
    PrintRows(ElsewhereRows(r), out);
  }
  out << "\n" << r.peer << "\n";
  if (!r.peers.empty()) PrintRows(PeerRows(r), out);
  out << std::flush;
}

std::string ScalingMarkdown(const ScalingResult& r) {
  std::string text = r.date + ", " + r.host + ": " + Heading(r) +
                     ".\n\nMilliseconds; median (quartiles). A dash: part of what the model was "
                     "fitted to.\n\n";
  AddTable(PointRows(r), &text);
  text += "M" + ModelText(r).substr(1) + ".\n\n";
  AddTable(CheckRows(r), &text);
  if (r.network) {
    text += "Predicted for " + NetworkText(*r.network) + ", in milliseconds:\n\n";
    AddTable(ElsewhereRows(r), &text);
  }
  text += r.peer + (r.peers.empty() ? ".\n" : ", milliseconds:\n\n");
  if (!r.peers.empty()) AddTable(PeerRows(r), &text);
  return text;
}

std::string ScalingCsv(const ScalingResult& r) {
  std::string text = "series,ranks,lanes,images_per_second,speed_up,efficiency,predicted_ms,digest";
  struct Part {
    const char* name;
    double StepParts::*of;
  };
  constexpr Part kParts[] = {{"step", &StepParts::step},       {"compute", &StepParts::compute},
                             {"exposed", &StepParts::exposed}, {"hidden", &StepParts::hidden},
                             {"input", &StepParts::input},     {"digest", &StepParts::digest}};
  for (const Part& part : kParts) {
    for (const char* what : {"", "_lower", "_upper"}) {
      text += std::string(",") + part.name + "_ms" + what;
    }
  }
  for (const char* name : {"checkpoint", "checkpoint_whole"}) {
    for (const char* what : {"", "_lower", "_upper"})
      text += std::string(",") + name + "_ms" + what;
  }
  text += "\n";
  for (const ScalingPoint& p : r.points) {
    text += Format("%s,%d,%d,%.9g,%.9g,%.9g,", SeriesName(p.series), p.measured.ranks,
                   p.measured.lanes, p.images_per_second(), r.SpeedUp(p), r.Efficiency(p));
    if (p.predicted) text += Format("%.9g", p.predicted->total());
    text += "," + Hex64(p.measured.digests.empty() ? 0 : p.measured.digests.back());
    for (const Part& part : kParts) {
      const Spread spread = p.SpreadOfPart(part.of);
      text += Format(",%.9g,%.9g,%.9g", spread.median, spread.lower, spread.upper);
    }
    for (const std::vector<double>& ms :
         {p.measured.checkpoint_ms, p.measured.checkpoint_whole_ms}) {
      if (ms.empty()) {
        text += ",,,";
        continue;
      }
      const Spread spread = SpreadOf(ms);
      text += Format(",%.9g,%.9g,%.9g", spread.median, spread.lower, spread.upper);
    }
    text += "\n";
  }
  return text;
}

Status WriteScaling(const ScalingResult& result, const ScalingFiles& files) {
  RETURN_IF_ERROR(Write(files.json, ScalingJson(result), "--json"));
  RETURN_IF_ERROR(Write(files.csv, ScalingCsv(result), "--csv"));
  RETURN_IF_ERROR(Write(files.markdown, ScalingMarkdown(result), "--markdown"));
  if (files.plots.empty()) return OkStatus();
  const std::vector<Chart> charts = ScalingCharts(result);
  const std::vector<std::string> paths = PlotFiles(files.plots);
  for (size_t i = 0; i < charts.size(); ++i) {
    RETURN_IF_ERROR(Write(paths[2 * i], ChartSvg(charts[i]), "--plots"));
    ASSIGN_OR_RETURN(const std::string png, ChartPng(charts[i]));
    RETURN_IF_ERROR(Write(paths[2 * i + 1], png, "--plots"));
  }
  return OkStatus();
}

}  // namespace lockstep::cluster
