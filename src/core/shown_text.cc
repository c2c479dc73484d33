#include "core/shown_text.h"

#include "core/json_text.h"

#include <cstddef>

namespace assay {

std::string shown_text(std::string_view text) {
  constexpr std::size_t kMaxShown = 80;
  std::size_t size = text.size();
  if (size > kMaxShown) {
    size = kMaxShown;
    // Not inside a character.
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  }
  std::string shown;
  append_json_string(shown, text.substr(0, size));
  if (size < text.size()) shown += "...";
  return shown;
}

}  // namespace assay
