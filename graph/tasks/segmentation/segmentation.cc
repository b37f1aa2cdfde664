// SPDX-License-Identifier: Apache-2.0
// The task of telling to which of C classes each pixel of an image belongs. In training a network
// may give a second prediction "aux" and "aux_weight" (graph/models/families.h): the loss is then
// that of "out" plus aux_weight times that of "aux".
#include <memory>

#include "graph/tasks/segmentation/counts.h"
#include "ops/core/mask_target.h"
#include "ops/math/add/add.h"
#include "ops/math/scale/scale.h"

namespace lockstep::graph::segmentation {
namespace {

// The forward half, with the recipe's loss; gives the logits.
Value AddLoss(TaskBuilder& b) {
  const Value image = b.Input("image"), mask = b.Input("mask");
  const Values out = b.Call(kModelNetwork, kForward, {{std::string(kImage), image}});
  const Value aux = out["aux"], weight = out["aux_weight"];
  ops::LossPair loss = b.RecipeLoss(out[kOut], mask, ops::kMaskTarget);
  if (aux.valid() && weight.valid()) {
    // The same pixels are counted in both, so the denominator is the same.
    const ops::LossPair second = b.RecipeLoss(aux, mask, ops::kMaskTarget);
    if (!second.numerator.valid()) return {};
    ops::Emitter* const e = b.emit("loss");
    loss.numerator = ops::Add(e, loss.numerator, ops::Scale(e, second.numerator, weight));
  }
  b.Loss(loss);
  return out[kOut];
}

class Segmentation : public Task {
 public:
  std::string_view name() const override { return "segmentation"; }
  std::string_view doc() const override { return "one of several classes for each pixel"; }

  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    ASSIGN_OR_RETURN(InputSpec image, FirstField(*this, schema, FieldKind::kImage, "image"));
    ASSIGN_OR_RETURN(InputSpec mask, FirstField(*this, schema, FieldKind::kMask, "mask"));
    return std::vector<InputSpec>{std::move(image), std::move(mask)};
  }

  void Train(size_t, TaskBuilder& builder) const override { AddLoss(builder); }

  void Eval(TaskBuilder& builder) const override {
    const Value logits = AddLoss(builder);
    AddCounts(builder, logits, builder.Input("mask"));
  }

  std::vector<Metric> metrics() const override {
    std::vector<Metric> metrics;
    for (const MetricRule& rule : MetricRules()) {
      metrics.push_back({.name = std::string(rule.name),
                         .larger_is_better = rule.larger_is_better,
                         .unit = std::string(rule.unit)});
    }
    return metrics;
  }

  Result<std::vector<Metric>> Measure(const Gathered& gathered) const override {
    ASSIGN_OR_RETURN(const ClassCounts counts, ClassCountsOf(gathered));
    std::vector<Metric> measured = metrics();
    for (size_t i = 0; i < measured.size(); ++i) {
      measured[i].value = MetricRules()[i].measure(counts);
    }
    return measured;
  }

  std::string_view primary() const override { return Primary(); }

  // The support of a class is its number of pixels.
  Result<ClassTable> PerClass(const Gathered& gathered,
                              const std::vector<std::string>& names) const override {
    ASSIGN_OR_RETURN(ClassCounts counts, ClassCountsOf(gathered));
    ClassTable table;
    table.columns = {"iou", "dice"};
    for (size_t i = 0; i < counts.actual.size(); ++i) {
      table.classes.push_back(i < names.size() ? names[i] : std::to_string(i));
      table.values.push_back({Iou(counts, i), Dice(counts, i)});
    }
    table.support = std::move(counts.actual);
    table.confusion = std::move(counts.confusion);
    return table;
  }
};

}  // namespace

std::unique_ptr<const Task> MakeTask() { return std::make_unique<const Segmentation>(); }

}  // namespace lockstep::graph::segmentation
