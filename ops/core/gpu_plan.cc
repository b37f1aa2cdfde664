// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_plan.h"

#include <algorithm>
#include <array>

#include "base/philox.h"
#include "ops/core/op.h"

namespace lockstep::ops {
namespace {

constexpr size_t kParameterBytes = 4096;  // of a launch, on every GPU

class GpuPlanKernel : public Kernel {
 public:
  struct Call {
    std::shared_ptr<const GpuKernel> kernel;
    GpuCall call;
  };
  GpuPlanKernel(std::string name, std::string path, std::vector<Call> calls)
      : name_(std::move(name)), path_(std::move(path)), calls_(std::move(calls)) {}

  Status Run(const RunArgs& args, Stream* stream) const override {
    auto* const gpu = dynamic_cast<GpuStream*>(stream);
    if (gpu == nullptr) return Internal(name_ + " runs on the stream of a GPU only");
    for (const Call& c : calls_) {
      std::array<const void*, kGpuParameters> pointers{}, parameters{};
      gpu::PhiloxStart draws;
      const std::vector<GpuArgument>& arguments = c.call.arguments;
      for (size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i].operand.has_value()) {
          pointers[i] = PointerOf(*arguments[i].operand, args);
          parameters[i] = &pointers[i];
        } else if (arguments[i].draws.has_value()) {
          if (args.step == nullptr) return Internal(name_ + " needs the step header");
          draws = DrawsOf(*arguments[i].draws, *args.step);
          parameters[i] = &draws;
        } else {
          parameters[i] = arguments[i].value.data();
        }
      }
      RETURN_IF_ERROR(gpu->Launch(*c.kernel, c.call.grid, {parameters.data(), arguments.size()}));
    }
    return OkStatus();
  }

 private:
  static const void* PointerOf(const GpuOperand& operand, const RunArgs& args) {
    const size_t index = static_cast<size_t>(operand.index);
    const void* base = nullptr;
    switch (operand.kind) {
      case GpuOperand::Kind::kIn:
        base = args.in[index];
        break;
      case GpuOperand::Kind::kOut:
        base = args.out[index];
        break;
      case GpuOperand::Kind::kWorkspace:
        base = args.workspace;
        break;
    }
    return static_cast<const char*>(base) + operand.offset;
  }

  gpu::PhiloxStart DrawsOf(const GpuDraws& draws, const StepHeader& step) const {
    const PhiloxKey key = StreamKey(step.seed, draws.purpose, path_);
    return {key[0], key[1], step.step, step.lane};
  }

  const std::string name_;  // of the op, for messages
  const std::string path_;
  const std::vector<Call> calls_;
};

}  // namespace

GpuGrid GridFor(int64_t n) {
  const int64_t blocks = (n + kGpuThreads - 1) / kGpuThreads;
  return {static_cast<uint32_t>(std::min(blocks, kGpuBlocks)), kGpuThreads};
}

Status CheckLaunch(const GpuCall& call) {
  const auto wrong = [&](const std::string& what) {
    return Internal("the launch of " + call.kernel + " has " + what);
  };
  if (call.grid.threads != kGpuThreads) {
    return wrong(std::to_string(call.grid.threads) + " threads a block; expected " +
                 std::to_string(kGpuThreads));
  }
  if (call.grid.blocks == 0 || call.grid.blocks >= uint32_t{1} << 31) {
    return wrong(std::to_string(call.grid.blocks) + " blocks; expected 1 to 2^31 - 1");
  }
  if (call.arguments.size() > kGpuParameters) {
    return wrong(std::to_string(call.arguments.size()) + " parameters; expected at most " +
                 std::to_string(kGpuParameters));
  }
  size_t bytes = 0;
  for (const GpuArgument& argument : call.arguments) bytes += argument.parameter().bytes + 16;
  if (bytes > kParameterBytes) {
    return wrong("about " + std::to_string(bytes) + " bytes of parameters; expected at most " +
                 std::to_string(kParameterBytes));
  }
  return OkStatus();
}

Result<std::unique_ptr<Kernel>> MakeGpuKernel(const NodeSpec& node, const GpuPlan& plan,
                                              Device* device) {
  auto* const gpu = dynamic_cast<GpuDevice*>(device);
  if (gpu == nullptr) return FailedPrecondition(node.op->name + ": this kernel needs a GPU");
  std::vector<GpuPlanKernel::Call> calls;
  for (const GpuCall& call : plan.calls()) {
    RETURN_IF_ERROR(CheckLaunch(call));
    std::vector<GpuParameter> parameters;
    for (const GpuArgument& argument : call.arguments) parameters.push_back(argument.parameter());
    ASSIGN_OR_RETURN(auto kernel, gpu->FindKernel(call.kernel, parameters));
    calls.push_back({std::move(kernel), call});
  }
  return std::unique_ptr<Kernel>(
      std::make_unique<GpuPlanKernel>(node.op->name, node.path, std::move(calls)));
}

}  // namespace lockstep::ops
