// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/mpi_transfer.h"

#include <algorithm>
#include <cstring>
#include <sstream>
#include <utility>

#include "base/check.h"

namespace lockstep::comm {
namespace {

using Kind = MpiMessage::Kind;

constexpr size_t kLengthBytes = sizeof(uint64_t);

struct Address {
  MpiChannel channel;
  int32_t tag;
};

Address EnvelopeAddress(Operation operation, uint32_t tag) {
  if (operation == Operation::kExchange) {
    return {MpiChannel::kExchangeEnvelopes, static_cast<int32_t>(tag)};
  }
  return {MpiChannel::kCollectives, 1 + 2 * static_cast<int32_t>(operation)};
}

Address BodyAddress(Operation operation, uint32_t tag) {
  if (operation == Operation::kExchange) {
    return {MpiChannel::kExchangeBodies, static_cast<int32_t>(tag)};
  }
  return {MpiChannel::kCollectives, 2 + 2 * static_cast<int32_t>(operation)};
}

}  // namespace

MpiTransfer::MpiTransfer(Rank self, Operation operation, std::vector<SendOp> sends,
                         std::vector<ReceiveOp> receives, size_t piece_bytes)
    : self_(self),
      operation_(operation),
      sends_(std::move(sends)),
      receives_(std::move(receives)),
      in_(std::make_unique_for_overwrite<Envelope[]>(receives_.size())),
      out_(std::make_unique_for_overwrite<Envelope[]>(sends_.size())),
      unopened_(receives_.size()) {
  CHECK(piece_bytes >= 1 && piece_bytes <= kLargestPiece) << piece_bytes;
  for (size_t i = 0; i < receives_.size(); ++i) AddReceive(i, piece_bytes);
  for (size_t i = 0; i < sends_.size(); ++i) AddSend(i, piece_bytes);
}

bool MpiTransfer::HasBody(size_t bytes) const {
  return bytes > kEnvelopeData && operation_ != Operation::kAllReduce;
}

void MpiTransfer::AddReceive(size_t index, size_t piece_bytes) {
  const ReceiveOp& receive = receives_[index];
  const Address address = EnvelopeAddress(operation_, receive.tag);
  messages_.push_back({Kind::kEnvelopeIn, index, address.channel, address.tag, receive.from,
                       &in_[index], sizeof(Envelope)});
  if (!HasBody(receive.bytes)) return;
  AddBody({.kind = Kind::kBodyIn,
           .index = index,
           .tag = static_cast<int32_t>(receive.tag),
           .peer = receive.from},
          receive.data, receive.bytes, piece_bytes);
}

void MpiTransfer::AddSend(size_t index, size_t piece_bytes) {
  const SendOp& send = sends_[index];
  Envelope& envelope = out_[index];
  envelope.bytes = send.bytes;
  size_t inside = 0;
  if (operation_ != Operation::kAllReduce && !HasBody(send.bytes)) inside = send.bytes;
  if (inside > 0) std::memcpy(envelope.data, send.data, inside);
  const Address address = EnvelopeAddress(operation_, send.tag);
  messages_.push_back({Kind::kEnvelopeOut, index, address.channel, address.tag, send.to, &envelope,
                       kLengthBytes + inside});
  if (!HasBody(send.bytes)) return;
  AddBody({.kind = Kind::kBodyOut,
           .index = index,
           .tag = static_cast<int32_t>(send.tag),
           .peer = send.to},
          const_cast<void*>(send.data), send.bytes, piece_bytes);
}

void MpiTransfer::AddBody(MpiMessage message, void* data, size_t bytes, size_t piece_bytes) {
  const Address address = BodyAddress(operation_, static_cast<uint32_t>(message.tag));
  message.channel = address.channel;
  message.tag = address.tag;
  for (size_t begin = 0; begin < bytes; begin += piece_bytes) {
    message.data = static_cast<std::byte*>(data) + begin;
    message.bytes = std::min(piece_bytes, bytes - begin);
    messages_.push_back(message);
  }
}

Status MpiTransfer::Ended(size_t i, uint64_t bytes, const std::string& error) {
  const MpiMessage& message = messages_[i];
  if (message.kind == Kind::kEnvelopeIn && error.empty()) {
    return Open(receives_[message.index], in_[message.index], bytes);
  }
  if (error.empty() && (message.kind != Kind::kBodyIn || bytes == message.bytes)) return OkStatus();
  std::ostringstream out;
  out << "with " << PeerName(message.peer, operation_, static_cast<uint32_t>(message.tag)) << ": ";
  if (error.empty()) {
    out << "a piece of " << bytes << " bytes came, expected " << message.bytes;
  } else {
    out << error;
  }
  return Failed(out.str());
}

Status MpiTransfer::Failed(const std::string& error) {
  std::ostringstream out;
  out << "rank " << self_ << ": " << OperationName(operation_) << " " << error
      << "; look at the log of that rank and of its host";
  Status status = Unavailable(out.str());
  if (unopened_ == 0) return status;
  if (postponed_.ok()) postponed_ = std::move(status);
  return OkStatus();
}

Status MpiTransfer::Open(const ReceiveOp& receive, const Envelope& envelope, uint64_t bytes) {
  --unopened_;
  const bool has_length = bytes >= kLengthBytes;
  if (!has_length || envelope.bytes != receive.bytes) {
    return SizesDiffer(self_, operation_, receive, has_length ? envelope.bytes : 0);
  }
  const uint64_t inside = bytes - kLengthBytes;
  if (inside > 0) std::memcpy(receive.data, envelope.data, std::min(inside, envelope.bytes));
  return unopened_ == 0 ? postponed_ : OkStatus();
}

Status MpiTransfer::Expired(const std::vector<size_t>& pending) const {
  if (!postponed_.ok()) return postponed_;
  std::vector<std::string> receives, sends;
  for (const size_t i : pending) {
    const MpiMessage& message = messages_[i];
    const uint32_t tag = message.in() ? receives_[message.index].tag : sends_[message.index].tag;
    std::vector<std::string>& missing = message.in() ? receives : sends;
    std::string name = PeerName(message.peer, operation_, tag);
    if (std::find(missing.begin(), missing.end(), name) == missing.end()) {
      missing.push_back(std::move(name));
    }
  }
  if (!receives.empty()) return TransferExpired(self_, operation_, "for", receives);
  if (!sends.empty()) return TransferExpired(self_, operation_, "to be received by", sends);
  return TransferExpired(self_, operation_, "for", {"the sum, which every rank has begun"});
}

Status MpiTransfer::StartFailed(size_t i, const std::string& error) const {
  const MpiMessage& message = messages_[i];
  std::ostringstream out;
  out << "rank " << self_ << ": " << OperationName(operation_) << ": MPI refuses a message "
      << (message.in() ? "from" : "to") << " rank " << message.peer << ", channel "
      << static_cast<int32_t>(message.channel) << ", MPI tag " << static_cast<uint32_t>(message.tag)
      << ", " << message.bytes << " bytes: " << error
      << "; look at the log of that rank and of its host";
  return Unavailable(out.str());
}

}  // namespace lockstep::comm
