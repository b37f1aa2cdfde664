// SPDX-License-Identifier: Apache-2.0
#include "storage/import/import.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/fault_point.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "base/watch.h"
#include "storage/dataset/import_directory.h"
#include "storage/dataset/manifest.h"
#include "storage/dataset/writer.h"
#include "storage/env/files.h"
#include "storage/importers/importer.h"

namespace lockstep::storage {
namespace {

// The ranges of one dataset, written by several threads; each takes the next that nobody has.
class RangeWriters {
 public:
  RangeWriters(const Importer* importer, DatasetWriter* writer, const ImportOptions* options)
      : importer_(importer), writer_(writer), options_(options) {}

  Status Run(int threads) {
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
  void Work() {
    const auto sample = [this](size_t split, size_t index) -> Result<SourceSample> {
      RETURN_IF_ERROR(CheckStop(options_->stop));
      return importer_->Decode(split, index);
    };
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
    if (options_->progress) options_->progress(done_, writer_->samples());
  }

  const Importer* importer_;
  DatasetWriter* writer_;
  const ImportOptions* options_;
  std::atomic<int64_t> next_{0};
  std::atomic<bool> failed_{false};
  Mutex mutex_;
  int64_t done_ GUARDED_BY(mutex_) = 0;
  Status failure_ GUARDED_BY(mutex_);
};

WriterOptions WriterOptionsFor(const ImportOptions& options, const Importer& importer) {
  WriterOptions writer;
  writer.directory = options.out;
  writer.replace = options.replace;
  writer.source = options.kind + " " + options.path;
  writer.source_fingerprint = importer.fingerprint();
  writer.classes = importer.classes();
  writer.splits = importer.splits();
  writer.rejected = importer.rejected();
  writer.shard_size = options.shard_size;
  writer.stop = options.stop;
  return writer;
}

int ThreadsFor(const ImportOptions& options, int64_t ranges) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  const int wanted = options.threads > 0 ? options.threads : std::max(1, cores);
  return static_cast<int>(std::min<int64_t>(wanted, ranges));
}

}  // namespace

Result<ImportReport> ImportDataset(const ImportOptions& options) {
  const std::string out = WithoutTrailingSlash(options.out);
  RETURN_IF_ERROR(CheckImportTarget(out, options.replace));  // before the source is read
  ASSIGN_OR_RETURN(const std::unique_ptr<Importer> importer,
                   OpenSource(options.kind, options.path, options.stop));
  ASSIGN_OR_RETURN(const std::unique_ptr<DatasetWriter> writer,
                   DatasetWriter::Create(WriterOptionsFor(options, *importer)));
  RETURN_IF_ERROR(CheckStop(options.stop));
  RangeWriters writers(importer.get(), writer.get(), &options);
  RETURN_IF_ERROR(writers.Run(ThreadsFor(options, writer->ranges())));
  ImportReport report;
  ASSIGN_OR_RETURN(report.info, writer->Finish());
  report.warnings = writer->warnings();
  report.directory = out;
  ASSIGN_OR_RETURN(const DatasetManifest manifest, ReadManifest(report.directory));
  report.files = static_cast<int64_t>(manifest.files.size());
  for (const ManifestFile& file : manifest.files) report.bytes += file.size;
  return report;
}

}  // namespace lockstep::storage
