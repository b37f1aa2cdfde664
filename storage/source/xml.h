// SPDX-License-Identifier: Apache-2.0
// ParseXml: the elements of an XML file and their texts, as annotation files hold them (Pascal
// VOC). A document type declaration is refused, and with it every entity that is not of XML itself
// (&amp; &lt; &gt; &quot; &apos; &#233;): nothing is ever fetched, and nothing grows. Attributes,
// comments and processing instructions are passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lockstep::storage {

struct XmlElement {
  std::string name;
  std::string text;  // UTF-8: what stands in it outside of its children, without spaces around it
  int64_t line = 0;  // of the file, from 1
  std::vector<XmlElement> children;  // in order

  // The first child of that name; null where there is none.
  const XmlElement* Child(std::string_view child) const;
};

struct XmlOptions {
  size_t most_bytes = size_t{16} << 20;      // of the file
  size_t most_depth = 32;                    // of elements in elements
  size_t most_elements = size_t{256} << 10;  // in all
};

// The root element. Fails with data-loss, naming `name` and the line, where the text is no
// well-formed XML or beyond a limit.
Result<XmlElement> ParseXml(std::string_view text, const std::string& name,
                            const XmlOptions& options = {});

}  // namespace lockstep::storage
