// SPDX-License-Identifier: Apache-2.0
// LoaderTiming: where the time of a loader's threads goes, for whoever measures it. Times are those
// of the wall clock, added up over all threads: with a core for each thread, they are the time of
// cores. A loader that is given none reads no clock for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "storage/image/image.h"
#include "storage/loader/record_source.h"

namespace lockstep::storage {

struct LoaderTiming {
  using Counter = std::atomic<int64_t>;
  Counter records{0}, record_bytes{0};  // read; more than were used, since shards are read ahead
  Counter rows{0};                      // of batches, filled
  Counter read_ns{0};                   // records, from their source
  Counter decode_ns{0};                 // JPEG and PNG files to pixels
  Counter decode_and_augment_ns{0};     // the augmentation list and the decoding that it asks for
  Counter write_ns{0};                  // the memory of batches, and values into their tensors

  int64_t augment_ns() const { return decode_and_augment_ns - decode_ns; }
};

// Adds the time from its making to its end to a counter; does nothing where `timing` is null.
class TimedPart {
 public:
  TimedPart(LoaderTiming* timing, LoaderTiming::Counter LoaderTiming::*part)
      : counter_(timing == nullptr ? nullptr : &(timing->*part)) {
    if (counter_ != nullptr) began_ = Clock::Real().Now();
  }
  ~TimedPart() {
    if (counter_ == nullptr) return;
    const auto spent = Clock::Real().Now() - began_;
    *counter_ += std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count();
  }
  TimedPart(const TimedPart&) = delete;
  TimedPart& operator=(const TimedPart&) = delete;

 private:
  LoaderTiming::Counter* counter_;
  TimePoint began_;
};

// An image whose reading is timed as decoding. All outlive it.
class TimedImage : public PixelSource {
 public:
  TimedImage(const PixelSource* image, LoaderTiming* timing) : image_(image), timing_(timing) {}

  ImageSize size() const override { return image_->size(); }
  Status Read(const Window& window, uint8_t* out) const override {
    const TimedPart decode(timing_, &LoaderTiming::decode_ns);
    return image_->Read(window, out);
  }
  const uint8_t* data() const override { return image_->data(); }

 private:
  const PixelSource* image_;
  LoaderTiming* timing_;
};

// A source whose reading is timed and counted.
class TimedSource : public RecordSource {
 public:
  TimedSource(std::shared_ptr<const RecordSource> source, std::shared_ptr<LoaderTiming> timing)
      : source_(std::move(source)), timing_(std::move(timing)) {}

  const DatasetInfo& info() const override { return source_->info(); }
  Result<Record> Read(SampleId id) const override {
    const TimedPart read(timing_.get(), &LoaderTiming::read_ns);
    Result<Record> record = source_->Read(id);
    if (record.ok()) Count(*record);
    return record;
  }
  Result<std::vector<Record>> ReadRange(SampleId first, int64_t count) const override {
    const TimedPart read(timing_.get(), &LoaderTiming::read_ns);
    Result<std::vector<Record>> records = source_->ReadRange(first, count);
    if (records.ok()) {
      for (const Record& record : *records) Count(record);
    }
    return records;
  }

 private:
  void Count(const Record& record) const {
    ++timing_->records;
    timing_->record_bytes += static_cast<int64_t>(record.bytes().size());
  }

  std::shared_ptr<const RecordSource> source_;
  std::shared_ptr<LoaderTiming> timing_;
};

}  // namespace lockstep::storage
