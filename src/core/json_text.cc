#include "core/json_text.h"

#include "core/utf8.h"

#include <cstddef>

namespace assay {
namespace {

constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";

void append_escape(std::string& json, char character) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (character) {
    case '"':
      json += "\\\"";
      return;
    case '\\':
      json += "\\\\";
      return;
    case '\n':
      json += "\\n";
      return;
    case '\r':
      json += "\\r";
      return;
    case '\t':
      json += "\\t";
      return;
    default:
      json += "\\u00";
      json += kDigits[static_cast<unsigned char>(character) >> 4U];
      json += kDigits[static_cast<unsigned char>(character) & 15U];
  }
}

}  // namespace

void append_json_string(std::string& json, std::string_view text) {
  json += '"';
  std::size_t plain = 0;  // where the run that needs no escape began
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_ascii = byte < 0x80;
    if (is_ascii && byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f) {
      ++i;
      continue;
    }
    const std::size_t size = is_ascii ? 0 : utf8_length(text.substr(i));
    if (size > 0) {
      i += size;
      continue;
    }
    json += text.substr(plain, i - plain);
    if (is_ascii) {
      append_escape(json, text[i]);
    } else {
      json += kReplacementCharacter;
    }
    plain = ++i;
  }
  json += text.substr(plain);
  json += '"';
}

}  // namespace assay
