// SPDX-License-Identifier: Apache-2.0
#include "base/dtype.h"

#include <string>

namespace lockstep {
namespace {

struct Info {
  DType dtype;
  std::string_view name;
  int64_t size;
};

constexpr Info kInfos[] = {
    {DType::kFloat32, "f32", 4}, {DType::kFloat64, "f64", 8}, {DType::kInt32, "i32", 4},
    {DType::kInt64, "i64", 8},   {DType::kUInt8, "u8", 1},
};

}  // namespace

std::string_view DTypeName(DType dtype) { return kInfos[static_cast<int>(dtype)].name; }
int64_t SizeOf(DType dtype) { return kInfos[static_cast<int>(dtype)].size; }

Result<DType> ParseDType(std::string_view name) {
  for (const Info& info : kInfos) {
    if (info.name == name) return info.dtype;
  }
  return InvalidArgument("unknown element type '" + std::string(name) +
                         "'; expected one of f32, f64, i32, i64, u8");
}

std::ostream& operator<<(std::ostream& out, DType dtype) { return out << DTypeName(dtype); }

}  // namespace lockstep
