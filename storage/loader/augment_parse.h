// SPDX-License-Identifier: Apache-2.0
// The text of one augmentation, "name:value:key=value", taken apart and its numbers checked.
// Internal to storage/loader.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/loader/augment_kinds.h"

namespace lockstep::storage {

class AugmentCall {
 public:
  // Takes `text` apart; errors of any method are said of "augmentation 'text' (number I)".
  static Result<AugmentCall> Parse(std::string_view text, size_t index);

  const std::string& text() const { return text_; }
  const std::string& name() const { return name_; }
  bool Has(const std::string& key) const { return named_.count(key) > 0; }

  // The options of `kind` as the call gives them, complete; of the struct that lists them.
  template <typename T>
  Result<T> Options(const AugmentKind& kind) const {
    ASSIGN_OR_RETURN(const Attrs options, Given(kind));
    return Unpack<T>(options);
  }
  // The comma-separated finite numbers that `key` was given.
  Result<std::vector<double>> Numbers(const std::string& key, const std::string& text) const;

  Status Error(std::string message) const;

 private:
  Result<Attrs> Given(const AugmentKind& kind) const;
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
