// SPDX-License-Identifier: Apache-2.0
#include "worker/run/run_meter.h"

#include <algorithm>
#include <chrono>

#include "worker/config/seconds.h"

namespace lockstep::worker {
namespace {

double Seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

void RunMeter::Start(double seconds_before, const EpochLoss& epoch) {
  started_ = rate_since_ = epoch_since_ = Clock::Real().Now();
  started_ -= ToDuration(seconds_before);
  epoch_ = epoch;
}

double RunMeter::seconds() const { return Seconds(Clock::Real().Now() - started_); }

void RunMeter::AddStep(const StepDone& done, TrainSummary* summary) {
  steps_time_ += done.took;
  exchange_ += done.report.exchange;
  ++steps_;
  summary->step_ms = 1000.0 * Seconds(steps_time_) / static_cast<double>(steps_);
  summary->exchange_ms = 1000.0 * Seconds(exchange_) / static_cast<double>(steps_);
  summary->exchange_share = Seconds(exchange_) / std::max(1e-9, Seconds(steps_time_));
  if (done.report.finite) {
    epoch_.numerator += done.report.numerator;
    epoch_.denominator += done.report.denominator;
    epoch_.sums.Add(done.report.sums);
  }
  rate_samples_ += done.report.rows;
  epoch_samples_ += done.report.rows;
  rate_waited_ += done.waited;
  epoch_waited_ += done.waited;
  const TimePoint now = Clock::Real().Now();
  if (const double elapsed = Seconds(now - rate_since_); elapsed >= 1.0) {
    rate_ = static_cast<double>(rate_samples_) / elapsed;
    input_share_ = Seconds(rate_waited_) / elapsed;
    rate_since_ = now;
    rate_samples_ = 0;
    rate_waited_ = {};
  }
  summary->seconds = Seconds(now - started_);
}

void RunMeter::Describe(EpochReport* report) const {
  const double elapsed = Seconds(Clock::Real().Now() - epoch_since_);
  report->train_loss = epoch_.mean();
  report->images_per_second = static_cast<double>(epoch_samples_) / std::max(1e-9, elapsed);
  report->input_share = Seconds(epoch_waited_) / std::max(1e-9, elapsed);
}

void RunMeter::BeginEpoch() {
  epoch_ = {};
  epoch_samples_ = 0;
  epoch_waited_ = {};
  epoch_since_ = Clock::Real().Now();
}

}  // namespace lockstep::worker
