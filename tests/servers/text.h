/// \file
/// Text forms of the protocols that the object server speaks.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace servers {

/// Decode %XX; anything else stays as it is.
std::string percent_decoded(std::string_view text);

/// Encode all but letters, digits and `-._~/`, as S3 does in listings.
std::string percent_encoded(std::string_view text);

/// The decoded value of `name` in a query string; a plus sign means a blank.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// Append `text` as a JSON string with its quotes.
void append_json(std::string& out, std::string_view text);

/// Append `text` with the characters that XML gives a meaning written as entities.
void append_xml(std::string& out, std::string_view text);

}  // namespace servers
