// SPDX-License-Identifier: Apache-2.0
// The text of one augmentation, "name:value:key=value", taken apart. A value is a number, a word,
// or numbers separated by commas. Internal to storage/augment.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/option.h"
#include "base/status.h"
#include "storage/augment/registry.h"

namespace lockstep::storage {

class AugmentCall {
 public:
  // Takes `text` apart; errors of any method are said of "augmentation 'text' (number I)".
  static Result<AugmentCall> Parse(std::string_view text, size_t index);

  const std::string& text() const { return text_; }
  const std::string& name() const { return name_; }

  // The options of `kind` as the call gives them, complete and each allowed.
  Result<Attrs> Options(const AugmentKind& kind) const;

  Status Error(std::string message) const;

 private:
  Status CheckForm(const AugmentKind& kind) const;
  Result<AttrValue> ParseValue(const Option& option, const std::string& text,
                               const std::string& what) const;

  size_t index_ = 0;
  std::string text_;
  std::string name_;
  std::vector<std::string> values_;
  std::map<std::string, std::string> named_;
};

}  // namespace lockstep::storage
