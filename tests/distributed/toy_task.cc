// SPDX-License-Identifier: Apache-2.0
#include "tests/distributed/toy_task.h"

#include <memory>
#include <utility>

#include "graph/nn/layers.h"
#include "graph/tasks/registry.h"
#include "ops/math/add/add.h"
#include "ops/math/fill/fill.h"
#include "ops/math/scale/scale.h"

namespace lockstep::tests {
namespace {

using graph::Values;
using ops::Value;

struct EncoderOptions {
  double dropout = 0.25;

  template <typename V>
  void Visit(V&& v) {
    v("dropout", dropout, Says("probability of dropping an element of the code"));
  }
};

Values Encode(const graph::Net& n, const Values& in, int64_t classes, const Attrs& options) {
  Value x = Conv(n / "conv", in["image"], {.out = 4, .kernel = 3, .stride = 2});
  x = Tanh(n / "act", BatchNorm(n / "bn", x));
  x = Linear(n / "fc", MaxPool(n / "pool", x), classes);
  return {{"code", Dropout(n / "dropout", x, Unpack<EncoderOptions>(options)->dropout)}};
}

Values Judge(const graph::Net& n, const Values& in, int64_t classes, const Attrs&) {
  const Value x = Tanh(n / "act", Linear(n / "fc1", in["code"], 8));
  return {{"out", Linear(n / "fc2", x, classes)}};
}

graph::Model ToyModel(std::string_view name, OptionList options, graph::Method method) {
  return {.name = name,
          .description = "for tests",
          .image = {28, 28, 1},
          .options = std::move(options),
          .methods = {std::move(method)}};
}

const graph::Model& Encoder() {
  static const graph::Model kModel =
      ToyModel("toy-encoder", ListOf<EncoderOptions>(), {"encode", Encode});
  return kModel;
}

const graph::Model& Critic() {
  static const graph::Model kModel = ToyModel("toy-critic", ListOf<NoAttrs>(), {"judge", Judge});
  return kModel;
}

class Toy : public graph::Task {
 public:
  std::string_view name() const override { return kToyTask; }

  std::vector<graph::NetworkSpec> networks(const graph::NetworkSpec& model) const override {
    graph::ModelOptions own = {.classes = model.options.classes, .own = {}};
    // Comparisons with another program ask for no dropout through the recipe's model.
    if (const AttrValue* p = model.options.own.Find("dropout")) own.own.Set("dropout", *p);
    return {{"encoder", &Encoder(), own},
            {"critic", &Critic(), {.classes = own.classes, .own = {}}}};
  }
  std::vector<graph::PhaseSpec> phases() const override {
    return {{"critic", {"critic"}}, {"encoder", {"encoder"}}};
  }

  Result<std::vector<InputSpec>> Inputs(const Schema& schema) const override {
    return graph::InputsOfLabelledImages(*this, schema);
  }

  void Train(size_t phase, graph::TaskBuilder& b) const override {
    const Value image = b.Input("image"), labels = b.Input("label");
    Value code = Code(b, image);
    if (phase == 0) {
      b.Loss(b.RecipeLoss(Judgement(b, b.Stop(code)), labels, ops::kLabelTarget));
      return;
    }
    const Value logits = Judgement(b, code);
    const Value weight = b.Scalar("weight");
    if (!weight.valid()) return;
    ops::Emitter* const e = b.emit("mix");
    const Value half = ops::Fill(e, 0.5, {DType::kFloat64, {}});
    const Value again = Judgement(b, Code(b, ops::Scale(e, image, half)));
    if (!again.valid()) return;
    const Value sum = ops::Add(b.emit("mix"), logits, ops::Scale(b.emit("mix"), again, weight));
    b.Loss(b.RecipeLoss(sum, labels, ops::kLabelTarget));
  }
  double ScalarAt(std::string_view, int64_t step) const override {
    return 1.0 / (1.0 + static_cast<double>(step));
  }

  void Eval(graph::TaskBuilder& b) const override {
    const Value code = Code(b, b.Input("image"));
    const ops::LossPair loss =
        b.RecipeLoss(Judgement(b, code), b.Input("label"), ops::kLabelTarget);
    b.Loss(loss);
    if (loss.numerator.valid()) b.Sum("nats", loss.numerator);
  }
  std::vector<Metric> metrics() const override {
    return {{.name = "nats", .larger_is_better = false, .unit = "nats"}};
  }
  Result<std::vector<Metric>> Measure(const graph::Gathered& gathered) const override {
    std::vector<Metric> measured = metrics();
    measured[0].value = gathered.Find("nats")->f64[0] / static_cast<double>(gathered.samples);
    return measured;
  }
  std::string_view primary() const override { return "nats"; }

 protected:
  static Value Code(graph::TaskBuilder& b, Value image) {
    return b.Call("encoder", "encode", {{"image", image}})["code"];
  }
  static Value Judgement(graph::TaskBuilder& b, Value code) {
    return b.Call("critic", "judge", {{"code", code}})["out"];
  }
};

class ToyOfBoth : public Toy {
 public:
  explicit ToyOfBoth(bool reversed) : reversed_(reversed) {}
  std::string_view name() const override { return reversed_ ? kToyReversed : kToyInOrder; }
  std::vector<graph::PhaseSpec> phases() const override {
    return {{"first", {"encoder", "critic"}}, {"second", {"encoder", "critic"}}};
  }

  void Train(size_t phase, graph::TaskBuilder& b) const override {
    const Value image = b.Input("image"), labels = b.Input("label");
    // The critic of a code that no encoder gave.
    Value alone;
    const auto judge_alone = [&] {
      const Value code = ops::Fill(b.emit("alone"), 0.5, {DType::kFloat32, {b.rows(), 10}});
      alone = Judgement(b, code);
    };
    if (phase == 1 && reversed_) judge_alone();
    const Value logits = Judgement(b, Code(b, image));
    if (phase == 0 || !reversed_) judge_alone();
    if (!logits.valid() || !alone.valid()) return;
    b.Loss(b.RecipeLoss(ops::Add(b.emit("mix"), logits, alone), labels, ops::kLabelTarget));
  }

 private:
  bool reversed_;
};

}  // namespace

void AddToyTasks() {
  static const bool kAdded = [] {
    graph::AddTask(std::make_unique<const Toy>());
    graph::AddTask(std::make_unique<const ToyOfBoth>(/*reversed=*/false));
    graph::AddTask(std::make_unique<const ToyOfBoth>(/*reversed=*/true));
    return true;
  }();
  (void)kAdded;
}

}  // namespace lockstep::tests
