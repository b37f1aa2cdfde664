// SPDX-License-Identifier: Apache-2.0
#include "storage/import/source_pass.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "base/cores.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "base/watch.h"
#include "storage/import/sample_check.h"

namespace lockstep::storage {
namespace {

constexpr int64_t kSamplesAtOnce = 64;

void Update(Hasher* hasher, const FieldValue& value) {
  hasher->UpdateU64(static_cast<uint64_t>(value.encoding));
  for (const uint32_t dim : value.dims) hasher->UpdateU64(dim);
  hasher->UpdateU64(value.bytes.size());
  hasher->Update(value.bytes);
}

// Whether values of this kind have an n that differs between samples: their first dimension.
bool HasCount(FieldKind kind) {
  switch (kind) {
    case FieldKind::kNumbers:
    case FieldKind::kTokens:
    case FieldKind::kBoxes:
    case FieldKind::kBoxLabels:
    case FieldKind::kBoxFlags:
    case FieldKind::kBoxArea:
    case FieldKind::kInstances:
    case FieldKind::kKeypoints:
      return true;
    default:
      return false;
  }
}

// Consecutive samples of one split.
struct Piece {
  size_t split = 0;
  int64_t begin = 0;
  int64_t end = 0;
};

class SourcePass {
 public:
  SourcePass(const Importer* importer, const ImportOptions* options)
      : importer_(importer), options_(options) {
    for (size_t s = 0; s < importer->splits().size(); ++s) {
      const auto count = static_cast<int64_t>(importer->splits()[s].paths.size());
      total_ += count;
      for (int64_t begin = 0; begin < count; begin += kSamplesAtOnce) {
        pieces_.push_back({s, begin, std::min(count, begin + kSamplesAtOnce)});
      }
      seen_.emplace_back(static_cast<size_t>(count));
      if (importer->splits()[s].name == "train") statistics_split_ = s;
    }
  }

  Result<SourceLook> Run() {
    std::vector<Thread> others;
    for (int i = 1; i < ImportThreads(*options_); ++i) {
      Result<Thread> other = Thread::Start("that imports", [this] { Work(); });
      if (!other.ok()) break;  // those there are do it all
      others.push_back(*std::move(other));
    }
    Work();
    for (Thread& thread : others) thread.Join();
    MutexLock lock(&mutex_);
    RETURN_IF_ERROR(failure_);
    return Gather();
  }

 private:
  // Of one sample: its hash, or why it is left out.
  struct Seen {
    uint32_t hash = 0;
    bool rejected = false;
  };

  void Work() {
    SampleCheck check(&importer_->schema(), options_->channels);
    ChannelSums sums;
    Hash128Value fingerprint;
    std::vector<int64_t> most(importer_->schema().fields.size());
    for (;;) {
      const size_t next = next_.fetch_add(1);
      if (next >= pieces_.size() || failed_.load()) break;
      const Piece& piece = pieces_[next];
      const Status status = LookAt(piece, &check, &sums, &most, &fingerprint);
      MutexLock lock(&mutex_);
      if (!status.ok()) {
        failed_.store(true);
        if (failure_.ok()) failure_ = status;
        continue;
      }
      done_ += piece.end - piece.begin;
      if (options_->progress) options_->progress("decoding", done_, total_);
    }
    MutexLock lock(&mutex_);
    look_.sums.Merge(sums);
    look_.most.resize(most.size());
    for (size_t f = 0; f < most.size(); ++f) look_.most[f] = std::max(look_.most[f], most[f]);
    look_.fingerprint.low += fingerprint.low;
    look_.fingerprint.high += fingerprint.high;
  }

  Status LookAt(const Piece& piece, SampleCheck* check, ChannelSums* sums,
                std::vector<int64_t>* most, Hash128Value* fingerprint) {
    for (int64_t i = piece.begin; i < piece.end; ++i) {
      RETURN_IF_ERROR(CheckStop(options_->stop));
      const auto index = static_cast<size_t>(i);
      const std::string& path = importer_->splits()[piece.split].paths[index];
      Result<std::vector<FieldValue>> values = importer_->Read(piece.split, index);
      Status status = values.status();
      if (status.ok()) {
        status = check->Check(&*values, piece.split == statistics_split_ ? sums : nullptr);
      }
      Seen& seen = seen_[piece.split][index];
      if (status.code() == StatusCode::kDataLoss) {
        seen.rejected = true;
        MutexLock lock(&mutex_);
        look_.rejected.Add({piece.split + 1, index}, path, status.message());
        continue;
      }
      RETURN_IF_ERROR(status);
      seen.hash = HashOf(*values);
      TakeCounts(*values, most);
      Hasher hasher;
      hasher.UpdateU64(path.size());
      hasher.Update(path);
      for (const FieldValue& value : *values) Update(&hasher, value);
      const Hash128Value hash = hasher.Digest128();
      fingerprint->low += hash.low;
      fingerprint->high += hash.high;
    }
    return OkStatus();
  }

  void TakeCounts(const std::vector<FieldValue>& values, std::vector<int64_t>* most) const {
    for (size_t f = 0; f < values.size(); ++f) {
      if (!HasCount(importer_->schema().fields[f].kind) || values[f].dims.empty()) continue;
      (*most)[f] = std::max<int64_t>((*most)[f], values[f].dims[0]);
    }
  }

  SourceLook Gather() REQUIRES(mutex_) {
    for (size_t s = 0; s < seen_.size(); ++s) {
      SourceLook::AcceptedSplit accepted;
      accepted.split = s;
      accepted.samples.reserve(seen_[s].size());
      for (size_t i = 0; i < seen_[s].size(); ++i) {
        if (seen_[s][i].rejected) continue;
        accepted.samples.push_back({static_cast<uint32_t>(i), seen_[s][i].hash});
      }
      if (!accepted.samples.empty()) look_.accepted.push_back(std::move(accepted));
    }
    return std::move(look_);
  }

  const Importer* importer_;
  const ImportOptions* options_;
  size_t statistics_split_ = 0;
  int64_t total_ = 0;
  std::vector<Piece> pieces_;
  std::vector<std::vector<Seen>> seen_;  // of each split; a piece's thread writes its own part
  std::atomic<size_t> next_{0};
  std::atomic<bool> failed_{false};
  Mutex mutex_;
  int64_t done_ GUARDED_BY(mutex_) = 0;
  Status failure_ GUARDED_BY(mutex_);
  SourceLook look_ GUARDED_BY(mutex_);
};

}  // namespace

uint32_t HashOf(const std::vector<FieldValue>& values) {
  Hasher hasher;
  for (const FieldValue& value : values) Update(&hasher, value);
  return static_cast<uint32_t>(hasher.Digest64());
}

int ImportThreads(const ImportOptions& options) {
  return options.threads > 0 ? options.threads : std::max(1, AvailableCores());
}

Result<SourceLook> LookAtSource(const Importer& importer, const ImportOptions& options) {
  return SourcePass(&importer, &options).Run();
}

}  // namespace lockstep::storage
