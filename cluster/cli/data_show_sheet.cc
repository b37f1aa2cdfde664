// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/philox.h"
#include "cluster/cli/data_show.h"
#include "cluster/draw/contact_sheet.h"
#include "cluster/draw/sample_picture.h"
#include "storage/augment/augment.h"
#include "storage/image/image_decoder.h"
#include "storage/loader/seen_sample.h"

namespace lockstep::cluster {
namespace {

using storage::Augmentation;
using storage::DatasetInfo;
using storage::Record;
using storage::SeenSample;

constexpr int64_t kSide = 160;  // of a picture, in pixels
constexpr size_t kMostDense = 4;

// "17 cat": what the first line below a sample says.
std::string NameOf(const DatasetInfo& info, const Record& record) {
  std::string text = std::to_string(record.id().value);
  const int field = info.schema.FirstOf(FieldKind::kLabel);
  if (field < 0) return text + " " + std::string(record.source_path());
  const storage::FieldView value = record.field(static_cast<size_t>(field));
  if (value.absent()) return text;
  const int32_t label = storage::LabelOf(value);
  const std::vector<std::string>& classes = info.schema.fields[static_cast<size_t>(field)].classes;
  const bool named = label >= 0 && static_cast<size_t>(label) < classes.size();
  return text + " " + (named ? classes[static_cast<size_t>(label)] : std::to_string(label));
}

// "375x500": height and width.
std::string SizeOf(const SeenSample& sample) {
  return std::to_string(sample.size.height) + "x" + std::to_string(sample.size.width);
}

// How many pictures of dense fields stand beside that of an image.
int64_t DenseFields(const Schema& schema) {
  const auto count =
      std::count_if(schema.fields.begin(), schema.fields.end(),
                    [](const FieldSpec& field) { return field.kind == FieldKind::kDense; });
  return std::min<int64_t>(count, static_cast<int64_t>(kMostDense));
}

class SheetMaker {
 public:
  SheetMaker(const DatasetInfo& info, const SamplesShown& shown, bool augmented,
             Augmentation as_it_is, Augmentation augmentation)
      : info_(info),
        shown_(shown),
        augmented_(augmented),
        as_it_is_(std::move(as_it_is)),
        augmentation_(std::move(augmentation)),
        sheet_(static_cast<int64_t>(shown.ids.size()),
               (augmented ? 2 : 1) + DenseFields(info.schema), kSide,
               /*lines=*/2) {}

  Status Add(const Record& record) {
    const storage::AugmentStream stream = {StreamKey(shown_.seed, "augment"), shown_.epoch,
                                           record.id()};
    std::vector<Canvas> pictures;
    std::vector<std::string> lines = {NameOf(info_, record), ""};
    const auto add = [&](const Augmentation& augmentation) -> Status {
      ASSIGN_OR_RETURN(const SeenSample seen,
                       storage::SeeSample(info_.schema, record, augmentation, stream, &decoder_));
      const bool first = pictures.empty();
      pictures.push_back(PictureOf(seen, info_.schema, kSide));
      for (size_t d = 0; first && d < std::min(kMostDense, seen.dense.size()); ++d) {
        pictures.push_back(PictureOf(seen.dense[d], kSide));
      }
      lines[1] += (lines[1].empty() ? "" : " to ") + SizeOf(seen);
      return OkStatus();
    };
    RETURN_IF_ERROR(add(as_it_is_));
    if (augmented_) {
      RETURN_IF_ERROR(add(augmentation_));
      lines[1] += ", epoch " + std::to_string(shown_.epoch.value + 1);
    }
    sheet_.Add(pictures, lines);
    return OkStatus();
  }

  const Canvas& canvas() const { return sheet_.canvas(); }

 private:
  const DatasetInfo& info_;
  const SamplesShown& shown_;
  const bool augmented_;
  const Augmentation as_it_is_, augmentation_;
  storage::ImageDecoder decoder_;
  ContactSheet sheet_;
};

}  // namespace

Status DrawContactSheet(const DataShowOptions& options, const storage::Dataset& dataset,
                        const SamplesShown& shown, Console* console) {
  const DatasetInfo& info = dataset.info();
  ASSIGN_OR_RETURN(Augmentation as_it_is, Augmentation::Parse({}, {}));
  ASSIGN_OR_RETURN(Augmentation augmentation,
                   Augmentation::Parse(shown.augment, {info.channel_mean, info.channel_std}));
  SheetMaker maker(info, shown, !options.recipe.empty(), std::move(as_it_is),
                   std::move(augmentation));
  for (const SampleId id : shown.ids) {
    ASSIGN_OR_RETURN(const Record record, dataset.Read(id));
    const Status added = maker.Add(record);
    if (added.ok()) continue;
    return added.WithContext("sample " + std::to_string(id.value) + ", '" +
                             std::string(record.source_path()) + "'");
  }
  ASSIGN_OR_RETURN(const std::string png, maker.canvas().Png());
  const Status written = WriteFileAtomic(options.out, png);
  if (!written.ok()) {
    return Status(written.code(), written.message() + "; choose another place with --out");
  }
  console->out << "sheet     " << options.out << ": "
               << CountText(static_cast<int64_t>(shown.ids.size()), "sample") << ", "
               << maker.canvas().width() << " x " << maker.canvas().height() << " pixels\n";
  return OkStatus();
}

}  // namespace lockstep::cluster
