// SPDX-License-Identifier: Apache-2.0
#include "storage/import/rejections.h"

#include <iterator>
#include <string_view>

#include "storage/source/source_path.h"

namespace lockstep::storage {
namespace {

bool IsLetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A reason without its numbers and names, so that alike reasons are counted together: "'a.jpg' has
// 12 bytes" becomes "'...' has N bytes". A quote within a word is an apostrophe.
std::string KindOfReason(std::string_view reason) {
  std::string kind;
  for (size_t i = 0; i < reason.size(); ++i) {
    const char c = reason[i];
    const bool opens = c == '\'' && (i == 0 || !IsLetterOrDigit(reason[i - 1]));
    size_t end = opens ? reason.find('\'', i + 1) : std::string_view::npos;
    while (end != std::string_view::npos && end + 1 < reason.size() &&
           IsLetterOrDigit(reason[end + 1])) {
      end = reason.find('\'', end + 1);
    }
    const bool digit = c >= '0' && c <= '9';
    if (end != std::string_view::npos) {
      kind += "'...'";
      i = end;
    } else if (!digit) {
      kind.push_back(c);
    } else if (!kind.ends_with('N')) {
      kind.push_back('N');
    }
  }
  return kind;
}

}  // namespace

// Of the kinds the smallest are kept, and of the places: one that went can never be among them
// again, so its count is that of all that came.
void Rejections::Add(const Place& place, const std::string& path, const std::string& reason) {
  ++count_;
  if (listed_.size() < kMostListed || place < listed_.rbegin()->first) {
    listed_.emplace(place, RejectedFile{path, PrintableName(reason)});
    if (listed_.size() > kMostListed) listed_.erase(std::prev(listed_.end()));
  }
  std::string kind = KindOfReason(PrintableName(reason));
  if (kinds_.size() == kMostKinds && kind > kinds_.rbegin()->first) {
    ++others_;
    return;
  }
  ++kinds_[std::move(kind)];
  if (kinds_.size() > kMostKinds) {
    others_ += kinds_.rbegin()->second;
    kinds_.erase(std::prev(kinds_.end()));
  }
}

std::map<std::string, int64_t> Rejections::Kinds() const {
  std::map<std::string, int64_t> kinds = kinds_;
  if (others_ > 0) kinds["other reasons"] += others_;
  return kinds;
}

}  // namespace lockstep::storage
