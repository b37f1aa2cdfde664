// SPDX-License-Identifier: Apache-2.0
// A device spec that is read is written and read again as the same; anything else is refused.
#include <cstddef>
#include <cstdint>

#include "base/device/device_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto spec = lockstep::DeviceSpec::FromText(text);
  if (!spec.ok()) return 0;
  const auto again = lockstep::DeviceSpec::FromText(spec->ToText());
  CHECK(again.ok()) << again.status();
  CHECK(*again == *spec) << spec->ToText();
  return 0;
}
