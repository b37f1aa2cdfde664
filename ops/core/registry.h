// SPDX-License-Identifier: Apache-2.0
// The ops there are. The list of folders under ops/ is the list of ops: the build generates
// `RegisterAllOps` from it (one `lockstep::ops::<folder>::Register` each), so adding a folder adds
// the op and its tests, and nothing else is edited. A file <op>_winograd.cc, <op>_onednn.cc,
// <op>_simd.cc or <op>_cuda.cc adds kernels to the folder's ops by `RegisterWinograd`,
// `RegisterOnednn`, `RegisterSimd` or `RegisterCuda`, in that order. A folder whose op updates
// parameters or is a loss says so in Register as well, and a recipe can name it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "ops/core/loss.h"
#include "ops/core/op.h"
#include "ops/core/optimizer.h"

namespace lockstep::ops {

class OpRegistry {
 public:
  // Adds an op and appends its reference kernel. A second op of a name stops the process.
  template <typename A>
  void Add(OpOf<A> op) {
    AddErased(Erase(std::move(op)));
  }

  // Adds a kernel to an op, after those it has and before its reference kernel.
  void AddKernel(std::string_view op, std::shared_ptr<const KernelFamily> kernel);

  // Says that the op of this name, added before, is an optimizer.
  template <typename A>
  void AddOptimizer(OptimizerOf<A> optimizer) {
    AddErased(Erase(std::move(optimizer)));
  }

  // Says that the folder has a loss.
  template <typename A>
  void AddLoss(LossOf<A> loss) {
    AddErased(Erase(std::move(loss)));
  }

  const Op* Find(std::string_view name) const;  // nullptr when there is none
  // Not found: the error lists near names.
  Result<const Optimizer*> FindOptimizer(std::string_view name) const;
  Result<const Loss*> FindLoss(std::string_view name) const;

  // By name.
  const std::map<std::string, Optimizer, std::less<>>& optimizers() const { return optimizers_; }
  const std::map<std::string, Loss, std::less<>>& losses() const { return losses_; }
  const std::map<std::string, std::unique_ptr<Op>, std::less<>>& ops() const { return ops_; }

  // All ops of this build. The registry is made on first use and never destroyed.
  static const OpRegistry& Global();

 private:
  void AddErased(Op op);
  void AddErased(Optimizer optimizer);
  void AddErased(Loss loss);

  std::map<std::string, std::unique_ptr<Op>, std::less<>> ops_;
  std::map<std::string, Optimizer, std::less<>> optimizers_;
  std::map<std::string, Loss, std::less<>> losses_;
};

// The build generates this function from the directory listing.
void RegisterAllOps(OpRegistry& registry);

}  // namespace lockstep::ops
