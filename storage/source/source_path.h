// SPDX-License-Identifier: Apache-2.0
// The rules for the names of a source's files, the same for folders and archives, so that the same
// files give the same listing whichever way they come.
#pragma once

#include <string>
#include <string_view>

namespace lockstep::storage {

// A name for messages: control characters and bytes that are not UTF-8 become \xNN.
std::string PrintableName(std::string_view name);

// Whether one part of a path (a name without '/') is hidden: it starts with a dot, or is one of
// __MACOSX, Thumbs.db and desktop.ini, which systems leave beside the files of people.
bool IsHiddenName(std::string_view name);

struct JudgedPath {
  enum class Use { kTaken, kHidden, kRejected };
  Use use = Use::kTaken;
  std::string path;    // as it is listed; where it is rejected, as it is shown
  std::string reason;  // why it is rejected
};

// Parts that are empty or "." are dropped, so "./a//b" is "a/b". The first rule that fits decides:
//   an absolute path, or ".." as a part: rejected; nothing else could be meant than another place
//   a hidden part: hidden
//   not UTF-8; a control character (a newline too); more than 4,095 bytes; no name: rejected
JudgedPath JudgePath(std::string_view raw);

}  // namespace lockstep::storage
