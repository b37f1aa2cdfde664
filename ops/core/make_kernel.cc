// SPDX-License-Identifier: Apache-2.0
#include "ops/core/make_kernel.h"

#include <utility>

#include "base/check.h"
#include "base/device/emulated/emulated_device.h"
#include "ops/core/op.h"

namespace lockstep::ops {
namespace {

// The addresses of one run behind the wall, and what keeps their memory.
class Translation {
 public:
  explicit Translation(const EmulatedStream& stream) : stream_(stream) {}

  // Nobody reads or writes at an address of no bytes.
  Result<void*> Of(const void* address, int64_t bytes) {
    if (bytes == 0) return const_cast<void*>(address);
    ASSIGN_OR_RETURN(EmulatedCore::Reached reached,
                     stream_.Reach(address, static_cast<size_t>(bytes)));
    kept_.push_back(std::move(reached.keep));
    return reached.data;
  }

 private:
  const EmulatedStream& stream_;
  std::vector<std::shared_ptr<void>> kept_;
};

class WalledKernel : public Kernel {
 public:
  WalledKernel(std::unique_ptr<Kernel> kernel, NodeSpec node, Candidate candidate)
      : made_(std::make_shared<const Made>(std::move(kernel), std::move(node),
                                           std::move(candidate))) {}

  Status Run(const RunArgs& args, Stream* stream) const override {
    EmulatedStream& to = StreamOf(stream);
    Call call{{args.in.begin(), args.in.end()},
              {args.out.begin(), args.out.end()},
              args.workspace,
              args.step != nullptr ? *args.step : StepHeader{},
              args.prepared};
    return to.Launch(made_->Name(),
                     [made = made_, call = std::move(call), &to] { return made->Run(call, to); });
  }

  Status Prepare(const void* input, void* prepared, Stream* stream) const override {
    EmulatedStream& to = StreamOf(stream);
    return to.Launch(made_->Name() + ", its prepared input,",
                     [made = made_, input, prepared, &to]() -> Status {
                       return made->Prepare(input, prepared, to);
                     });
  }

 private:
  // The arguments of a run as they were when it was enqueued.
  struct Call {
    std::vector<const void*> in;
    std::vector<void*> out;
    void* workspace;
    StepHeader step;
    const void* prepared;
  };

  // Shared with what is enqueued, which may outlive the kernel.
  class Made {
   public:
    Made(std::unique_ptr<Kernel> kernel, NodeSpec node, Candidate candidate)
        : kernel_(std::move(kernel)), node_(std::move(node)), candidate_(std::move(candidate)) {}

    std::string Name() const {
      return "kernel " + candidate_.kernel + " of " + node_.op->name + " in layer '" + node_.path +
             "'";
    }

    Status Run(const Call& call, const EmulatedStream& stream) const {
      const Status status = RunBehindTheWall(call, stream);
      return status.ok() ? status : status.WithContext(Name());
    }

    Status Prepare(const void* input, void* prepared, const EmulatedStream& stream) const {
      Translation at(stream);
      const auto i = static_cast<size_t>(candidate_.prepared_input);
      ASSIGN_OR_RETURN(const void* from, at.Of(input, node_.in[i].bytes()));
      ASSIGN_OR_RETURN(void* to, at.Of(prepared, candidate_.prepared_bytes));
      return kernel_->Prepare(from, to, nullptr);
    }

   private:
    Status RunBehindTheWall(const Call& call, const EmulatedStream& stream) const {
      Translation at(stream);
      std::vector<const void*> in;
      std::vector<void*> out;
      for (size_t i = 0; i < call.in.size(); ++i) {
        ASSIGN_OR_RETURN(const void* address, at.Of(call.in[i], node_.in[i].bytes()));
        in.push_back(address);
      }
      for (size_t i = 0; i < call.out.size(); ++i) {
        ASSIGN_OR_RETURN(void* address, at.Of(call.out[i], node_.out[i].bytes()));
        out.push_back(address);
      }
      RunArgs args;
      args.in = in;
      args.out = out;
      args.step = &call.step;
      const bool prepared = call.prepared != nullptr;
      ASSIGN_OR_RETURN(args.workspace,
                       at.Of(call.workspace, prepared ? candidate_.workspace_bytes_if_prepared
                                                      : candidate_.workspace_bytes));
      if (prepared) {
        ASSIGN_OR_RETURN(args.prepared, at.Of(call.prepared, candidate_.prepared_bytes));
      }
      return kernel_->Run(args, nullptr);
    }

    const std::unique_ptr<Kernel> kernel_;
    const NodeSpec node_;
    const Candidate candidate_;
  };

  static EmulatedStream& StreamOf(Stream* stream) {
    auto* const emulated = dynamic_cast<EmulatedStream*>(stream);
    CHECK(emulated != nullptr) << "a kernel of the emulated device runs on one of its streams";
    return *emulated;
  }

  const std::shared_ptr<const Made> made_;
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeKernel(const KernelFamily& family, const NodeSpec& node,
                                           const Candidate& candidate, Device* device) {
  ASSIGN_OR_RETURN(std::unique_ptr<Kernel> kernel, family.Make(node, candidate, device));
  if (dynamic_cast<EmulatedDevice*>(device) == nullptr) return kernel;
  return std::unique_ptr<Kernel>(
      std::make_unique<WalledKernel>(std::move(kernel), node, candidate));
}

}  // namespace lockstep::ops
