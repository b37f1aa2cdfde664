// SPDX-License-Identifier: Apache-2.0
// The task of telling of which class the one thing in an image is, and in which box it lies. A
// network has the method "localise" (graph/models/models.h). The loss is
//
//   L = CE(class) + box_weight mean of the four losses of the box
//
// where the recipe names the loss of the box, of coordinates as shares of the image's sides (of
// width x1 and x2, of height y1 and y2). It is a mean over the samples that have a box: one that
// augmentation has cut away counts in nothing.
#include <algorithm>
#include <memory>

#include "graph/models/families.h"
#include "graph/tasks/localisation/places.h"
#include "graph/tasks/row_values.h"
#include "ops/core/elementwise_loss.h"
#include "ops/loss/pixel_cross_entropy/pixel_cross_entropy.h"
#include "ops/math/add/add.h"
#include "ops/math/fill/fill.h"
#include "ops/math/keep_rows/keep_rows.h"
#include "ops/math/reshape/reshape.h"
#include "ops/math/scale/scale.h"
#include "ops/math/scale_columns/scale_columns.h"

namespace lockstep::graph::localisation {
namespace {

// Kept of every sample, and tensors of a batch.
constexpr char kLogits[] = "logits", kBox[] = "box", kTarget[] = "target", kClass[] = "class";
constexpr char kBoxes[] = "boxes", kCount[] = "boxes.count", kBoxLabels[] = "box_labels";
constexpr int64_t kNoClass = -1;  // the label of a sample without a box

struct Options {
  double box_weight = 0.5;

  template <typename V>
  void Visit(V&& v) {
    v("box_weight", box_weight,
      Says("factor of the loss of the box beside that of the class").Within(kPositive));
  }
};

struct Predictions {
  Value logits;       // (N, C)
  Value labels;       // i32 (N), kNoClass where there is no box
  Value box, target;  // (N, 4), shares of the image's sides; zeros where there is no box
  bool valid() const { return logits.valid() && box.valid() && target.valid(); }
};

// The forward half.
Predictions Predict(TaskBuilder& b) {
  const Value image = b.Input("image"), boxes = b.Input(kBoxes), count = b.Input(kCount);
  const Value labels = b.Input(kBoxLabels);
  const Values out = b.Call(kModelNetwork, kLocalise, {{std::string(kImage), image}});
  const Value logits = out[kOut], box = out["box"];
  if (!logits.valid() || !box.valid() || !boxes.valid()) return {};
  ops::Emitter* const e = b.emit("targets");
  const double height = static_cast<double>(e->TypeOf(image).shape[1]);
  const double width = static_cast<double>(e->TypeOf(image).shape[2]);
  const Value corners = ops::Reshape(e, boxes, {b.rows(), 4});
  Predictions found;
  found.logits = logits;
  found.labels = ops::Reshape(e, labels, {b.rows()});
  found.target =
      ops::ScaleColumns(e, corners, {{1.0 / width, 1.0 / height, 1.0 / width, 1.0 / height}});
  found.box = ops::KeepRows(b.emit("box"), box, count);
  return found;
}

// The cross-entropy of the samples that have a box: that of one pixel each.
ops::LossPair ClassLoss(TaskBuilder& b, const Predictions& found) {
  ops::Emitter* const e = b.emit("class_loss");
  const int64_t rows = b.rows(), classes = e->TypeOf(found.logits).shape[1];
  const Value logits = ops::Reshape(e, found.logits, {rows, 1, 1, classes});
  const Value labels = ops::Reshape(e, found.labels, {rows, 1, 1});
  const auto loss = ops::PixelCrossEntropy(e, logits, labels, {.ignore = kNoClass});
  return {loss.numerator, loss.denominator};
}

Predictions AddLoss(TaskBuilder& b) {
  const Predictions found = Predict(b);
  if (!found.valid()) return {};
  const ops::LossPair box = b.RecipeLoss(found.box, found.target, ops::kNumbersTarget);
  const Result<Options> options = Unpack<Options>(b.options());
  if (!box.numerator.valid() || !options.ok()) return {};
  const ops::LossPair of_class = ClassLoss(b, found);
  if (!of_class.numerator.valid()) return {};
  ops::Emitter* const e = b.emit("loss");
  const Value quarter = ops::Fill(e, 0.25, {DType::kFloat64, {}});
  const Value of_box = ops::Scale(e, box.numerator, quarter);
  const Value weight = ops::Fill(e, options->box_weight, {DType::kFloat64, {}});
  const Value weighted = ops::Scale(e, of_box, weight);
  b.Loss({ops::Add(e, of_class.numerator, weighted), of_class.denominator});
  if (b.training()) {
    b.Sum("class_loss", of_class.numerator);
    b.Sum("box_loss", of_box);
  }
  return found;
}

class Localisation : public Task {
 public:
  std::string_view name() const override { return "localisation"; }
  std::string_view doc() const override {
    return "the class and the box of the one thing there is";
  }

  const OptionList& options() const override {
    static const auto* const kOptions = new OptionList(ListOf<Options>());
    return *kOptions;
  }

  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    ASSIGN_OR_RETURN(InputSpec image, FirstField(*this, schema, FieldKind::kImage, "image"));
    ASSIGN_OR_RETURN(InputSpec boxes, FirstField(*this, schema, FieldKind::kBoxes, kBoxes));
    ASSIGN_OR_RETURN(InputSpec labels,
                     FirstField(*this, schema, FieldKind::kBoxLabels, kBoxLabels));
    const FieldSpec& field = *schema.Find(boxes.field);
    if (schema.Find(labels.field)->of != field.name) {
      return FailedPrecondition(
          "the task 'localisation' reads boxes and their classes, and the "
          "dataset's first box_labels '" +
          labels.field + "' are not of its first boxes '" + field.name + "'");
    }
    if (field.most != 1) {
      return FailedPrecondition(
          "the task 'localisation' tells one box of an image, and images of the dataset have up "
          "to " +
          std::to_string(field.most) + "; expected 1: import those with one box");
    }
    boxes.most = labels.most = 1;
    return std::vector<InputSpec>{std::move(image), std::move(boxes), std::move(labels)};
  }

  void Train(size_t, TaskBuilder& builder) const override { AddLoss(builder); }

  void Eval(TaskBuilder& builder) const override {
    const Predictions found = AddLoss(builder);
    if (!found.valid()) return;
    builder.PerSample(kLogits, found.logits);
    builder.PerSample(kBox, found.box);
    builder.PerSample(kTarget, found.target);
    builder.PerSample(kClass, found.labels);
  }

  Status Score(const HostRow& row, ByteWriter* bytes) const override {
    const SampleValue& logits = Kept(row, kLogits);
    Place place;
    place.label = static_cast<int64_t>(NumberAt(Kept(row, kClass), 0));
    place.has_box = place.label != kNoClass;
    for (int64_t i = 0; i < logits.type.shape.elements(); ++i) {
      place.logits.push_back(NumberAt(logits, i));
    }
    for (int64_t i = 0; i < 4; ++i) {
      place.box[static_cast<size_t>(i)] = NumberAt(Kept(row, kBox), i);
      place.target[static_cast<size_t>(i)] = NumberAt(Kept(row, kTarget), i);
    }
    WritePlace(place, bytes);
    return OkStatus();
  }
  int64_t MostScoreBytes(int64_t) const override { return kBytesOfPlace; }

  std::vector<Metric> metrics() const override {
    std::vector<Metric> metrics;
    for (const char* name : {"acc_iou50", "acc1", "mean_iou"}) {
      metrics.push_back(
          {.name = name, .larger_is_better = true, .unit = std::string(kFractionUnit)});
    }
    return metrics;
  }

  Result<std::vector<Metric>> Measure(const Gathered& gathered) const override {
    ASSIGN_OR_RETURN(const PlaceMetrics found, MeasurePlaces(gathered.rows));
    std::vector<Metric> measured = metrics();
    measured[0].value = found.right;
    measured[1].value = found.of_class;
    measured[2].value = found.iou;
    return measured;
  }

  std::string_view primary() const override { return "acc_iou50"; }

  // The support of a class is its number of boxes.
  Result<ClassTable> PerClass(const Gathered& gathered,
                              const std::vector<std::string>& names) const override {
    ASSIGN_OR_RETURN(std::vector<PlaceMetrics> found, MeasureClasses(gathered.rows));
    found.resize(std::max(found.size(), names.size()));
    ClassTable table;
    table.columns = {"acc_iou50", "acc1", "mean_iou"};
    for (size_t i = 0; i < found.size(); ++i) {
      table.classes.push_back(i < names.size() ? names[i] : std::to_string(i));
      table.values.push_back({found[i].right, found[i].of_class, found[i].iou});
      table.support.push_back(found[i].boxes);
    }
    return table;
  }
};

}  // namespace

std::unique_ptr<const Task> MakeTask() { return std::make_unique<const Localisation>(); }

}  // namespace lockstep::graph::localisation
