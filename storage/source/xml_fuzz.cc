// SPDX-License-Identifier: Apache-2.0
// Fuzz target (libFuzzer): any bytes as XML. No tree is deeper or larger than the limits say, and
// every text in it is UTF-8.
#include "base/check.h"
#include "base/utf8.h"
#include "storage/source/source_path.h"
#include "storage/source/xml.h"

namespace {

using lockstep::IsUtf8;
using lockstep::storage::XmlElement;

size_t Count(const XmlElement& element, size_t depth) {
  CHECK(depth <= 32) << depth;
  CHECK(!element.name.empty() && IsUtf8(element.name) && IsUtf8(element.text));
  size_t count = 1;
  for (const XmlElement& child : element.children) count += Count(child, depth + 1);
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto root = lockstep::storage::ParseXml(text, "input", {.most_elements = 1000});
  if (root.ok()) {
    CHECK(Count(*root, 1) <= 1000);
  }
  return 0;
}
