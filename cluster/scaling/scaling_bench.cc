// SPDX-License-Identifier: Apache-2.0
// The order of the measurement: what can fail is asked first; a dataset is made; every arrangement
// whose ranks have cores of their own is measured; the model is fitted to these and says what it
// expects of the others, before they are measured; then PyTorch, the tables and the plots.
#include "cluster/scaling/scaling_bench.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/cores.h"
#include "base/file.h"
#include "base/format.h"
#include "base/hash.h"
#include "base/process.h"
#include "cluster/bench/image_option.h"
#include "cluster/scaling/ddp_peer.h"
#include "cluster/scaling/made_up_dataset.h"
#include "cluster/scaling/scaling_report.h"
#include "cluster/scaling/work_folder.h"
#include "graph/models/models.h"

namespace lockstep::cluster {
namespace {

constexpr int64_t kStepsOfAnEpoch = 4;  // of the made-up dataset, with the most lanes
constexpr int64_t kCheckSteps = 3;      // of a second way to compute the same V
constexpr int32_t kMostPredicted = 64;  // ranks, where more are not measured

class Bench {
 public:
  Bench(const ScalingOptions& options, std::vector<int32_t> ranks, std::string folder,
        Console* console)
      : options_(options), ranks_(std::move(ranks)), console_(console) {
    spec_.model = options.model;
    spec_.lane_batch = options.lane_batch;
    spec_.threads = options.threads;
    spec_.cores = options.cores;
    spec_.kernels = options.kernels;
    spec_.optimizer = options.optimizer;
    spec_.learning_rate = options.learning_rate;
    spec_.seed = options.seed;
    spec_.steps = options.steps;
    spec_.warmup = options.warmup;
    spec_.folder = std::move(folder);
    spec_.dataset = spec_.folder + "/data.ldb";
    launch_.command = options.launch;
    launch_.stop = console->stop;
    result_.model = options.model;
    result_.classes = options.classes;
    result_.lane_batch = options.lane_batch;
    result_.steps = options.steps;
    result_.launch = options.launch;
    result_.date = UtcTimeText();
    result_.host = HostName();
    weak_lanes_ = WeakLanes(options, ranks_.back());
  }

  Status Run(const Shape& image) {
    result_.image = image;
    RETURN_IF_ERROR(MakeData());
    RETURN_IF_ERROR(MeasureAll(/*crowded=*/false));
    SetWorkload();
    Fit();
    Foretell();
    RETURN_IF_ERROR(MeasureAll(/*crowded=*/true));
    SortPoints();
    RETURN_IF_ERROR(CheckDigests());
    if (!options_.network.empty()) RETURN_IF_ERROR(PredictElsewhere());
    return MeasurePeer(options_, spec_.folder, launch_, &result_);
  }

  const ScalingResult& result() const { return result_; }

 private:
  void Say(const std::string& line) { console_->err << line << std::endl; }

  std::vector<Series> SeriesWanted() const {
    std::vector<Series> wanted;
    if (options_.strong || !options_.weak) wanted.push_back(Series::kStrong);
    if (options_.weak || !options_.strong) wanted.push_back(Series::kWeak);
    return wanted;
  }

  int64_t LanesOf(Series series, int64_t ranks) const {
    return series == Series::kStrong ? options_.lanes : ranks * weak_lanes_;
  }
  // At most kMostLanes: RanksOf has looked at that.
  Arrangement At(Series series, int32_t ranks) const {
    return {ranks, static_cast<int32_t>(LanesOf(series, ranks))};
  }

  // Its ranks have no cores of their own. One rank is measured in any case.
  bool Crowded(int32_t ranks) const {
    return ranks > 1 && int64_t{ranks} * options_.cores >
                            int64_t{options_.nodes} * std::max(1, AvailableCores());
  }

  Status MakeData() {
    int32_t most = 1;
    for (const Series series : SeriesWanted()) {
      most = std::max(most, At(series, ranks_.back()).lanes);
    }
    const int64_t samples = kStepsOfAnEpoch * most * options_.lane_batch;
    RETURN_IF_ERROR(CheckRoomFor(samples * result_.image.elements()));
    Say("making " + CountText(samples) + " images of " + ImageText(result_.image));
    return MakeDataset({.directory = spec_.dataset,
                        .image = result_.image,
                        .classes = options_.classes,
                        .samples = samples,
                        .seed = options_.seed});
  }

  Status CheckRoomFor(int64_t bytes) const {
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(spec_.folder, error);
    if (error || static_cast<uint64_t>(bytes) <= space.available) return OkStatus();
    return ResourceExhausted("the made-up images take " + CountText(bytes) + " bytes and '" +
                             spec_.folder + "' has " +
                             CountText(static_cast<int64_t>(space.available)) +
                             " free; choose another place with --work, smaller images or fewer "
                             "lanes");
  }

  Result<GroupMeasurement> Measure(const Arrangement& at, const GroupLaunch& launch, int64_t warmup,
                                   int64_t steps, int64_t checkpoints) {
    GroupSpec spec = spec_;
    spec.lanes = at.lanes;
    spec.warmup = warmup;
    spec.steps = steps;
    spec.checkpoints = checkpoints;
    spec.folder = spec_.folder + "/" + std::to_string(++groups_);
    RETURN_IF_ERROR(MakeDirs(spec.folder));
    Result<GroupMeasurement> measured = RunGroup(spec, at.ranks, launch);
    (void)RemoveTree(spec.folder);
    return measured;
  }

  Status MeasureAll(bool crowded) {
    for (const Series series : SeriesWanted()) {
      for (const int32_t ranks : ranks_) {
        if (Crowded(ranks) == crowded) RETURN_IF_ERROR(MeasurePoint(series, ranks));
      }
    }
    return OkStatus();
  }

  Status MeasurePoint(Series series, int32_t ranks) {
    const Arrangement at = At(series, ranks);
    ScalingPoint point;
    point.series = series;
    point.fitted = !Crowded(ranks);
    const auto same = std::find_if(result_.points.begin(), result_.points.end(),
                                   [&](const ScalingPoint& p) { return p.at() == at; });
    if (same != result_.points.end()) {
      point.measured = same->measured;
    } else {
      ASSIGN_OR_RETURN(point.measured,
                       Measure(at, launch_, options_.warmup, options_.steps, spec_.checkpoints));
    }
    const auto foretold = foretold_.find({at.ranks, at.lanes});
    if (foretold != foretold_.end()) point.predicted = foretold->second;
    result_.points.push_back(std::move(point));
    const ScalingPoint& made = result_.points.back();
    Say(Format("%-6s %3d ranks, %3d lanes: %10.2f ms a step, %9.1f images/s, digest ",
               SeriesName(series), at.ranks, at.lanes, made.SpreadOfPart(&StepParts::step).median,
               made.images_per_second()) +
        Hex64(made.measured.digests.back()));
    return OkStatus();
  }

  void SetWorkload() {
    const GroupMeasurement& any = result_.points.front().measured;
    result_.work = {.parameter_bytes = any.parameter_bytes,
                    .buckets = any.buckets,
                    .running_state = any.running_state,
                    .rank_cores = options_.cores,
                    .lanes_at_once = std::max(1, options_.cores / options_.threads),
                    .machine_cores = options_.nodes * std::max(1, AvailableCores())};
  }

  void Fit() {
    std::vector<MeasuredPoint> points;
    for (const ScalingPoint& p : result_.points) {
      MeasuredPoint point{.at = p.at()};
      point.compute = p.SpreadOfPart(&StepParts::compute).median;
      point.exposed = p.SpreadOfPart(&StepParts::exposed).median;
      point.hidden = p.SpreadOfPart(&StepParts::hidden).median;
      point.digest = p.SpreadOfPart(&StepParts::digest).median;
      point.input = p.SpreadOfPart(&StepParts::input).median;
      for (const MessageTime& m : p.measured.messages) point.messages.push_back({m.bytes, m.ms});
      points.push_back(std::move(point));
    }
    result_.fitted = FitModel(result_.work, points);
  }

  // Says what is expected before it is measured.
  void Foretell() {
    for (const Series series : SeriesWanted()) {
      for (const int32_t ranks : ranks_) {
        if (!Crowded(ranks)) continue;
        const Arrangement at = At(series, ranks);
        const StepTime time = result_.fitted.Predict(result_.work, at);
        foretold_[{at.ranks, at.lanes}] = time;
        Say(Format(
            "%-6s %3d ranks, %3d lanes: %10.2f ms a step expected, of which compute %.2f, "
            "exchange %.2f; measured next",
            SeriesName(series), at.ranks, at.lanes, time.total(), time.compute, time.exchange));
      }
    }
  }

  void SortPoints() {
    std::stable_sort(result_.points.begin(), result_.points.end(),
                     [](const ScalingPoint& a, const ScalingPoint& b) {
                       return std::pair(a.series, a.measured.ranks) <
                              std::pair(b.series, b.measured.ranks);
                     });
  }

  // A V that one arrangement alone has computed is computed for a few steps by another one.
  Status CheckDigests() {
    std::vector<Way> ways;
    std::map<int32_t, std::vector<int32_t>> ranks_of_lanes;
    for (const ScalingPoint& p : result_.points) {
      std::vector<int32_t>& ranks = ranks_of_lanes[p.measured.lanes];
      if (std::count(ranks.begin(), ranks.end(), p.measured.ranks) > 0) continue;
      ranks.push_back(p.measured.ranks);
      ways.push_back({CountText(p.measured.ranks, "rank"), p.measured.lanes, p.measured.digests});
    }
    for (const auto& [lanes, ranks] : ranks_of_lanes) {
      if (ranks.size() > 1) continue;
      const int32_t other = ranks.front() > 1 ? 1 : std::min(2, lanes);
      GroupLaunch launch = launch_;
      launch.command = kThreads;
      ASSIGN_OR_RETURN(const GroupMeasurement measured,
                       Measure({other, lanes}, launch, /*warmup=*/0, kCheckSteps,
                               /*checkpoints=*/0));
      ways.push_back({CountText(other, "rank") + " as threads", lanes, measured.digests});
    }
    ASSIGN_OR_RETURN(result_.checks, CompareDigests(ways));
    return OkStatus();
  }

  Status PredictElsewhere() {
    ASSIGN_OR_RETURN(result_.network, ParseNetwork(options_.network));
    for (const Series series : SeriesWanted()) {
      const int64_t most =
          series == Series::kStrong
              ? options_.lanes
              : std::max<int64_t>(kMostPredicted, int64_t{8} * result_.network->ranks_per_node);
      for (int64_t ranks = 1; ranks <= most && LanesOf(series, ranks) <= kMostLanes; ranks *= 2) {
        const Arrangement at = At(series, static_cast<int32_t>(ranks));
        Workload work = result_.work;
        work.machine_cores /= options_.nodes;
        work = OnMachinesOf(*result_.network, work);
        result_.elsewhere.push_back(
            {series, at, result_.fitted.Predict(work, at, result_.network)});
      }
    }
    return OkStatus();
  }

  const ScalingOptions& options_;
  const std::vector<int32_t> ranks_;
  Console* const console_;
  GroupSpec spec_;
  GroupLaunch launch_;
  int32_t weak_lanes_ = 1;
  int groups_ = 0;
  std::map<std::pair<int32_t, int32_t>, StepTime> foretold_;  // by ranks and lanes
  ScalingResult result_;
};

}  // namespace

Status RunBenchScaling(const ScalingOptions& options, Console* console) {
  RETURN_IF_ERROR(CheckScalingOptions(options));
  ASSIGN_OR_RETURN(std::vector<int32_t> ranks, RanksOf(options));
  ASSIGN_OR_RETURN(const graph::Model* const model, graph::FindModel(options.model));
  if (!options.network.empty()) RETURN_IF_ERROR(ParseNetwork(options.network).status());
  Shape image = model->image;
  if (!options.image.empty()) {
    ASSIGN_OR_RETURN(image, ParseImage(options.image));
  }
  ASSIGN_OR_RETURN(const auto folder, WorkFolder::Make(options.work));
  Bench bench(options, std::move(ranks), folder->path(), console);
  RETURN_IF_ERROR(bench.Run(image));
  PrintScaling(bench.result(), console->out);
  return WriteScaling(bench.result(), {options.json, options.csv, options.markdown, options.plots});
}

}  // namespace lockstep::cluster
