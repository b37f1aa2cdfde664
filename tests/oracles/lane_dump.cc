// SPDX-License-Identifier: Apache-2.0
#include "tests/oracles/lane_dump.h"

#include <fstream>
#include <string_view>

#include "graph/io/tensor_order.h"
#include "storage/checkpoint/safetensors.h"

namespace lockstep::tests {
namespace {

// Gradients in the files' order; everything else as it is.
Status PutInFileOrder(const graph::Program& program, worker::StateTensor* tensor) {
  for (const graph::Parameter& p : program.parameters()) {
    if ("grad:" + p.name != tensor->name) continue;
    tensor->type.shape = p.file_shape;
    const AlignedBuffer memory = std::move(tensor->data);
    ASSIGN_OR_RETURN(tensor->data, AlignedBuffer::Make(memory.size()));
    if (p.type.dtype == DType::kFloat64) {
      graph::ToFileOrder(p, static_cast<const double*>(memory.data()),
                         static_cast<double*>(tensor->data.data()));
    } else {
      graph::ToFileOrder(p, static_cast<const float*>(memory.data()),
                         static_cast<float*>(tensor->data.data()));
    }
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<worker::StateTensor>> RunLane(const graph::Program& program,
                                                 const worker::Executor& executor,
                                                 const std::vector<const void*>& args) {
  const graph::Plan& plan = executor.plan();
  ASSIGN_OR_RETURN(AlignedBuffer arena, AlignedBuffer::Make(static_cast<size_t>(plan.arena_bytes)));
  std::vector<worker::StateTensor> tensors;
  std::vector<void*> results;
  for (const graph::PlanResult& result : plan.results) {
    ASSIGN_OR_RETURN(AlignedBuffer buffer,
                     AlignedBuffer::Make(static_cast<size_t>(result.type.bytes())));
    results.push_back(buffer.data());
    tensors.push_back({result.name, result.type, std::move(buffer)});
  }
  RETURN_IF_ERROR(executor.Run({args, results, arena.data(), {}}, nullptr));
  for (worker::StateTensor& tensor : tensors) {
    RETURN_IF_ERROR(PutInFileOrder(program, &tensor));
  }
  return tensors;
}

Status WriteDump(const std::string& path, const std::vector<worker::StateTensor>& tensors) {
  std::ofstream file(path, std::ios::binary);
  RETURN_IF_ERROR(
      storage::StreamSafetensors(worker::ViewsOf(tensors), {}, [&file](std::string_view piece) {
        file.write(piece.data(), static_cast<std::streamsize>(piece.size()));
        return OkStatus();
      }));
  file.close();
  return file ? OkStatus() : IoError("cannot write '" + path + "'");
}

}  // namespace lockstep::tests
