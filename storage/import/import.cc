// SPDX-License-Identifier: Apache-2.0
#include "storage/import/import.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fault_point.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "base/watch.h"
#include "storage/dataset/import_directory.h"
#include "storage/dataset/manifest.h"
#include "storage/dataset/split_check.h"
#include "storage/dataset/writer.h"
#include "storage/dataset/writer_disk.h"
#include "storage/env/files.h"
#include "storage/import/drop_at.h"
#include "storage/import/rejections.h"
#include "storage/import/sample_check.h"
#include "storage/import/source_pass.h"
#include "storage/importers/importer.h"
#include "storage/source/source_path.h"

namespace lockstep::storage {
namespace {

// The second pass: the ranges of one dataset, written by several threads; each takes the next that
// nobody has.
class RangeWriters {
 public:
  RangeWriters(const Importer* importer, const SourceLook* look, DatasetWriter* writer,
               const ImportOptions* options)
      : importer_(importer), look_(look), writer_(writer), options_(options) {}

  Status Run() {
    const int threads =
        static_cast<int>(std::min<int64_t>(ImportThreads(*options_), writer_->ranges()));
    std::vector<Thread> others;
    for (int i = 1; i < threads; ++i) {
      Result<Thread> other = Thread::Start("that imports", [this] { Work(); });
      if (!other.ok()) break;  // those there are do it all
      others.push_back(*std::move(other));
    }
    Work();
    for (Thread& thread : others) thread.Join();
    MutexLock lock(&mutex_);
    return failure_;
  }

 private:
  // The values of an accepted sample, which must be those that the first pass saw.
  Result<std::vector<FieldValue>> Read(size_t split, size_t place) const {
    RETURN_IF_ERROR(CheckStop(options_->stop));
    const std::string& path = writer_->path(split, place);
    const SourceLook::AcceptedSplit& accepted = look_->accepted[split];
    const size_t index = accepted.IndexOf(place);
    std::vector<FieldValue> kept = look_->kept->Take(accepted.split, index);
    if (!kept.empty()) return kept;
    Result<std::vector<FieldValue>> values = importer_->Read(accepted.split, index);
    Status status = values.status();
    if (status.ok()) status = CompleteValues(importer_->schema(), options_->channels, &*values);
    if (status.ok() && static_cast<uint32_t>(HashOf(path, *values).low) == accepted.hashes[place]) {
      return values;
    }
    if (!status.ok() && status.code() != StatusCode::kDataLoss) return status;
    return FailedPrecondition("'" + path +
                              "' changed while it was imported; import again when nothing writes "
                              "to the source");
  }

  void Work() {
    const auto sample = [this](size_t split, size_t place) { return Read(split, place); };
    for (;;) {
      const int64_t range = next_.fetch_add(1);
      if (range >= writer_->ranges() || failed_.load()) return;
      FaultPoint("import.range");
      const Status status = writer_->WriteRange(range, sample, [this] { CountOne(); });
      if (status.ok()) continue;
      failed_.store(true);
      MutexLock lock(&mutex_);
      if (failure_.ok()) failure_ = status;
    }
  }

  void CountOne() {
    MutexLock lock(&mutex_);
    ++done_;
    if (options_->progress) options_->progress("writing", done_, writer_->samples());
  }

  const Importer* importer_;
  const SourceLook* look_;
  DatasetWriter* writer_;
  const ImportOptions* options_;
  std::atomic<int64_t> next_{0};
  std::atomic<bool> failed_{false};
  Mutex mutex_;
  int64_t done_ GUARDED_BY(mutex_) = 0;
  Status failure_ GUARDED_BY(mutex_);
};

void TellRejected(const Importer& importer, const SourceLook& look, WriterOptions* writer) {
  Rejections all = look.rejected;  // whose places begin at {1, 0}
  for (size_t i = 0; i < importer.rejected().size(); ++i) {
    all.Add({0, i}, importer.rejected()[i].path, importer.rejected()[i].reason);
  }
  writer->rejected_for = all.Kinds();
  for (const auto& [place, one] : all.listed()) {
    writer->rejected.push_back(one.path + ": " + one.reason);
  }
}

// The paths go over from the importer's listing to the one that the writer gets: they are not held
// twice.
Result<std::vector<SplitListing>> AcceptedListing(std::vector<SplitListing> listed,
                                                  const SourceLook& look) {
  std::vector<SplitListing> listings;
  for (const SourceLook::AcceptedSplit& accepted : look.accepted) {
    listings.push_back(std::move(listed[accepted.split]));
    DropAt(accepted.rejected, &listings.back().paths);
  }
  if (!listings.empty()) return listings;
  std::string text = "the source has no sample that can be read";
  if (look.rejected.count() > 0) {
    const RejectedFile& first = look.rejected.listed().begin()->second;
    text += "; of " + std::to_string(look.rejected.count()) + " the first is '" + first.path +
            "': " + first.reason;
  }
  return DataLoss(text);
}

WriterOptions WriterOptionsFor(const ImportOptions& options, const Importer& importer,
                               const SourceLook& look) {
  WriterOptions writer;
  writer.directory = options.out;
  writer.replace = options.replace;
  writer.source = options.kind + " " + PrintableName(options.path);  // stored as UTF-8
  writer.source_fingerprint = look.fingerprint;
  writer.schema = importer.schema();
  for (size_t f = 0; f < look.most.size(); ++f) writer.schema.fields[f].most = look.most[f];
  writer.channel_mean = look.sums.Mean();
  writer.channel_std = look.sums.Deviation();
  TellRejected(importer, look, &writer);
  writer.shard_size = options.shard_size;
  writer.stop = options.stop;
  return writer;
}

// Refuses what the disk has no room for, before any sample is decoded. Nothing of the dataset is
// written by then; a compressed file or a tar archive has been unpacked to a file without a name.
Status CheckDisk(const std::string& out, int64_t bytes, const ImportOptions& options) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(ParentOf(out), error);
  if (error || bytes <= 0) return OkStatus();
  const auto available = static_cast<int64_t>(space.available);
  if (options.disk) options.disk(bytes, available);
  if (available >= bytes) return OkStatus();
  return ResourceExhausted("no space left for dataset '" + out + "': it needs about " +
                           std::to_string(bytes / 1000 + 1) + " kB and the disk has " +
                           std::to_string(space.available / 1000) +
                           " kB free. Free some space there or choose another --out");
}

}  // namespace

Result<ImportReport> ImportDataset(const ImportOptions& options) {
  const std::string out = WithoutTrailingSlash(options.out);
  // Before the source is read.
  if (!options.check_only) RETURN_IF_ERROR(CheckImportTarget(out, options.replace));
  ImportSource source = {.path = options.path,
                         .options = options.options,
                         .spool = out + ".spool-" + UniqueSuffix(),
                         .threads = ImportThreads(options),
                         .stop = options.stop,
                         .progress = options.progress};
  Result<std::unique_ptr<Importer>> opened = OpenSource(options.kind, std::move(source));
  if (IsFullDisk(opened.status()) && !options.check_only) {
    return opened.status().WithContext("no space left for dataset '" + out + "'");
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Importer> importer, std::move(opened));
  RETURN_IF_ERROR(CheckNames(importer->schema(), importer->splits()));
  if (!options.check_only) RETURN_IF_ERROR(CheckDisk(out, importer->bytes(), options));
  ASSIGN_OR_RETURN(const SourceLook look, LookAtSource(*importer, options));
  ImportReport report;
  report.warnings =
      importer->warnings([&](size_t split, size_t index) { return look.Accepts(split, index); });
  WriterOptions writer_options = WriterOptionsFor(options, *importer, look);
  ASSIGN_OR_RETURN(writer_options.splits, AcceptedListing(importer->TakeSplits(), look));
  if (options.check_only) {
    report.info = InfoOf(writer_options);
    for (std::string& line : SplitWarnings(look.splits, report.info.schema)) {
      report.warnings.push_back(std::move(line));
    }
    return report;
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<DatasetWriter> writer,
                   DatasetWriter::Create(std::move(writer_options)));
  RETURN_IF_ERROR(CheckStop(options.stop));
  RETURN_IF_ERROR(RangeWriters(importer.get(), &look, writer.get(), &options).Run());
  ASSIGN_OR_RETURN(report.info, writer->Finish());
  for (const std::string& line : writer->warnings()) report.warnings.push_back(line);
  report.directory = out;
  ASSIGN_OR_RETURN(const DatasetManifest manifest, ReadManifest(report.directory));
  report.files = static_cast<int64_t>(manifest.files.size());
  for (const ManifestFile& file : manifest.files) report.bytes += file.size;
  return report;
}

}  // namespace lockstep::storage
