// SPDX-License-Identifier: Apache-2.0
// The plan. An operation is a set of MPI requests (`Pending`) that are started together and then
// polled with MPI_Testsome until none is left, so that its deadline is looked at between polls and
// the mutex is free while nothing happens. Which messages those are and what a size that does not
// fit means is MpiTransfer's business.
//
// Request 0 of every poll is not the operation's: it is the receive for failures of peers, which is
// posted once, when the connection opens. So a rank learns of another's failure while it waits for
// anything at all. After a failure, this rank's or a peer's, the requests that never ended are kept
// (`abandoned_`), since MPI may still write where they point.
//
// To close, this rank sends itself an empty message, which ends that receive.
#include "comm/mpi/mpi_connection.h"

#include <algorithm>
#include <cstring>
#include <sstream>
#include <utility>

#include "base/check.h"
#include "comm/mpi/patience.h"

namespace lockstep::comm {
namespace {

constexpr auto kTimeToTellPeers = std::chrono::seconds(1);
constexpr size_t kSumIndex = SIZE_MAX;  // in place of a message's index: the all-reduce itself

int32_t ChannelOf(MpiChannel channel) { return static_cast<int32_t>(channel); }
constexpr auto kCollectives = static_cast<int32_t>(MpiChannel::kCollectives);

int32_t MpiTypeOf(DType dtype) {
  return dtype == DType::kFloat64 ? LOCKSTEP_MPI_FLOAT64 : LOCKSTEP_MPI_FLOAT32;
}

}  // namespace

// requests[0] is the connection's receive of failures, the others are what is left of the transfer;
// names[k] is what requests[k + 1] is: an index of its messages, or kSumIndex.
struct MpiConnection::Pending {
  Pending(Rank self, Operation operation, std::vector<SendOp> sends,
          std::vector<ReceiveOp> receives, size_t piece_bytes)
      : transfer(self, operation, std::move(sends), std::move(receives), piece_bytes) {}

  MpiTransfer transfer;
  std::vector<lockstep_mpi_request> requests;
  std::vector<size_t> names;
  std::vector<lockstep_mpi_done> done;
  void* sum = nullptr;  // an all-reduce's data, in `count` numbers of `dtype`
  size_t count = 0;
  DType dtype = DType::kFloat32;

  // The entries of `names` that are messages.
  std::vector<size_t> Messages() const {
    std::vector<size_t> messages = names;
    std::erase(messages, kSumIndex);
    return messages;
  }

  void Add(size_t name, lockstep_mpi_request request) {
    names.push_back(name);
    requests.push_back(request);
  }
};

MpiConnection::MpiConnection(const lockstep_mpi* mpi, const lockstep_mpi_world& world,
                             size_t piece_bytes)
    : mpi_(mpi),
      world_(world),
      piece_bytes_(piece_bytes),
      received_(std::make_unique<FailureMessage>()) {}

MpiConnection::~MpiConnection() = default;

Status MpiConnection::Open() {
  MutexLock lock(&mutex_);
  const int error = mpi_->irecv(kCollectives, received_.get(), sizeof(FailureMessage),
                                LOCKSTEP_MPI_ANY_SOURCE, kAbortTag, &receive_failure_);
  if (error == 0) return OkStatus();
  return Unavailable("MPI refuses the first receive: " + TextOf(error) +
                     "; look whether this MPI runs its own examples here");
}

Status MpiConnection::Run(Operation operation, std::vector<SendOp> sends,
                          std::vector<ReceiveOp> receives, Deadline deadline) {
  return Drive(std::make_unique<Pending>(rank(), operation, std::move(sends), std::move(receives),
                                         piece_bytes_),
               deadline);
}

Status MpiConnection::AllReduceSum(void* data, size_t count, DType dtype, Deadline deadline) {
  const size_t bytes = count * static_cast<size_t>(SizeOf(dtype));
  std::vector<SendOp> sends;
  std::vector<ReceiveOp> receives;
  for (int32_t r = 0; r < size(); ++r) {
    if (Rank(r) == rank()) continue;
    sends.push_back({Rank(r), 0, data, bytes});
    receives.push_back({Rank(r), 0, data, bytes});
  }
  auto pending = std::make_unique<Pending>(rank(), Operation::kAllReduce, std::move(sends),
                                           std::move(receives), piece_bytes_);
  pending->sum = data;
  pending->count = count;
  pending->dtype = dtype;
  return Drive(std::move(pending), deadline);
}

Status MpiConnection::BlockingAllReduceSum(void* data, size_t count, DType dtype) {
  MutexLock lock(&mutex_);
  if (!failure_.ok()) return failure_;
  const int error = mpi_->allreduce_sum(kCollectives, data, count, MpiTypeOf(dtype));
  if (error == 0) return OkStatus();
  return FailLocked(Unavailable("MPI_Allreduce: " + TextOf(error)), true);
}

Status MpiConnection::Drive(std::unique_ptr<Pending> pending, Deadline deadline) {
  const Status status = StartAndAwait(pending.get(), deadline);
  if (!status.ok()) {
    MutexLock lock(&mutex_);
    abandoned_.push_back(std::move(pending));
  }
  return status;
}

Status MpiConnection::StartAndAwait(Pending* pending, Deadline deadline) {
  {
    MutexLock lock(&mutex_);
    if (!failure_.ok()) return failure_;
    Status status = LookForPeerFailure();
    if (status.ok()) status = Start(pending);
    if (!status.ok()) return FailLocked(status, !told_by_peer_);
  }
  const TimePoint began = Clock::Real().Now();
  Patience patience;
  while (true) {
    bool progressed = false;
    {
      MutexLock lock(&mutex_);
      if (Status status = Poll(pending, &progressed); !status.ok()) {
        return FailLocked(status, !told_by_peer_);
      }
      if (pending->names.empty()) return OkStatus();
      if (!progressed && Clock::Real().Now() >= pulse_.PutOff(deadline.when(), began)) {
        return FailLocked(pending->transfer.Expired(pending->Messages()), true);
      }
    }
    if (progressed) {
      patience.Reset();
    } else {
      patience.Wait();
    }
  }
}

// Nothing is started after a failure that has come already, and the progress of MPI that this makes
// lets one come to a rank whose own operations end at once.
Status MpiConnection::LookForPeerFailure() {
  lockstep_mpi_done done;
  int32_t count = 0;
  const int error = mpi_->testsome(&receive_failure_, 1, &done, &count);
  if (error != 0) return Unavailable("MPI makes no progress: " + TextOf(error));
  if (count == 0) return OkStatus();
  told_by_peer_ = true;
  return PeerFailure(done);
}

Status MpiConnection::Start(Pending* pending) {
  const size_t count = pending->transfer.messages().size();
  pending->requests.reserve(count + 2);
  pending->requests.push_back(receive_failure_);
  for (size_t i = 0; i < count; ++i) RETURN_IF_ERROR(StartMessage(pending, i));
  if (pending->count > 0) RETURN_IF_ERROR(StartSum(pending));
  pending->done.resize(pending->requests.size());
  return OkStatus();
}

Status MpiConnection::StartMessage(Pending* pending, size_t i) {
  const MpiMessage& message = pending->transfer.messages()[i];
  if (message.tag < 0 || message.tag > world_.largest_tag) {
    return FailedPrecondition(
        "rank " + std::to_string(world_.rank) + ": tag " +
        std::to_string(static_cast<uint32_t>(message.tag)) + " is above the largest of this MPI, " +
        std::to_string(world_.largest_tag) + "; fewer, larger buckets need fewer tags");
  }
  lockstep_mpi_request request = 0;
  const int32_t channel = ChannelOf(message.channel);
  const int error = message.in() ? mpi_->irecv(channel, message.data, message.bytes,
                                               message.peer.value, message.tag, &request)
                                 : mpi_->isend(channel, message.data, message.bytes,
                                               message.peer.value, message.tag, &request);
  if (error != 0) return pending->transfer.StartFailed(i, TextOf(error));
  pending->Add(i, request);
  return OkStatus();
}

Status MpiConnection::StartSum(Pending* pending) {
  const size_t piece = std::max<size_t>(1, piece_bytes_ / SizeOf(pending->dtype));
  for (size_t begin = 0; begin < pending->count; begin += piece) {
    void* const data = static_cast<std::byte*>(pending->sum) + begin * SizeOf(pending->dtype);
    lockstep_mpi_request request = 0;
    const int error =
        mpi_->iallreduce_sum(kCollectives, data, std::min(piece, pending->count - begin),
                             MpiTypeOf(pending->dtype), &request);
    if (error != 0) return Unavailable("MPI refuses an all-reduce: " + TextOf(error));
    pending->Add(kSumIndex, request);
  }
  return OkStatus();
}

Status MpiConnection::Poll(Pending* pending, bool* progressed) {
  if (!failure_.ok()) return failure_;
  int32_t count = 0;
  const auto requests = static_cast<int32_t>(pending->requests.size());
  const int error =
      mpi_->testsome(pending->requests.data(), requests, pending->done.data(), &count);
  if (error != 0) return Unavailable("MPI makes no progress: " + TextOf(error));
  *progressed = count > 0;
  const auto end = pending->done.begin() + count;
  // They are taken from the back, so that the last request can take the place of an ended one.
  std::sort(pending->done.begin(), end,
            [](const auto& a, const auto& b) { return a.index > b.index; });
  for (auto done = pending->done.begin(); done != end; ++done) {
    RETURN_IF_ERROR(RequestEnded(pending, *done));
  }
  return OkStatus();
}

Status MpiConnection::RequestEnded(Pending* pending, const lockstep_mpi_done& done) {
  if (done.index == 0) {
    told_by_peer_ = true;
    return PeerFailure(done);
  }
  const size_t name = pending->names[done.index - 1];
  pending->names[done.index - 1] = pending->names.back();
  pending->names.pop_back();
  pending->requests[done.index] = pending->requests.back();
  pending->requests.pop_back();
  const std::string error = done.error == 0 ? "" : TextOf(done.error);
  if (name != kSumIndex) return pending->transfer.Ended(name, done.bytes, error);
  return error.empty() ? OkStatus() : pending->transfer.Failed("of all ranks: " + error);
}

Status MpiConnection::PeerFailure(const lockstep_mpi_done& done) const {
  if (done.error != 0) return Unavailable("a peer's failure came, but: " + TextOf(done.error));
  if (done.bytes != sizeof(FailureMessage)) return Internal("a peer's failure came without text");
  const bool known = received_->code > static_cast<int32_t>(StatusCode::kOk) &&
                     received_->code <= static_cast<int32_t>(StatusCode::kInternal);
  const auto code = known ? static_cast<StatusCode>(received_->code) : StatusCode::kInternal;
  const std::string text(received_->text, strnlen(received_->text, sizeof(received_->text)));
  return Status(code, text);
}

Status MpiConnection::Fail(const Status& failure) {
  MutexLock lock(&mutex_);
  return FailLocked(failure, true);
}

Status MpiConnection::FailLocked(const Status& failure, bool tell_peers) {
  if (!failure_.ok()) return failure_;
  failure_ = failure;
  if (tell_peers) TellPeers(failure);
  return failure_;
}

Status MpiConnection::TradePresence(const PresenceBeat& mine, const std::vector<Rank>& to,
                                    std::vector<PresenceBeat>* heard) {
  MutexLock lock(&mutex_);
  if (!failure_.ok()) return failure_;
  Status status = LookForPeerFailure();
  for (size_t i = 0; status.ok() && i < to.size(); ++i) status = SendPresence(mine, to[i]);
  if (status.ok()) status = TakePresence(heard);
  return status.ok() ? status : FailLocked(status, !told_by_peer_);
}

// One that does not take its messages gets no more: it is silent itself, and will be named.
Status MpiConnection::SendPresence(const PresenceBeat& mine, Rank to) {
  auto& message = presence_out_[to];
  if (message == nullptr) message = std::make_unique<PresenceMessage>();
  if (message->pending) {
    lockstep_mpi_done done;
    int32_t count = 0;
    const int error = mpi_->testsome(&message->request, 1, &done, &count);
    if (error != 0) return Unavailable("MPI makes no progress: " + TextOf(error));
    if (count == 0) return OkStatus();
    message->pending = false;
  }
  message->beat = mine;
  const int error = mpi_->isend(kCollectives, &message->beat, sizeof message->beat, to.value,
                                kPresenceTag, &message->request);
  if (error != 0) return Unavailable("MPI refuses a message: " + TextOf(error));
  message->pending = true;
  return OkStatus();
}

Status MpiConnection::TakePresence(std::vector<PresenceBeat>* heard) {
  if (presence_in_ == nullptr) {
    presence_in_ = std::make_unique<PresenceMessage>();
    RETURN_IF_ERROR(PostPresence());
  }
  for (;;) {
    lockstep_mpi_done done;
    int32_t count = 0;
    const int error = mpi_->testsome(&presence_in_->request, 1, &done, &count);
    if (error != 0) return Unavailable("MPI makes no progress: " + TextOf(error));
    if (count == 0) return OkStatus();
    presence_in_->pending = false;
    if (done.error == 0 && done.bytes == sizeof(PresenceBeat)) heard->push_back(presence_in_->beat);
    RETURN_IF_ERROR(PostPresence());
  }
}

Status MpiConnection::PostPresence() {
  const int error = mpi_->irecv(kCollectives, &presence_in_->beat, sizeof(PresenceBeat),
                                LOCKSTEP_MPI_ANY_SOURCE, kPresenceTag, &presence_in_->request);
  if (error != 0) return Unavailable("MPI refuses a receive: " + TextOf(error));
  presence_in_->pending = true;
  return OkStatus();
}

// Ends the receive of presence as Close ends that of failures; messages of others may come before
// the empty one to oneself.
Status MpiConnection::EndPresence(Deadline deadline) {
  if (presence_in_ == nullptr) return OkStatus();
  auto& own = presence_out_[rank()];
  own = std::make_unique<PresenceMessage>();
  int error = mpi_->isend(kCollectives, nullptr, 0, rank().value, kPresenceTag, &own->request);
  own->pending = error == 0;
  const auto test = [&](PresenceMessage* message, lockstep_mpi_done* done) -> Status {
    int32_t count = 0;
    error = mpi_->testsome(&message->request, 1, done, &count);
    if (error == 0 && count == 0 && deadline.Passed()) {
      return DeadlineExceeded("MPI does not come to rest");
    }
    if (count > 0) message->pending = false;
    return error == 0 ? OkStatus() : Unavailable("MPI does not come to rest: " + TextOf(error));
  };
  lockstep_mpi_done done;
  while (error == 0 && presence_in_->pending) {
    RETURN_IF_ERROR(test(presence_in_.get(), &done));
    if (!presence_in_->pending && done.bytes > 0) RETURN_IF_ERROR(PostPresence());
  }
  for (auto& [to, message] : presence_out_) {
    while (error == 0 && message->pending) RETURN_IF_ERROR(test(message.get(), &done));
  }
  return error == 0 ? OkStatus() : Unavailable("MPI does not come to rest: " + TextOf(error));
}

// The receive of failures must end before MPI is finalized: an empty message to oneself ends it.
Status MpiConnection::Close(Deadline deadline) {
  MutexLock lock(&mutex_);
  if (!failure_.ok()) return failure_;
  if (const Status ended = EndPresence(deadline); !ended.ok()) return FailLocked(ended, true);
  lockstep_mpi_request requests[2] = {receive_failure_, 0};
  int error = mpi_->isend(kCollectives, nullptr, 0, world_.rank, kAbortTag, &requests[1]);
  int32_t left = 2;
  while (error == 0 && left > 0) {
    lockstep_mpi_done done[2];
    int32_t count = 0;
    error = mpi_->testsome(requests, 2, done, &count);
    for (int32_t k = 0; k < count; ++k) {
      if (done[k].index == 0 && done[k].bytes > 0) return FailLocked(PeerFailure(done[k]), false);
    }
    left -= count;
    if (deadline.Passed()) return FailLocked(DeadlineExceeded("MPI does not come to rest"), true);
  }
  if (error != 0)
    return FailLocked(Unavailable("MPI does not come to rest: " + TextOf(error)), true);
  failure_ = Cancelled("rank " + std::to_string(world_.rank) + " has closed its MPI connection");
  return OkStatus();
}

std::string MpiConnection::TextOf(int32_t error) const {
  char text[512] = "";
  mpi_->error_text(error, text, sizeof(text));
  return text;
}

// Best effort: a peer that cannot be told learns of it by its own deadline.
void MpiConnection::TellPeers(const Status& failure) {
  auto message = std::make_unique<FailureMessage>();
  message->code = static_cast<int32_t>(failure.code());
  const size_t length = std::min(failure.message().size(), sizeof(message->text) - 1);
  std::memcpy(message->text, failure.message().data(), length);
  std::vector<lockstep_mpi_request> requests;
  for (int32_t r = 0; r < size(); ++r) {
    lockstep_mpi_request request = 0;
    if (Rank(r) == rank()) continue;
    if (mpi_->isend(kCollectives, message.get(), sizeof(FailureMessage), r, kAbortTag, &request) ==
        0) {
      requests.push_back(request);
    }
  }
  const Deadline deadline = Deadline::In(kTimeToTellPeers);
  std::vector<lockstep_mpi_done> done(requests.size());
  size_t left = requests.size();
  while (left > 0 && !deadline.Passed()) {
    int32_t count = 0;
    if (mpi_->testsome(requests.data(), static_cast<int32_t>(requests.size()), done.data(),
                       &count) != 0) {
      break;
    }
    left -= static_cast<size_t>(count);
    if (count == 0) sched_yield();
  }
  static_cast<void>(message.release());  // MPI may still read it
}

}  // namespace lockstep::comm
