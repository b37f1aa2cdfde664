// SPDX-License-Identifier: Apache-2.0
#include "tests/oracles/npy.h"

#include <cerrno>
#include <fstream>

#include "base/bytes.h"

namespace lockstep::tests {
namespace {

std::string_view NumpyName(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "<f4";
    case DType::kFloat64:
      return "<f8";
    case DType::kInt32:
      return "<i4";
    case DType::kInt64:
      return "<i8";
    case DType::kUInt8:
      break;
  }
  return "|u1";
}

}  // namespace

Status WriteNpy(const std::string& path, const TensorType& type, const void* data) {
  std::string header =
      "{'descr': '" + std::string(NumpyName(type.dtype)) + "', 'fortran_order': False, 'shape': (";
  for (const int64_t dim : type.shape.dims()) header += std::to_string(dim) + ",";
  header += "), }";
  constexpr size_t kPreamble = 10;  // magic, version, header length
  while ((kPreamble + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  ByteWriter file;
  file.Raw("\x93NUMPY\x01\x00", 8);
  file.U16(static_cast<uint16_t>(header.size()));
  file.Raw(header.data(), header.size());
  file.Raw(data, static_cast<size_t>(type.bytes()));
  std::ofstream out(path, std::ios::binary);
  out << file.bytes() << std::flush;
  return out ? OkStatus() : ErrnoStatus("cannot write '" + path + "'", errno);
}

}  // namespace lockstep::tests
