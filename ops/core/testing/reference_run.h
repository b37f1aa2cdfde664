// SPDX-License-Identifier: Apache-2.0
// ReferenceRun: one op, run once by its reference kernel, for tests.
//
//   ReferenceRun run("add");
//   run.In<float>({2}, {1, 2}).In<float>({2}, {3, 4});
//   ASSERT_TRUE(run.Run().ok());
//   EXPECT_THAT(run.Out<float>(0), ElementsAre(4, 6));
#pragma once

#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "base/check.h"
#include "ops/core/registry.h"

namespace lockstep::ops {

class ReferenceRun {
 public:
  explicit ReferenceRun(std::string_view op, Attrs attrs = {}) {
    node_.op = OpRegistry::Global().Find(op);
    CHECK(node_.op != nullptr) << "no op is named " << op;
    node_.attrs = std::move(attrs);
  }

  // Adds an input.
  template <typename T>
  ReferenceRun& In(const Shape& shape, const std::vector<T>& values) {
    CHECK_EQ(shape.elements(), static_cast<int64_t>(values.size()));
    node_.in.push_back({kDTypeOf<T>, shape});
    in_.push_back(Allocate(node_.in.back().bytes()));
    if (!values.empty()) std::memcpy(in_.back(), values.data(), values.size() * sizeof(T));
    return *this;
  }
  // Sets the scope path and step header, for random ops.
  ReferenceRun& At(std::string path, const StepHeader& step) {
    node_.path = std::move(path);
    step_ = step;
    return *this;
  }
  // Makes the output the buffer of the input, as a memory plan may where the op's may_alias says
  // so.
  ReferenceRun& Alias(int input, int output) {
    aliases_.push_back({input, output});
    return *this;
  }

  // Infers, then computes. Outputs and workspace start as bytes 0xff (NaN), so that what a kernel
  // leaves out shows.
  Status Run() {
    ASSIGN_OR_RETURN(node_.out, node_.op->infer(node_.attrs, node_.in));
    for (const TensorType& type : node_.out) out_.push_back(Allocate(type.bytes()));
    for (const auto& [input, output] : aliases_) {
      out_[static_cast<size_t>(output)] = in_[static_cast<size_t>(input)];
    }
    const KernelFamily& reference = *node_.op->kernels.back();
    ASSIGN_OR_RETURN(const std::vector<Candidate> candidates,
                     reference.Candidates(node_, ReferenceCpuSpec()));
    ASSIGN_OR_RETURN(kernel_, reference.Make(node_, candidates[0], nullptr));
    workspace_ = Allocate(candidates[0].workspace_bytes);
    return Again();
  }
  // Computes once more on the same buffers.
  Status Again() {
    const std::vector<const void*> in(in_.begin(), in_.end());
    return kernel_->Run({in, out_, workspace_, &step_}, nullptr);
  }

  template <typename T>
  std::vector<T> Out(size_t i) const {
    CHECK_EQ(node_.out[i].dtype, kDTypeOf<T>);
    const T* values = static_cast<const T*>(out_[i]);
    return {values, values + node_.out[i].shape.elements()};
  }
  const Shape& OutShape(size_t i) const { return node_.out[i].shape; }

 private:
  struct Free {
    void operator()(void* memory) const { ::operator delete (memory, std::align_val_t{64}); }
  };

  // Exactly `bytes` from a 64-byte boundary: the address sanitizer sees an access beyond them.
  void* Allocate(int64_t bytes) {
    const size_t size = static_cast<size_t>(bytes);
    void* memory = ::operator new (size, std::align_val_t{64});
    std::memset(memory, 0xff, size);
    buffers_.emplace_back(memory);
    return memory;
  }

  NodeSpec node_;
  StepHeader step_;
  std::vector<std::pair<int, int>> aliases_;
  std::vector<std::unique_ptr<void, Free>> buffers_;
  std::vector<void*> in_, out_;
  void* workspace_ = nullptr;
  std::unique_ptr<Kernel> kernel_;
};

}  // namespace lockstep::ops
