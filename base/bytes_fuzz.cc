// SPDX-License-Identifier: Apache-2.0
// The first byte of the input chooses what is read next from the rest, over and over: no read goes
// beyond the end, and a failed one leaves its place.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace lockstep {
namespace {

bool ReadOne(ByteReader* reader, uint8_t what) {
  switch (what % 8) {
    case 0:
      return reader->U8().ok();
    case 1:
      return reader->U16().ok();
    case 2:
      return reader->U32().ok();
    case 3:
      return reader->U64().ok();
    case 4:
      return reader->I64().ok();
    case 5:
      return reader->F64().ok();
    case 6:
      return reader->String().ok();
    default:
      return reader->Raw(what).ok();
  }
}

}  // namespace
}  // namespace lockstep

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lockstep::ByteReader reader({reinterpret_cast<const char*>(data), size}, "input");
  while (reader.remaining() > 0) {
    const uint8_t what = *reader.U8();
    const size_t before = reader.position();
    if (!lockstep::ReadOne(&reader, what)) {
      CHECK_EQ(reader.position(), before);
      break;
    }
    CHECK_LE(reader.position(), size);
  }
  return 0;
}
