#include "storage/object_store.h"

#include "core/utf8.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay::storage {

Status check_object_key(std::string_view key) {
  const auto refuse = [&](std::string_view why) {
    return invalid_input(fmt::format("no object can have the key \"{}\": {}", key, why));
  };
  if (key.empty()) return invalid_input("an object has a key, and this one is empty");
  if (key.size() > kMaxObjectKey.count()) {
    return invalid_input(fmt::format("an object's key of {} bytes, but the most is {}", key.size(),
                                     kMaxObjectKey.count()));
  }
  const bool has_control_character = std::ranges::any_of(key, [](char character) {
    const auto value = static_cast<unsigned char>(character);
    return value < 0x20 || value == 0x7F;
  });
  // Not shown: it could drive a terminal.
  if (has_control_character) return invalid_input("an object's key holds a control character");
  // S3 and GCS have no others, and a list of objects is JSON.
  if (!is_utf8(key)) return invalid_input("an object's key is not UTF-8");
  for (std::string_view rest = key; true;) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty()) return refuse("it has an empty part");
    if (part == "." || part == "..") return refuse("a part is . or ..");
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace assay::storage
