// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/time_left.h"

#include <chrono>

namespace lockstep::cluster {
namespace {

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void TimeLeft::OnStep(TimePoint now, int64_t done, int64_t total, int64_t evaluations) {
  if (before_) {
    step_seconds_ += Seconds(now - *before_);
    ++steps_;
  }
  before_ = now;
  evaluation_began_ = first_batch_ = std::nullopt;
  evaluation_left_ = -1;
  if (steps_ == 0) return;
  run_ = step_seconds_ / static_cast<double>(steps_) * static_cast<double>(total - done) +
         evaluation_seconds_.value_or(0) * static_cast<double>(evaluations);
}

void TimeLeft::OnEvaluation(TimePoint now, int64_t done, int64_t batches) {
  if (!evaluation_began_) evaluation_began_ = now;
  before_ = std::nullopt;
  if (done == 0) return;
  // The first batches wait for whatever is read or made once.
  if (!first_batch_) {
    first_batch_ = now;
    first_done_ = done;
  }
  if (done > first_done_) {
    evaluation_left_ = Seconds(now - *first_batch_) / static_cast<double>(done - first_done_) *
                       static_cast<double>(batches - done);
  }
  if (done == batches) evaluation_seconds_ = Seconds(now - *evaluation_began_);
}

}  // namespace lockstep::cluster
