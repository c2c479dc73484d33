/// \file
/// Names from outside as text that cannot act: for a page, a chart, or a terminal.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace assay::report {

/// Replace what is not for the eye: control characters become their pictures (a line feed becomes
/// U+240A), bytes that are not UTF-8 and characters that turn or hide other text become U+FFFD. The
/// result is one line, and on a terminal it moves no cursor.
std::string visible_text(std::string_view text);

/// The number of characters, each counted as one column: good enough to align a table of names.
/// Pre: `text` is UTF-8, as visible_text() gives it.
std::size_t count_characters(std::string_view text);

/// The same text with at most `max_characters`, its middle replaced by an ellipsis.
/// Pre: `text` is UTF-8; `max_characters` >= 3.
std::string shorten_middle(std::string_view text, std::size_t max_characters);

}  // namespace assay::report
