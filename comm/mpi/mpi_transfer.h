// SPDX-License-Identifier: Apache-2.0
// MpiTransfer: the bookkeeping of one operation over MPI. It says which MPI messages make the
// operation, takes note of each that ends, and knows who is missing. It calls no MPI and no lock.
//
// A send is an envelope, which says how many bytes the sender sends, and carries them if they are
// few; else a body follows in pieces, in other messages. The receiver has posted all of it before:
// the envelope costs no round trip, and ranks that disagree about a size are found by it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "comm/communicator.h"
#include "comm/mpi/mpi_abi.h"
#include "comm/transfer_failure.h"

namespace lockstep::comm {

inline constexpr size_t kEnvelopeData = 1016;  // bytes that travel in the envelope itself
inline constexpr size_t kLargestPiece = size_t{1} << 30;

// Messages of one channel and tag between two ranks match in the order sent.
enum class MpiChannel : int32_t { kExchangeEnvelopes, kExchangeBodies, kCollectives };
static_assert(static_cast<int32_t>(MpiChannel::kCollectives) < LOCKSTEP_MPI_CHANNELS);
inline constexpr int32_t kAbortTag = 0;      // of kCollectives; the operations' own are above
inline constexpr int32_t kPresenceTag = 32;  // likewise, above those

struct MpiMessage {
  enum class Kind : uint8_t { kEnvelopeIn, kBodyIn, kEnvelopeOut, kBodyOut };
  Kind kind = Kind::kEnvelopeIn;
  size_t index = 0;  // into the operation's receives or sends
  MpiChannel channel = MpiChannel::kCollectives;
  int32_t tag = 0;
  Rank peer;
  void* data = nullptr;  // read only, for the kinds Out
  size_t bytes = 0;

  bool in() const { return kind == Kind::kEnvelopeIn || kind == Kind::kBodyIn; }
};

class MpiTransfer {
 public:
  // kAllReduce sends envelopes alone: all ranks must announce the same number of bytes.
  MpiTransfer(Rank self, Operation operation, std::vector<SendOp> sends,
              std::vector<ReceiveOp> receives, size_t piece_bytes);

  // In the order in which to start them, receives first. Their memory lives in this and in the ops.
  const std::vector<MpiMessage>& messages() const { return messages_; }

  // messages()[i] has ended with `bytes`, or with MPI's error text. A failure ends the operation.
  Status Ended(size_t i, uint64_t bytes, const std::string& error);
  // Something else that belongs to the operation has failed (the sum of an all-reduce).
  Status Failed(const std::string& error);

  // The failure when the deadline has passed while messages()[i] of `pending` had not ended. Where
  // `pending` is empty, the sum of an all-reduce had not.
  Status Expired(const std::vector<size_t>& pending) const;
  Status StartFailed(size_t i, const std::string& error) const;

 private:
  struct Envelope {
    uint64_t bytes;
    std::byte data[kEnvelopeData];
  };

  void AddReceive(size_t index, size_t piece_bytes);
  void AddSend(size_t index, size_t piece_bytes);
  void AddBody(MpiMessage message, void* data, size_t bytes, size_t piece_bytes);
  bool HasBody(size_t bytes) const;
  Status Open(const ReceiveOp& receive, const Envelope& envelope, uint64_t bytes);

  const Rank self_;
  const Operation operation_;
  const std::vector<SendOp> sends_;
  const std::vector<ReceiveOp> receives_;
  std::unique_ptr<Envelope[]> in_;   // one for each receive
  std::unique_ptr<Envelope[]> out_;  // one for each send
  std::vector<MpiMessage> messages_;
  size_t unopened_;   // envelopes still to come
  Status postponed_;  // while they are: MPI's error about a body, which they may explain better
};

}  // namespace lockstep::comm
