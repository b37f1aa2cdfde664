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

namespace lockstep::storage {

class AugmentCall {
 public:
  // Takes `text` apart; errors of any method are said of "augmentation 'text' (number I)".
  static Result<AugmentCall> Parse(std::string_view text, size_t index);

  const std::string& text() const { return text_; }
  const std::string& name() const { return name_; }
  bool Has(const std::string& key) const { return named_.count(key) > 0; }

  // That there are `count` values without a key and no keys but `keys`; `usage` shows the form.
  Status CheckForm(size_t count, const std::vector<std::string>& keys,
                   std::string_view usage) const;
  // The i-th value without a key, or the value of `key`, as an integer in [least, most].
  Result<int64_t> Integer(size_t i, std::string_view what, int64_t least, int64_t most) const;
  Result<int64_t> Integer(const std::string& key, int64_t least, int64_t most) const;
  // The comma-separated finite numbers of `key`.
  Result<std::vector<double>> Numbers(const std::string& key) const;

  Status Error(std::string message) const;

 private:
  Result<int64_t> ParseInteger(const std::string& value, std::string_view what, int64_t least,
                               int64_t most) const;

  size_t index_ = 0;
  std::string text_;
  std::string name_;
  std::vector<std::string> values_;
  std::map<std::string, std::string> named_;
};

}  // namespace lockstep::storage
