#include "tables/utf8_scan_internal.h"

#include <cstring>

namespace assay::tables {
namespace {

std::size_t skip_ascii(std::string_view part, std::size_t position) {
  while (position + sizeof(std::uint64_t) <= part.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, part.data() + position, sizeof word);
    if ((word & 0x8080808080808080U) != 0) break;
    position += sizeof word;
  }
  while (position < part.size() && static_cast<std::uint8_t>(part[position]) < 0x80) ++position;
  return position;
}

}  // namespace

std::size_t Utf8Scan::find_wrong_byte(std::string_view part) {
  std::size_t position = 0;
  while (true) {
    if (pending_ == 0) position = skip_ascii(part, position);
    if (position == part.size()) return kNone;
    const auto byte = static_cast<std::uint8_t>(part[position]);
    if (pending_ > 0) {
      if (byte < low_ || byte > high_) return position;
      low_ = 0x80;
      high_ = 0xbf;
      --pending_;
    } else if (byte >= 0xc2 && byte <= 0xdf) {
      pending_ = 1;
    } else if (byte >= 0xe0 && byte <= 0xef) {
      pending_ = 2;
      if (byte == 0xe0) low_ = 0xa0;
      if (byte == 0xed) high_ = 0x9f;
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      pending_ = 3;
      if (byte == 0xf0) low_ = 0x90;
      if (byte == 0xf4) high_ = 0x8f;
    } else {
      return position;
    }
    ++position;
  }
}

}  // namespace assay::tables
