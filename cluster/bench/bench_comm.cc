// SPDX-License-Identifier: Apache-2.0
#include "cluster/bench/bench_comm.h"

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/device/queue_stream.h"
#include "base/spread.h"
#include "comm/mpi/mpi_world.h"
#include "comm/reduce/block_exchange.h"

namespace lockstep::cluster {
namespace {

constexpr int64_t kBlock = 65536;  // elements
constexpr int kWays = 3;
constexpr const char* kNames[kWays] = {"exchange", "MPI_Allreduce", "MPI_Iallreduce"};

struct Times {
  std::vector<double> ms;  // of each round, the slowest rank's

  double Median() const { return SpreadOf(ms).median; }
  double Min() const { return SpreadOf(ms).min; }
  double Max() const { return SpreadOf(ms).max; }
};

// One rank's buffers and the three ways to sum them. Values are small whole numbers, so that every
// order of adding gives the same sums, which are then checked.
class Bench {
 public:
  Bench(const BenchCommOptions& options, const comm::MpiWorld& world)
      : options_(options),
        world_(world),
        communicator_(world.communicator()),
        blocks_((options.parameter_bytes + 4 * kBlock - 1) / (4 * kBlock)),
        exchange_(
            communicator_.get(),
            {.lanes = options.lanes, .blocks = Blocks(), .bucket_bytes = options.bucket_bytes}),
        sums_(exchange_.subtrees().size(), std::vector<float>(elements())),
        whole_(elements()) {}

  int64_t elements() const { return blocks_ * kBlock; }
  const std::vector<Times>& times() const { return times_; }
  int64_t buckets() const { return exchange_.buckets(); }

  Status Run() {
    for (int32_t round = -1; round < options_.rounds; ++round) {
      for (int turn = 0; turn < kWays; ++turn) {
        const int way = (turn + round + kWays) % kWays;  // no way always follows the same one
        ASSIGN_OR_RETURN(const double ms, TimeOf(way));
        if (round >= 0) times_[way].ms.push_back(ms);
      }
    }
    return OkStatus();
  }

 private:
  std::vector<comm::BlockSpan> Blocks() const {
    std::vector<comm::BlockSpan> blocks;
    for (int64_t b = 0; b < blocks_; ++b) blocks.push_back({b * kBlock, kBlock});
    return blocks;
  }

  Deadline Limit() const { return Deadline::In(options_.limit); }

  // Lane l's gradient is 1 + (l + i) % 4 at element i.
  static float Value(int64_t lane, int64_t i) { return static_cast<float>(1 + (lane + i) % 4); }

  static float SumOver(Range lanes, int64_t i) {
    float sum = 0;
    for (int64_t l = lanes.begin; l < lanes.end; ++l) sum += Value(l, i);
    return sum;
  }

  static void Fill(Range lanes, std::vector<float>* to) {
    const float period[4] = {SumOver(lanes, 0), SumOver(lanes, 1), SumOver(lanes, 2),
                             SumOver(lanes, 3)};
    for (size_t i = 0; i < to->size(); ++i) (*to)[i] = period[i % 4];
  }

  Status Check(int way, const std::vector<float>& sums) const {
    const Range all = {0, options_.lanes};
    const float period[4] = {SumOver(all, 0), SumOver(all, 1), SumOver(all, 2), SumOver(all, 3)};
    for (size_t i = 0; i < sums.size(); ++i) {
      if (sums[i] == period[i % 4]) continue;
      return DataLoss(std::string(kNames[way]) + ": element " + std::to_string(i) + " is " +
                      std::to_string(sums[i]) + ", expected " + std::to_string(period[i % 4]) +
                      "; the transport has damaged data");
    }
    return OkStatus();
  }

  // Milliseconds of the slowest rank, from a common start.
  Result<double> TimeOf(int way) {
    for (size_t s = 0; s < sums_.size(); ++s) Fill(exchange_.subtrees()[s], &sums_[s]);
    const Range mine = comm::LanesOfRank(world_.rank(), world_.size(), options_.lanes);
    Fill(mine, &whole_);
    RETURN_IF_ERROR(communicator_->Barrier(&stream_, Limit())->Wait(Deadline::Never()));
    const TimePoint begin = Clock::Real().Now();
    RETURN_IF_ERROR(way == 0 ? Exchange() : AllReduce(way));
    const std::chrono::duration<double, std::milli> taken = Clock::Real().Now() - begin;
    RETURN_IF_ERROR(Check(way, way == 0 ? sums_[0] : whole_));
    const double own = taken.count();
    std::vector<double> all(world_.size());
    RETURN_IF_ERROR(communicator_->AllGather(&own, sizeof(own), all.data(), &stream_, Limit())
                        ->Wait(Deadline::Never()));
    return *std::max_element(all.begin(), all.end());
  }

  Status Exchange() {
    std::vector<const void*> arenas;
    for (const auto& sum : sums_) arenas.push_back(sum.data());
    for (int64_t b = 0; b < exchange_.buckets(); ++b) {
      exchange_.Reduce(b, arenas, sums_[0].data(), &stream_, Limit());
    }
    EventPtr last;
    for (int64_t b = 0; b < exchange_.buckets(); ++b) {
      last = exchange_.Gather(b, sums_[0].data(), &stream_, Limit());
    }
    return last->Wait(Deadline::Never());
  }

  Status AllReduce(int way) {
    if (way == 1) {
      return world_.BlockingAllReduceSum(whole_.data(), whole_.size(), DType::kFloat32);
    }
    return communicator_
        ->AllReduceSum(whole_.data(), whole_.size(), DType::kFloat32, &stream_, Limit())
        ->Wait(Deadline::Never());
  }

  const BenchCommOptions& options_;
  const comm::MpiWorld& world_;
  const std::unique_ptr<comm::Communicator> communicator_;
  const int64_t blocks_;
  comm::BlockExchange exchange_;
  std::vector<std::vector<float>> sums_;  // of this rank's subtrees
  std::vector<float> whole_;              // the sum of all its lanes, for MPI
  std::vector<Times> times_ = std::vector<Times>(kWays);
  QueueStream stream_{"bench comm"};  // last: its work uses the fields above
};

// The exchange relative to the faster all-reduce.
double Ratio(const Bench& bench) {
  return bench.times()[0].Median() / std::min(bench.times()[1].Median(), bench.times()[2].Median());
}

void WriteTable(const BenchCommOptions& options, const comm::MpiWorld& world, const Bench& bench,
                std::ostream& out) {
  out << "bench comm: W = " << world.size() << " ranks, V = " << options.lanes << " lanes, "
      << 4 * bench.elements() << " bytes of fp32 in " << bench.buckets() << " buckets, "
      << options.rounds << " rounds in turns, " << world.library() << "\n"
      << "milliseconds of the slowest rank      median        min        max\n"
      << std::fixed << std::setprecision(2);
  for (int way = 0; way < kWays; ++way) {
    const Times& times = bench.times()[way];
    out << std::left << std::setw(33) << kNames[way] << std::right << std::setw(11)
        << times.Median() << std::setw(11) << times.Min() << std::setw(11) << times.Max() << "\n";
  }
  if (world.size() == 1) {
    out << "one rank alone exchanges nothing: start several, mpirun -np W\n";
  } else {
    out << "exchange / the faster all-reduce: " << std::setprecision(3) << Ratio(bench)
        << " (bytes moved, relative to a ring: " << std::setprecision(2)
        << comm::ExchangeCostFactor(options.lanes, world.size()) << ")\n";
  }
  out << std::defaultfloat << std::flush;
}

Status WriteJson(const BenchCommOptions& options, const comm::MpiWorld& world, const Bench& bench) {
  nlohmann::json json = {{"ranks", world.size()},
                         {"lanes", options.lanes},
                         {"bytes", 4 * bench.elements()},
                         {"buckets", bench.buckets()},
                         {"mpi", world.library()}};
  json["ratio"] = world.size() == 1 ? nlohmann::json() : nlohmann::json(Ratio(bench));
  for (int way = 0; way < kWays; ++way) {
    const Times& times = bench.times()[way];
    json["ms"][kNames[way]] = {{"median", times.Median()},
                               {"min", times.Min()},
                               {"max", times.Max()},
                               {"rounds", times.ms}};
  }
  std::ofstream file(options.json);
  file << json.dump(2) << "\n";
  if (file.flush()) return OkStatus();
  return IoError("cannot write '" + options.json +
                 "'; look whether its folder exists and the disk "
                 "has room");
}

Status CheckOptions(const BenchCommOptions& options, int32_t ranks) {
  if (options.lanes < ranks) {
    return InvalidArgument("--lanes " + std::to_string(options.lanes) + " is less than the " +
                           std::to_string(ranks) + " ranks; each needs a lane");
  }
  if (options.parameter_bytes < 1 || options.bucket_bytes < 1 || options.rounds < 1) {
    return InvalidArgument("--bytes, --bucket-bytes and --rounds must be at least 1");
  }
  return OkStatus();
}

}  // namespace

Status RunBenchComm(const BenchCommOptions& options, std::ostream& out) {
  ASSIGN_OR_RETURN(const auto world, comm::MpiWorld::Start({.environment = options.environment}));
  RETURN_IF_ERROR(CheckOptions(options, world->size()));
  {
    Bench bench(options, *world);
    RETURN_IF_ERROR(bench.Run());
    if (world->rank() == Rank(0)) {
      WriteTable(options, *world, bench, out);
      if (!options.json.empty()) RETURN_IF_ERROR(WriteJson(options, *world, bench));
    }
  }
  return world->Finalize(std::chrono::seconds(30), 0);
}

}  // namespace lockstep::cluster
