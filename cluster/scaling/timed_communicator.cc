// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/timed_communicator.h"

#include <utility>

namespace lockstep::cluster {

std::shared_ptr<TimePoint> TimedCommunicator::Begin(Stream* stream) {
  auto began = std::make_shared<TimePoint>();
  (void)stream->Enqueue([began] {
    *began = Clock::Real().Now();
    return OkStatus();
  });
  return began;
}

EventPtr TimedCommunicator::End(std::shared_ptr<TimePoint> began, Stream* stream) {
  return stream->Enqueue([began = std::move(began), busy = busy_] {
    *busy += (Clock::Real().Now() - *began).count();
    return OkStatus();
  });
}

EventPtr TimedCommunicator::Exchange(std::vector<comm::SendOp> sends,
                                     std::vector<comm::ReceiveOp> receives, Stream* stream,
                                     Deadline deadline) {
  auto began = Begin(stream);
  (void)inner_->Exchange(std::move(sends), std::move(receives), stream, deadline);
  return End(std::move(began), stream);
}

EventPtr TimedCommunicator::AllGather(const void* mine, size_t bytes, void* all, Stream* stream,
                                      Deadline deadline) {
  auto began = Begin(stream);
  (void)inner_->AllGather(mine, bytes, all, stream, deadline);
  return End(std::move(began), stream);
}

EventPtr TimedCommunicator::AllReduceSum(void* data, size_t count, DType dtype, Stream* stream,
                                         Deadline deadline) {
  auto began = Begin(stream);
  (void)inner_->AllReduceSum(data, count, dtype, stream, deadline);
  return End(std::move(began), stream);
}

EventPtr TimedCommunicator::Barrier(Stream* stream, Deadline deadline) {
  auto began = Begin(stream);
  (void)inner_->Barrier(stream, deadline);
  return End(std::move(began), stream);
}

}  // namespace lockstep::cluster
