// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/kernel_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/ir/builder.h"
#include "graph/plan/plan.h"

namespace lockstep::graph {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Offers a fixed list, or nothing.
class ListFamily : public ops::KernelFamily {
 public:
  ListFamily(std::string name, std::vector<ops::Candidate> candidates)
      : name_(std::move(name)), candidates_(std::move(candidates)) {
    for (ops::Candidate& c : candidates_) c.kernel = name_;
  }
  std::string_view name() const override { return name_; }
  Result<std::vector<ops::Candidate>> Candidates(const ops::NodeSpec&,
                                                 const DeviceSpec&) const override {
    if (candidates_.empty()) return FailedPrecondition("it is not its day");
    return candidates_;
  }
  Result<std::unique_ptr<ops::Kernel>> Make(const ops::NodeSpec&, const ops::Candidate&,
                                            Device*) const override {
    return Internal("only planned here");
  }

 private:
  std::string name_;
  std::vector<ops::Candidate> candidates_;
};

class LibraryFamily : public ListFamily {
 public:
  LibraryFamily() : ListFamily("library", {{.algorithm = "l", .known_slower = true}}) {}
  bool is_library() const override { return true; }
};

Result<ops::TensorTypes> Same(const NoAttrs&, std::span<const TensorType> in) {
  return ops::TensorTypes{in[0]};
}

void Nothing(const NoAttrs&, const ops::ReferenceArgs&) {}

class KernelChoiceTest : public testing::Test {
 protected:
  KernelChoiceTest() {
    registry_.Add<NoAttrs>(
        {.name = "op", .infer = Same, .reference_f32 = Nothing, .reference_f64 = Nothing});
    registry_.AddKernel("op", Family("absent", {}));
    registry_.AddKernel("op", Family("slow", {{.algorithm = "s", .known_slower = true}}));
    registry_.AddKernel("op", Family("quick", {{"", "a", 0, /*deterministic=*/false},
                                               {"", "b", int64_t{1} << 40},
                                               {"", "c"},
                                               {"", "d"},
                                               {"", "c"}}));
    registry_.AddKernel("op", Family("other", {{"", "c"}}));
    device_.reference_kernels_only = false;
  }

  static std::shared_ptr<const ops::KernelFamily> Family(const std::string& name,
                                                         std::vector<ops::Candidate> candidates) {
    return std::make_shared<ListFamily>(name, std::move(candidates));
  }

  ops::NodeSpec Spec() const {
    const TensorType type{DType::kFloat32, {2, 3}};
    return {registry_.Find("op"), {}, {type}, {type}, "layer"};
  }

  Result<std::shared_ptr<const Plan>> Planned(const KernelChoices& choices) const {
    GraphBuilder b("one", registry_);
    const Value x = b.graph().AddArg("x", ArgKind::kInput, {DType::kFloat32, {2, 3}});
    b.graph().AddResult("y", b.Emit("op", {}, std::vector<Value>{x})[0]);
    const Result<Graph> graph = std::move(b).Finish();
    if (!graph.ok()) return graph.status();
    return Compile(*graph, device_, choices);
  }

  ops::OpRegistry registry_;
  DeviceSpec device_ = ReferenceCpuSpec();
};

TEST_F(KernelChoiceTest, OptionsAreWhatIsDeterministicAndWithinTheCapInOrderTheSlowerLast) {
  std::vector<std::string> names;
  const auto options = KernelOptions(Spec(), device_);
  ASSERT_TRUE(options.ok()) << options.status();
  for (const KernelOption& option : *options) {
    names.push_back(option.candidate.kernel + " " + option.candidate.algorithm);
  }
  ASSERT_EQ(names.size(), 5u);
  names.pop_back();  // the reference kernel, always last
  EXPECT_THAT(names, ElementsAre("quick c", "quick d", "other c", "slow s"));
}

TEST_F(KernelChoiceTest, APlanTakesTheFirstUnlessAnotherIsRecorded) {
  KernelChoices choices;
  const auto first = Planned(choices);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->nodes[0].candidate.algorithm, "c");
  EXPECT_EQ((*first)->nodes[0].candidate.kernel, "quick");
  choices.by_node[NodeKey(Spec())] = {"quick", "d"};
  EXPECT_EQ((*Planned(choices))->nodes[0].candidate.algorithm, "d");
  choices.by_node[NodeKey(Spec())] = {"other", "c"};
  EXPECT_EQ((*Planned(choices))->nodes[0].candidate.kernel, "other");
}

TEST_F(KernelChoiceTest, LibraryFirstTakesALibrarysKernelUnlessAnotherIsRecorded) {
  KernelChoices choices;
  choices.library_first = true;
  EXPECT_EQ((*Planned(choices))->nodes[0].candidate.kernel, "quick");  // there is none
  registry_.AddKernel("op", std::make_shared<LibraryFamily>());
  EXPECT_EQ((*Planned(choices))->nodes[0].candidate.kernel, "library");
  EXPECT_EQ((*Planned({}))->nodes[0].candidate.kernel, "quick");
  choices.by_node[NodeKey(Spec())] = {"other", "c"};
  EXPECT_EQ((*Planned(choices))->nodes[0].candidate.kernel, "other");
}

TEST_F(KernelChoiceTest, AChoiceForANodeThatIsNotThereDoesNothing) {
  KernelChoices choices;
  choices.by_node[NodeKey(Spec()) + 1] = {"gone", "z"};
  EXPECT_EQ((*Planned(choices))->nodes[0].candidate.algorithm, "c");
}

TEST_F(KernelChoiceTest, AChoiceThatCannotBeHadIsAnErrorAndNoFallback) {
  for (const KernelChoices::Choice& gone :
       {KernelChoices::Choice{"quick", "a"}, {"quick", "b"}, {"quick", "z"}, {"gone", "c"}}) {
    KernelChoices choices;
    choices.source = "kernel file 'k.json'";
    choices.by_node[NodeKey(Spec())] = gone;
    const auto plan = Planned(choices);
    ASSERT_FALSE(plan.ok()) << gone.kernel << " " << gone.algorithm;
    EXPECT_EQ(plan.status().code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(plan.status().message(),
                HasSubstr("kernel file 'k.json' chooses kernel '" + gone.kernel + "' with '" +
                          gone.algorithm + "' for op{} f32[2,3] -> f32[2,3]"));
    EXPECT_THAT(plan.status().message(), HasSubstr("'quick' with 'd'"));
    EXPECT_THAT(plan.status().message(), HasSubstr("absent: it is not its day"));
    EXPECT_THAT(plan.status().message(), HasSubstr("lockstep tune"));
  }
}

TEST_F(KernelChoiceTest, TheKeyIsOfOpAttributesAndTypesAndNotOfThePath) {
  ops::NodeSpec spec = Spec();
  const uint64_t key = NodeKey(spec);
  spec.path = "elsewhere";
  EXPECT_EQ(NodeKey(spec), key);
  spec.attrs.Set("rate", 0.5);
  EXPECT_NE(NodeKey(spec), key);
  spec = Spec();
  spec.in[0].shape = {2, 4};
  EXPECT_NE(NodeKey(spec), key);
}

}  // namespace
}  // namespace lockstep::graph
