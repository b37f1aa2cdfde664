// SPDX-License-Identifier: Apache-2.0
// Standard error as a person sees it: whole lines, and on a terminal one line that is redrawn.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// Writes by one call of write(2), so that the lines of several processes do not mix. What cannot be
// written is lost, since there is nowhere left to say so.
void WriteToStderr(std::string_view text);

bool StderrIsTerminal();  // false for one that cannot go back in a line (TERM=dumb)

// The width of the terminal as it is now; `otherwise` where there is none or it does not tell.
int StderrColumns(int otherwise);

// What brings the cursor to the begin of an empty line, over whatever stood there: an escape
// sequence, or blanks where NO_COLOR (no-color.org) asks for plain text.
std::string EraseLineText(int columns);

}  // namespace lockstep
