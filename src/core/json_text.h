/// \file
/// Text as a JSON string, for the log here and for the writer of module json above.

#pragma once

#include <string>
#include <string_view>

namespace assay {

/// Append `text` with quotes and escapes. Control characters become escapes; bytes that are not
/// UTF-8 become U+FFFD, so that what we print always parses.
void append_json_string(std::string& json, std::string_view text);

}  // namespace assay
