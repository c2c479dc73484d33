/// \file
/// The step that Python's int() and float() share: digits and blanks of any script become ASCII.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay::python_form {

/// Turn UTF-8 text into what Python's number parsers look at: Unicode decimal digits as 0 to 9,
/// Unicode blanks as a space, and blanks at both ends taken off. Nothing when another character
/// beyond ASCII is there.
std::optional<std::string> to_number_text(std::string_view utf8);

/// Take the underscores out. Nothing when one does not stand between two digits.
std::optional<std::string> without_underscores(std::string_view text);

}  // namespace assay::python_form
