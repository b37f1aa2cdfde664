// SPDX-License-Identifier: Apache-2.0
#include "storage/loader/lane_records.h"

#include <algorithm>
#include <utility>

#include "storage/loader/batch_builder.h"

namespace lockstep::storage {

namespace {

// What a record takes in memory beside its bytes: the object and the allocator's share.
constexpr int64_t kOverhead = sizeof(Record) + 32;

int64_t BytesOf(const Record& record) {
  return static_cast<int64_t>(record.bytes().size()) + kOverhead;
}

}  // namespace

LaneRecords::LaneRecords(const RecordSource* source, SampleId first, int64_t budget)
    : source_(source), first_(first), budget_(budget) {
  const DatasetInfo& info = source->info();
  mean_bytes_ = info.record_bytes / std::max<int64_t>(1, info.samples()) + kOverhead;
}

LaneRecords::Window LaneRecords::MakeWindow(WindowId id, const std::vector<IdRun>& runs) {
  Window window;
  window.id = id;
  for (const IdRun& run : runs) window.runs.push_back({run, false, {}});
  std::sort(window.runs.begin(), window.runs.end(),
            [](const HeldRun& a, const HeldRun& b) { return a.run.first < b.run.first; });
  return window;
}

void LaneRecords::Enter(WindowId window, const std::vector<IdRun>& runs) {
  held_ -= current_.untaken;
  if (next_.id == window) {
    current_ = std::move(next_);
  } else {
    held_ -= next_.untaken;
    current_ = MakeWindow(window, runs);
  }
  next_ = Window();
}

void LaneRecords::Load(HeldRun* run, Window* window) {
  if (run->tried) return;
  run->tried = true;
  if (held_ + run->run.count * mean_bytes_ > budget_) return;
  auto records = source_->ReadRange(SampleId(first_.value + run->run.first), run->run.count);
  if (!records.ok() || static_cast<int64_t>(records->size()) != run->run.count) return;
  run->records = *std::move(records);
  for (const Record& record : run->records) {
    held_ += BytesOf(record);
    window->untaken += BytesOf(record);
  }
}

Result<Record> LaneRecords::Take(uint64_t relative_id) {
  auto run = std::upper_bound(current_.runs.begin(), current_.runs.end(), relative_id,
                              [](uint64_t id, const HeldRun& r) { return id < r.run.first; });
  CHECK(run != current_.runs.begin()) << "id " << relative_id << " is not of this window";
  --run;
  const uint64_t index = relative_id - run->run.first;
  CHECK_LT(index, static_cast<uint64_t>(run->run.count)) << "id " << relative_id;
  Load(&*run, &current_);
  const SampleId id(first_.value + relative_id);
  if (run->records.empty()) return source_->Read(id);
  CHECK(run->records[index].id() == id) << "taken twice: " << DescribeSample(id);
  Record record = std::exchange(run->records[index], Record());
  held_ -= BytesOf(record);
  current_.untaken -= BytesOf(record);
  return record;
}

void LaneRecords::ReadAhead(WindowId window, const std::vector<IdRun>& runs, int64_t done,
                            int64_t of) {
  if (next_.id != window) {
    held_ -= next_.untaken;
    next_ = MakeWindow(window, runs);
  }
  CHECK(of > 0 && done <= of) << done << " of " << of;
  const int64_t wanted = static_cast<int64_t>(next_.runs.size()) * done / of;
  for (int64_t i = 0; i < wanted; ++i) Load(&next_.runs[static_cast<size_t>(i)], &next_);
}

}  // namespace lockstep::storage
