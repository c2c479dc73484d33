#include "storage/xml_scan_internal.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace assay::storage {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

bool append_entity(std::string& out, std::string_view entity) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kNamed = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  for (const auto& [name, character] : kNamed) {
    if (entity != name) continue;
    out += character;
    return true;
  }
  if (!entity.starts_with('#')) return false;
  entity.remove_prefix(1);
  const bool is_hexadecimal = entity.starts_with('x');
  if (is_hexadecimal) entity.remove_prefix(1);
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(entity.data(), entity.data() + entity.size(), code, is_hexadecimal ? 16 : 10);
  if (error != std::errc{} || end != entity.data() + entity.size() || code > 0x10FFFF) return false;
  append_utf8(out, code);
  return true;
}

}  // namespace

std::optional<std::string_view> take_element(std::string_view& xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::string close = "</" + std::string(name) + ">";
  const std::size_t start = xml.find(open);
  if (start == std::string_view::npos) return std::nullopt;
  const std::size_t end = xml.find(close, start + open.size());
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view inner = xml.substr(start + open.size(), end - start - open.size());
  xml.remove_prefix(end + close.size());
  return inner;
}

std::optional<std::string> xml_text(std::string_view inner) {
  std::string out;
  while (!inner.empty()) {
    const std::size_t ampersand = inner.find('&');
    out += inner.substr(0, ampersand);
    if (ampersand == std::string_view::npos) break;
    const std::size_t semicolon = inner.find(';', ampersand);
    if (semicolon == std::string_view::npos) return std::nullopt;
    if (!append_entity(out, inner.substr(ampersand + 1, semicolon - ampersand - 1)))
      return std::nullopt;
    inner.remove_prefix(semicolon + 1);
  }
  return out;
}

}  // namespace assay::storage
