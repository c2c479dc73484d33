/// \file
/// What a response_payload that is JSON text says about its image.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay::audit {

struct PayloadImage {
  std::optional<bool> has_image;         ///< Nothing unless it is a JSON boolean.
  std::optional<std::string> image_uri;  ///< Nothing unless it is JSON text.
};

/// Read has_image of callback_metadata, and image_uri, of a JSON object. Text that is no JSON
/// object says nothing.
PayloadImage read_json_payload(std::string_view text);

}  // namespace assay::audit
