// SPDX-License-Identifier: Apache-2.0
// Standard error as a person sees it: whole lines, and on a terminal one line that is redrawn.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// By one call of write(2), however many processes share the place: their lines do not mix. What
// cannot be written is lost; there is nowhere left to say so.
void WriteToStderr(std::string_view text);

bool StderrIsTerminal();  // one that can go back in a line, so not TERM=dumb

// Of the terminal as it is now; `otherwise` where there is none or it does not tell.
int StderrColumns(int otherwise);

// What brings the cursor to the begin of an empty line, over whatever stood there: an escape
// sequence, or blanks where NO_COLOR (no-color.org) asks for plain text.
std::string EraseLineText(int columns);

}  // namespace lockstep
