// SPDX-License-Identifier: Apache-2.0
#include "storage/import/source_pass.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "base/cores.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "base/watch.h"
#include "storage/dataset/record.h"
#include "storage/import/drop_at.h"
#include "storage/import/sample_check.h"

namespace lockstep::storage {
namespace {

constexpr auto kSamplesAtOnce = static_cast<int64_t>(KeptSamples::kPiece);

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
    {
      MutexLock lock(&mutex_);
      look_.kept = std::make_unique<KeptSamples>(importer->splits(), options->kept_bytes,
                                                 ImportThreads(*options));
      kept_ = look_.kept.get();
      rejected_.resize(importer->splits().size());
      for (const SplitListing& split : importer->splits()) splits_.push_back({.name = split.name});
    }
    for (size_t s = 0; s < importer->splits().size(); ++s) {
      const auto count = static_cast<int64_t>(importer->splits()[s].paths.size());
      total_ += count;
      for (int64_t begin = 0; begin < count; begin += kSamplesAtOnce) {
        pieces_.push_back({s, begin, std::min(count, begin + kSamplesAtOnce)});
      }
      hashes_.emplace_back(static_cast<size_t>(count));
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
  // What one thread learns of the samples that it looks at.
  struct Learned {
    SampleCheck check;
    ChannelSums sums;
    Hash128Value fingerprint;
    std::vector<int64_t> most;
    std::vector<SplitLook> splits;
  };

  void Work() {
    Learned learned = {.check = SampleCheck(&importer_->schema(), options_->channels),
                       .most = std::vector<int64_t>(importer_->schema().fields.size()),
                       .splits = std::vector<SplitLook>(importer_->splits().size())};
    for (;;) {
      const size_t next = next_.fetch_add(1);
      if (next >= pieces_.size() || failed_.load()) break;
      const Piece& piece = pieces_[next];
      const Status status = LookAt(piece, &learned);
      MutexLock lock(&mutex_);
      if (!status.ok()) {
        failed_.store(true);
        if (failure_.ok()) failure_ = status;
        continue;
      }
      done_ += piece.end - piece.begin;
      if (options_->progress) options_->progress("decoding", done_, total_);
    }
    TakeIn(learned);
  }

  void TakeIn(const Learned& learned) {
    MutexLock lock(&mutex_);
    look_.sums.Merge(learned.sums);
    look_.most.resize(learned.most.size());
    for (size_t f = 0; f < look_.most.size(); ++f) {
      look_.most[f] = std::max(look_.most[f], learned.most[f]);
    }
    look_.fingerprint.low += learned.fingerprint.low;
    look_.fingerprint.high += learned.fingerprint.high;
    for (size_t s = 0; s < splits_.size(); ++s) splits_[s].Merge(learned.splits[s]);
  }

  Status LookAt(const Piece& piece, Learned* learned) {
    std::vector<KeptSamples::Values> read;
    int64_t room = options_->check_only ? 0 : kept_->room_of_piece();
    ChannelSums* sums = piece.split == statistics_split_ ? &learned->sums : nullptr;
    for (int64_t i = piece.begin; i < piece.end; ++i) {
      RETURN_IF_ERROR(CheckStop(options_->stop));
      const auto index = static_cast<size_t>(i);
      const std::string& path = importer_->splits()[piece.split].paths[index];
      Result<std::vector<FieldValue>> values = importer_->Read(piece.split, index);
      Status status = values.status();
      if (status.ok()) status = learned->check.Check(&*values, sums);
      read.emplace_back();
      if (status.code() == StatusCode::kDataLoss) {
        MutexLock lock(&mutex_);
        rejected_[piece.split].push_back(static_cast<uint32_t>(index));
        look_.rejected.Add({piece.split + 1, index}, path, status.message());
        continue;
      }
      RETURN_IF_ERROR(status);
      Accept(piece.split, index, path, *values, learned);
      room -= KeptSamples::BytesOf(*values);
      if (room > 0) {
        read.back() = *std::move(values);
      } else {
        read.clear();
      }
    }
    if (room > 0) kept_->Keep(piece.split, static_cast<size_t>(piece.begin), std::move(read));
    return OkStatus();
  }

  void Accept(size_t split, size_t index, const std::string& path,
              const std::vector<FieldValue>& values, Learned* learned) {
    const Hash128Value hash = HashOf(path, values);
    hashes_[split][index] = static_cast<uint32_t>(hash.low);
    learned->fingerprint.low += hash.low;
    learned->fingerprint.high += hash.high;
    TakeCounts(values, &learned->most);
    if (!options_->check_only) return;
    const Schema& schema = importer_->schema();
    const int image = schema.FirstOf(FieldKind::kImage);
    const int64_t channels = image < 0 ? 0 : values[static_cast<size_t>(image)].View().dims[2];
    learned->splits[split].Add(FactsOf(schema, values), channels, path);
  }

  void TakeCounts(const std::vector<FieldValue>& values, std::vector<int64_t>* most) const {
    for (size_t f = 0; f < values.size(); ++f) {
      if (!HasCount(importer_->schema().fields[f].kind) || values[f].dims.empty()) continue;
      (*most)[f] = std::max<int64_t>((*most)[f], values[f].dims[0]);
    }
  }

  SourceLook Gather() REQUIRES(mutex_) {
    for (size_t s = 0; s < hashes_.size(); ++s) {
      SourceLook::AcceptedSplit accepted;
      accepted.split = s;
      accepted.hashes = std::move(hashes_[s]);
      accepted.rejected = std::move(rejected_[s]);
      std::sort(accepted.rejected.begin(), accepted.rejected.end());
      DropAt(accepted.rejected, &accepted.hashes);
      if (accepted.hashes.empty()) continue;
      look_.accepted.push_back(std::move(accepted));
      look_.splits.push_back(std::move(splits_[s]));
    }
    return std::move(look_);
  }

  const Importer* importer_;
  const ImportOptions* options_;
  size_t statistics_split_ = 0;
  int64_t total_ = 0;
  std::vector<Piece> pieces_;
  KeptSamples* kept_ = nullptr;  // look_'s
  std::vector<std::vector<uint32_t>>
      hashes_;  // of each split; a piece's thread writes its own part
  std::atomic<size_t> next_{0};
  std::atomic<bool> failed_{false};
  Mutex mutex_;
  int64_t done_ GUARDED_BY(mutex_) = 0;
  Status failure_ GUARDED_BY(mutex_);
  std::vector<std::vector<uint32_t>> rejected_ GUARDED_BY(mutex_);  // of each split: indices
  std::vector<SplitLook> splits_ GUARDED_BY(mutex_);
  SourceLook look_ GUARDED_BY(mutex_);
};

}  // namespace

size_t SourceLook::AcceptedSplit::IndexOf(size_t place) const {
  // rejected[k] - k accepted samples come before the k-th that is rejected.
  size_t begin = 0, end = rejected.size();
  while (begin < end) {
    const size_t k = (begin + end) / 2;
    if (rejected[k] - k <= place) {
      begin = k + 1;
    } else {
      end = k;
    }
  }
  return place + begin;
}

bool SourceLook::Accepts(size_t split, size_t index) const {
  const auto of = std::find_if(accepted.begin(), accepted.end(),
                               [&](const AcceptedSplit& one) { return one.split == split; });
  return of != accepted.end() && !std::binary_search(of->rejected.begin(), of->rejected.end(),
                                                     static_cast<uint32_t>(index));
}

Hash128Value HashOf(std::string_view path, const std::vector<FieldValue>& values) {
  Hasher hasher;
  hasher.UpdateU64(path.size());
  hasher.Update(path);
  for (const FieldValue& value : values) Update(&hasher, value);
  return hasher.Digest128();
}

int ImportThreads(const ImportOptions& options) {
  return options.threads > 0 ? options.threads : std::max(1, AvailableCores());
}

Result<SourceLook> LookAtSource(const Importer& importer, const ImportOptions& options) {
  return SourcePass(&importer, &options).Run();
}

}  // namespace lockstep::storage
