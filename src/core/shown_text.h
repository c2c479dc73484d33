/// \file
/// Text of outside origin, made fit for a message.

#pragma once

#include <string>
#include <string_view>

namespace assay {

/// In quotes, with control characters escaped, so that a cell cannot steer a terminal; the start
/// alone when it is long.
std::string shown_text(std::string_view text);

}  // namespace assay
