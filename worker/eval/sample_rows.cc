// SPDX-License-Identifier: Apache-2.0
#include "worker/eval/sample_rows.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "comm/tags.h"
#include "graph/program/program.h"

namespace lockstep::worker {
namespace {

// A message is at most this long: not every transport takes those of more than 2 GiB.
constexpr size_t kMostOfMessage = size_t{64} << 20;

std::string BytesOf(const std::vector<graph::SampleRow>& rows) {
  ByteWriter writer;
  for (const graph::SampleRow& row : rows) {
    writer.U64(row.id.value);
    writer.String(row.bytes);
  }
  return std::move(writer).Take();
}

Status ReadRows(std::string_view bytes, std::vector<graph::SampleRow>* rows) {
  ByteReader reader(bytes, "rows of samples from another rank");
  while (reader.remaining() > 0) {
    ASSIGN_OR_RETURN(const uint64_t id, reader.U64());
    ASSIGN_OR_RETURN(const std::string_view row, reader.String());
    rows->push_back({SampleId(id), std::string(row)});
  }
  return OkStatus();
}

// Calls message(at, bytes) for each part of a message of so many bytes.
template <typename Fn>
void ForEachPart(size_t bytes, const Fn& message) {
  for (size_t at = 0; at < bytes; at += kMostOfMessage) {
    message(at, std::min(kMostOfMessage, bytes - at));
  }
}

}  // namespace

SampleRows::SampleRows(const graph::Plan* plan) : plan_(plan) {
  for (size_t i = 0; i < plan->results.size(); ++i) {
    const std::string& name = plan->results[i].name;
    if (name.starts_with(graph::kRowPrefix)) values_.push_back({i});
    if (name.starts_with(graph::kRowCountPrefix)) values_.back().count = i;
  }
}

Status SampleRows::Append(const graph::Task& task, const storage::LaneBatch& batch,
                          const std::vector<void*>& results, int64_t most,
                          std::vector<graph::SampleRow>* rows) const {
  for (int64_t n = 0; n < batch.rows; ++n) {
    graph::HostRow row{.id = batch.ids[static_cast<size_t>(n)]};
    for (const Value& value : values_) {
      const graph::PlanResult& result = plan_->results[value.result];
      const std::vector<int64_t>& dims = result.type.shape.dims();
      const TensorType type{result.type.dtype,
                            Shape(std::vector<int64_t>(dims.begin() + 1, dims.end()))};
      const char* const data = static_cast<const char*>(results[value.result]) + n * type.bytes();
      graph::SampleValue kept{result.name.substr(graph::kRowPrefix.size()), type, data};
      if (value.count != SIZE_MAX) {
        kept.count = static_cast<const int32_t*>(results[value.count])[n];
        if (kept.count < 0) {
          return Internal("the task '" + std::string(task.name()) + "' counts " +
                          std::to_string(kept.count) + " entries of '" + kept.name + "'");
        }
      }
      row.values.push_back(std::move(kept));
    }
    ByteWriter bytes;
    RETURN_IF_ERROR(task.Score(row, &bytes));
    if (static_cast<int64_t>(bytes.bytes().size()) > most) {
      return Internal("the task '" + std::string(task.name()) + "' writes " +
                      std::to_string(bytes.bytes().size()) + " bytes of a sample and says that " +
                      std::to_string(most) + " are the most");
    }
    rows->push_back({row.id, std::move(bytes).Take()});
  }
  return OkStatus();
}

Result<std::vector<graph::SampleRow>> GatherRows(comm::Communicator* communicator,
                                                 const std::vector<graph::SampleRow>& mine,
                                                 Stream* stream, Deadline deadline) {
  const std::string own = BytesOf(mine);
  const uint64_t bytes = own.size();
  std::vector<uint64_t> sizes(static_cast<size_t>(communicator->size()));
  RETURN_IF_ERROR(communicator->AllGather(&bytes, sizeof bytes, sizes.data(), stream, deadline)
                      ->Wait(Deadline::Never()));
  const bool receives = communicator->rank() == Rank(0);
  std::vector<std::string> all(receives ? sizes.size() : 0);
  std::vector<comm::SendOp> sends;
  std::vector<comm::ReceiveOp> receipts;
  if (receives) {
    for (size_t rank = 1; rank < all.size(); ++rank) {
      all[rank].resize(sizes[rank]);
      ForEachPart(sizes[rank], [&](size_t at, size_t part) {
        receipts.push_back(
            {Rank(static_cast<int32_t>(rank)), comm::kSampleRowsTag, all[rank].data() + at, part});
      });
    }
  } else {
    ForEachPart(own.size(), [&](size_t at, size_t part) {
      sends.push_back({Rank(0), comm::kSampleRowsTag, own.data() + at, part});
    });
  }
  if (!sends.empty() || !receipts.empty()) {
    RETURN_IF_ERROR(communicator->Exchange(std::move(sends), std::move(receipts), stream, deadline)
                        ->Wait(Deadline::Never()));
  }
  std::vector<graph::SampleRow> rows;
  if (!receives) return rows;
  rows = mine;
  for (size_t rank = 1; rank < all.size(); ++rank) RETURN_IF_ERROR(ReadRows(all[rank], &rows));
  std::sort(rows.begin(), rows.end(), [](const graph::SampleRow& a, const graph::SampleRow& b) {
    return a.id.value < b.id.value;
  });
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].id == rows[i - 1].id) {
      return Internal("an evaluation has two rows of the sample " +
                      std::to_string(rows[i].id.value));
    }
  }
  return rows;
}

}  // namespace lockstep::worker
