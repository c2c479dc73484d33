/// \file
/// The little of XML that S3 answers with: elements without attributes that matter, and entities.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay::storage {

/// Take the next `<name>...</name>` off the front of `xml`, with all before it, and give what is
/// inside. Nothing when there is none; `xml` is then as it was. Elements of the same name do not
/// nest in what S3 writes.
std::optional<std::string_view> take_element(std::string_view& xml, std::string_view name);

/// The text inside an element, with its entities read; nothing for one that is not known.
std::optional<std::string> xml_text(std::string_view inner);

}  // namespace assay::storage
