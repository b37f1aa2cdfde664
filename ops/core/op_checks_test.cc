// SPDX-License-Identifier: Apache-2.0
// The checks behind the generated tests of ops catch what they are for: each test plants one fault
// in an op of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>

#include "ops/core/expect.h"
#include "ops/core/testing/accuracy_check.h"
#include "ops/core/testing/contract_check.h"
#include "ops/core/testing/gradient_check.h"
#include "ops/core/testing/kernel_check.h"

namespace lockstep::ops {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kElements = 6;

Result<TensorTypes> InferSame(const NoAttrs&, std::span<const TensorType> in) {
  RETURN_IF_ERROR(ExpectInputs(in, 1));
  RETURN_IF_ERROR(ExpectFloat(in[0], "x"));
  return TensorTypes{in[0]};
}

// y[i] = factor * x[i + shift], for the first `count` elements.
template <typename T>
void Multiply(const ReferenceArgs& args, double factor, int64_t shift = 0,
              int64_t count = kElements) {
  for (int64_t i = 0; i < count; ++i) {
    args.out<T>(0)[i] = static_cast<T>(factor) * args.in<T>(0)[i + shift];
  }
}

template <typename T>
void Twice(const NoAttrs&, const ReferenceArgs& args) {
  Multiply<T>(args, 2.0);
}

// A right op, y = 2 x, into which tests plant faults.
OpOf<NoAttrs> TwiceOp(std::string name) {
  return {.name = std::move(name),
          .infer = InferSame,
          .reference_f32 = Twice<float>,
          .reference_f64 = Twice<double>,
          .grad =
              [](const NoAttrs&, const GradArgs& g) {
                return std::vector<Value>{g.emit->Emit1("twice", Pack(NoAttrs{}), {g.dout[0]})};
              },
          .may_alias = {{0, 0}},
          .samples = {{"six", {}, {{{DType::kFloat32, {kElements}}}}}}};
}

// Both precisions of an op at once.
template <typename F32, typename F64>
void SetReference(OpOf<NoAttrs>* op, F32 f32, F64 f64) {
  op->reference_f32 = f32;
  op->reference_f64 = f64;
}

class OpChecks : public ::testing::Test {
 protected:
  OpChecks() { registry_.Add(TwiceOp("twice")); }

  OpCase Added(OpOf<NoAttrs> op) {
    const std::string name = op.name;
    registry_.Add(std::move(op));
    return FindOpCase(registry_, name, "six");
  }

  OpRegistry registry_;
};

TEST_F(OpChecks, PassARightOp) {
  const OpCase c = FindOpCase(registry_, "twice", "six");
  EXPECT_EQ(CheckAttrs(c).ToString(), "ok");
  EXPECT_EQ(CheckInputCount(c).ToString(), "ok");
  EXPECT_EQ(CheckGradient(c).ToString(), "ok");
  EXPECT_EQ(CheckWantedOnly(c).ToString(), "ok");
  EXPECT_EQ(CheckWritesItsOutputs(c, DType::kFloat32).ToString(), "ok");
  EXPECT_EQ(CheckInPlace(c, DType::kFloat64).ToString(), "ok");
  EXPECT_EQ(CheckRepeats(c, DType::kFloat32).ToString(), "ok");
  EXPECT_EQ(CheckFloatAccuracy(c).ToString(), "ok");
}

TEST_F(OpChecks, PassARightOpOnTheEmulatedDevice) {
  OpCase c = FindOpCase(registry_, "twice", "six");
  c.device = TestDevice::kEmulated;
  EXPECT_EQ(CheckGradient(c).ToString(), "ok");
  EXPECT_EQ(CheckWritesItsOutputs(c, DType::kFloat32).ToString(), "ok");
  EXPECT_EQ(CheckInPlace(c, DType::kFloat64).ToString(), "ok");
  EXPECT_EQ(CheckRepeats(c, DType::kFloat32).ToString(), "ok");
  EXPECT_EQ(CheckFloatAccuracy(c).ToString(), "ok");
}

TEST_F(OpChecks, CatchFaultsOnTheEmulatedDevice) {
  OpOf<NoAttrs> beyond = TwiceOp("beyond");
  beyond.reference_f32 = [](const NoAttrs&, const ReferenceArgs& args) {
    Multiply<float>(args, 2.0);
    args.out<float>(0)[kElements] = 7.0f;
  };
  OpOf<NoAttrs> input = TwiceOp("input");
  input.reference_f32 = [](const NoAttrs&, const ReferenceArgs& args) {
    Multiply<float>(args, 2.0);
    const_cast<float*>(args.in<float>(0))[0] = 7.0f;
  };
  OpOf<NoAttrs> part = TwiceOp("part");
  part.reference_f32 = [](const NoAttrs&, const ReferenceArgs& args) {
    Multiply<float>(args, 2.0, 0, kElements - 1);
  };
  const std::pair<OpOf<NoAttrs>, const char*> faults[] = {{beyond, "wrote outside output 0"},
                                                          {input, "changed its input 0"},
                                                          {part, "did not write all of output 0"}};
  for (const auto& [op, message] : faults) {
    OpCase c = Added(op);
    c.device = TestDevice::kEmulated;
    EXPECT_THAT(CheckWritesItsOutputs(c, DType::kFloat32).message(), HasSubstr(message));
  }
}

TEST_F(OpChecks, CatchAWrongGradient) {
  OpOf<NoAttrs> op = TwiceOp("wrong");
  op.grad = [](const NoAttrs&, const GradArgs& g) { return std::vector<Value>{g.dout[0]}; };
  EXPECT_THAT(CheckGradient(Added(op)).message(), HasSubstr("is off finite differences by 0.5"));
}

TEST_F(OpChecks, CatchAGradientThatIsOffByAMillionth) {
  OpOf<NoAttrs> op = TwiceOp("almost_twice");
  op.reference_f64 = [](const NoAttrs&, const ReferenceArgs& args) {
    Multiply<double>(args, 2.000002);
  };
  EXPECT_THAT(CheckGradient(Added(op)).message(), HasSubstr("is off finite differences by 9.9999"));
}

TEST_F(OpChecks, CatchAMissingGradient) {
  OpOf<NoAttrs> op = TwiceOp("without");
  op.grad = [](const NoAttrs&, const GradArgs&) { return std::vector<Value>{Value()}; };
  EXPECT_EQ(CheckGradient(Added(op)).message(), "the gradient of input 0 is missing");
}

TEST_F(OpChecks, CatchAnEmittedNodeThatNobodyWants) {
  OpOf<NoAttrs> op = TwiceOp("wasteful");
  op.grad = [](const NoAttrs&, const GradArgs& g) {
    g.emit->Emit1("twice", Pack(NoAttrs{}), {g.in[0]});
    return std::vector<Value>{g.emit->Emit1("twice", Pack(NoAttrs{}), {g.dout[0]})};
  };
  EXPECT_EQ(CheckWantedOnly(Added(op)).message(),
            "the rule emitted twice, which no wanted gradient needs");
}

TEST_F(OpChecks, CatchAGradientThatNobodyWants) {
  OpOf<NoAttrs> op = TwiceOp("sum");
  op.infer = [](const NoAttrs&, std::span<const TensorType> in) -> Result<TensorTypes> {
    RETURN_IF_ERROR(ExpectInputs(in, 2));
    return TensorTypes{in[0]};
  };
  op.reference_f64 = [](const NoAttrs&, const ReferenceArgs& args) {
    for (int64_t i = 0; i < kElements; ++i) {
      args.out<double>(0)[i] = args.in<double>(0)[i] + args.in<double>(1)[i];
    }
  };
  op.grad = [](const NoAttrs&, const GradArgs& g) {
    return std::vector<Value>{g.dout[0], g.dout[0]};
  };
  op.samples[0].in.push_back(op.samples[0].in[0]);
  const OpCase c = Added(op);
  EXPECT_EQ(CheckGradient(c).ToString(), "ok");
  EXPECT_EQ(CheckWantedOnly(c).message(),
            "asked for the gradient of input 0 alone, the rule returned another");
}

TEST_F(OpChecks, CatchAWriteBeyondAnOutput) {
  OpOf<NoAttrs> op = TwiceOp("overrun");
  op.reference_f32 = [](const NoAttrs& attrs, const ReferenceArgs& args) {
    Twice<float>(attrs, args);
    args.out<float>(0)[kElements] = 0.0f;
  };
  EXPECT_EQ(CheckWritesItsOutputs(Added(op), DType::kFloat32).message(),
            "overrun, kernel reference/loops, wrote outside output 0, f32[6]");
}

TEST_F(OpChecks, CatchAWriteBeforeAnOutputAndBeyondTheWorkspace) {
  OpOf<NoAttrs> before = TwiceOp("before");
  before.reference_f32 = [](const NoAttrs& attrs, const ReferenceArgs& args) {
    Twice<float>(attrs, args);
    args.out<float>(0)[-1] = 0.0f;
  };
  EXPECT_THAT(CheckWritesItsOutputs(Added(before), DType::kFloat32).message(),
              HasSubstr("wrote outside output 0"));
  OpOf<NoAttrs> workspace = TwiceOp("workspace");
  workspace.reference_workspace = [](const NoAttrs&, const NodeSpec&) { return int64_t{8}; };
  workspace.reference_f32 = [](const NoAttrs& attrs, const ReferenceArgs& args) {
    Twice<float>(attrs, args);
    static_cast<char*>(args.run.workspace)[8] = 0;
  };
  EXPECT_THAT(CheckWritesItsOutputs(Added(workspace), DType::kFloat32).message(),
              HasSubstr("wrote outside workspace"));
}

TEST_F(OpChecks, CatchAnElementThatIsNotWritten) {
  OpOf<NoAttrs> op = TwiceOp("short");
  op.reference_f64 = [](const NoAttrs&, const ReferenceArgs& args) {
    Multiply<double>(args, 2.0, 0, kElements - 1);
  };
  EXPECT_EQ(CheckWritesItsOutputs(Added(op), DType::kFloat64).message(),
            "kernel reference/loops: did not write all of output 0");
}

TEST_F(OpChecks, CatchAChangedInput) {
  OpOf<NoAttrs> op = TwiceOp("changes");
  op.reference_f32 = [](const NoAttrs& attrs, const ReferenceArgs& args) {
    Twice<float>(attrs, args);
    const_cast<float*>(args.in<float>(0))[0] = 7.0f;
  };
  EXPECT_THAT(CheckWritesItsOutputs(Added(op), DType::kFloat32).message(),
              HasSubstr("changed its input"));
}

TEST_F(OpChecks, CatchAReadBeyondAnInput) {
  OpOf<NoAttrs> op = TwiceOp("shifted");
  SetReference(
      &op,
      [](const NoAttrs&, const ReferenceArgs& args) { Multiply<float>(args, 2.0, /*shift=*/1); },
      [](const NoAttrs&, const ReferenceArgs& args) { Multiply<double>(args, 2.0, /*shift=*/1); });
  EXPECT_THAT(CheckFloatAccuracy(Added(op)).message(), HasSubstr("element 5 of output 0 is"));
}

TEST_F(OpChecks, CatchAKernelThatCannotRunInPlace) {
  OpOf<NoAttrs> op = TwiceOp("reverse");
  op.reference_f32 = [](const NoAttrs&, const ReferenceArgs& args) {
    for (int64_t i = 0; i < kElements; ++i) {
      args.out<float>(0)[i] = args.in<float>(0)[kElements - 1 - i];
    }
  };
  EXPECT_EQ(CheckInPlace(Added(op), DType::kFloat32).message(),
            "kernel reference/loops: in place gave other bits in output 0");
}

TEST_F(OpChecks, CatchAKernelWhoseRunsDiffer) {
  OpOf<NoAttrs> op = TwiceOp("counts");
  op.reference_f32 = [](const NoAttrs&, const ReferenceArgs& args) {
    static std::atomic<int> runs = 0;
    Multiply<float>(args, 2.0 + (++runs > 50 ? 1e-6 : 0.0));
  };
  EXPECT_THAT(CheckRepeats(Added(op), DType::kFloat32).message(),
              HasSubstr("a repeated run gave other bits"));
}

// y = 2 x through a copy of x, which a prepared run's maker may get wrong.
class CopyingFamily : public KernelFamily {
 public:
  explicit CopyingFamily(float factor) : factor_(factor) {}
  std::string_view name() const override { return "copying"; }
  Result<std::vector<Candidate>> Candidates(const NodeSpec& node,
                                            const DeviceSpec& device) const override {
    if (device.reference_kernels_only || node.in[0].dtype != DType::kFloat32) {
      return FailedPrecondition("float32 only");
    }
    Candidate c = {"copying", "only", kBytes};
    c.prepared_input = 0;
    c.prepared_bytes = kBytes;
    return std::vector<Candidate>{c};
  }
  Result<std::unique_ptr<Kernel>> Make(const NodeSpec&, const Candidate&, Device*) const override {
    return std::unique_ptr<Kernel>(std::make_unique<Made>(factor_));
  }

 private:
  static constexpr int64_t kBytes = kElements * sizeof(float);

  class Made : public Kernel {
   public:
    explicit Made(float factor) : factor_(factor) {}
    Status Run(const RunArgs& args, Stream*) const override {
      const void* const copy = args.prepared != nullptr ? args.prepared : args.workspace;
      if (args.prepared == nullptr) std::memcpy(args.workspace, args.in[0], kBytes);
      for (int64_t i = 0; i < kElements; ++i) {
        static_cast<float*>(args.out[0])[i] = 2.0f * static_cast<const float*>(copy)[i];
      }
      return OkStatus();
    }
    Status Prepare(const void* input, void* prepared, Stream*) const override {
      for (int64_t i = 0; i < kElements; ++i) {
        static_cast<float*>(prepared)[i] = factor_ * static_cast<const float*>(input)[i];
      }
      return OkStatus();
    }

   private:
    const float factor_;
  };

  const float factor_;
};

TEST_F(OpChecks, CatchAPreparedInputThatIsNotTheInput) {
  OpOf<NoAttrs> right = TwiceOp("copies"), wrong = TwiceOp("miscopies");
  right.kernels = {std::make_shared<CopyingFamily>(1.0f)};
  wrong.kernels = {std::make_shared<CopyingFamily>(1.5f)};
  EXPECT_EQ(CheckPrepared(Added(right)).ToString(), "ok");
  EXPECT_EQ(CheckPrepared(Added(wrong)).message(),
            "kernel copying/only: with a prepared input gave other bits in output 0");
}

TEST_F(OpChecks, CatchAnInaccurateFloatKernel) {
  OpOf<NoAttrs> op = TwiceOp("rough");
  op.reference_f32 = [](const NoAttrs&, const ReferenceArgs& args) {
    Multiply<float>(args, 2.0 * (1 + 5 * 0x1p-23));
  };
  EXPECT_THAT(CheckFloatAccuracy(Added(op)).message(), HasSubstr("kernel reference/loops"));
}

TEST_F(OpChecks, CatchAShapeRuleThatTakesAnyNumberOfInputs) {
  OpOf<NoAttrs> op = TwiceOp("careless");
  op.infer = [](const NoAttrs&, std::span<const TensorType>) -> Result<TensorTypes> {
    return TensorTypes{{DType::kFloat32, {kElements}}};
  };
  EXPECT_EQ(CheckInputCount(Added(op)).message(), "an input too many was accepted");
}

}  // namespace
}  // namespace lockstep::ops
