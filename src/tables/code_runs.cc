#include "tables/code_runs_internal.h"

#include <algorithm>

namespace assay::tables {
namespace {

Error broken_codes() { return corrupt("a page of codes that ends early or is broken"); }

}  // namespace

Result<std::vector<std::uint32_t>> decode_codes(std::span<const std::byte> bytes,
                                                std::size_t count) {
  std::vector<std::uint32_t> codes;
  codes.reserve(count);
  const auto take = [&](std::size_t num_bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < num_bytes; ++i) {
      value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    }
    bytes = bytes.subspan(num_bytes);
    return value;
  };
  if (bytes.empty()) return broken_codes();
  const auto width = static_cast<std::size_t>(take(1));
  if (width > 32) return broken_codes();
  while (codes.size() < count) {
    std::uint64_t head = 0;
    for (int shift = 0;; shift += 7) {
      if (bytes.empty() || shift > 28) return broken_codes();
      const std::uint64_t byte = take(1);
      head |= (byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) break;
    }
    const std::uint64_t length = head >> 1;
    if (length == 0) return broken_codes();
    if ((head & 1) == 0) {
      const std::size_t num_bytes = (width + 7) / 8;
      if (bytes.size() < num_bytes) return broken_codes();
      const auto code = static_cast<std::uint32_t>(take(num_bytes));
      codes.insert(codes.end(),
                   static_cast<std::size_t>(std::min<std::uint64_t>(length, count - codes.size())),
                   code);
      continue;
    }
    // Groups of eight codes; the last may stand for fewer, and may be cut where nothing is left.
    const std::uint64_t num_bytes = std::min<std::uint64_t>(length * width, bytes.size());
    const std::uint64_t num_codes = width == 0 ? length * 8 : num_bytes * 8 / width;
    if (num_codes == 0) return broken_codes();
    for (std::uint64_t i = 0; i < num_codes && codes.size() < count; ++i) {
      std::uint32_t code = 0;
      for (std::size_t bit = 0; bit < width; ++bit) {
        const std::uint64_t at = (i * width) + bit;
        const auto byte = std::to_integer<std::uint32_t>(bytes[static_cast<std::size_t>(at / 8)]);
        code |= ((byte >> (at % 8)) & 1U) << bit;
      }
      codes.push_back(code);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(num_bytes));
  }
  return codes;
}

}  // namespace assay::tables
