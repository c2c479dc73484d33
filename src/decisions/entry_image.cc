#include "decisions/entry_image.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace assay::decisions {

using archives::EntryVerdict;
using archives::SourceEntry;

std::optional<std::size_t> find_entry(const archives::EntrySource& source, std::string_view path) {
  const std::span<const SourceEntry> entries = source.entries();
  const auto same = std::ranges::equal_range(entries, path, {}, &SourceEntry::path);
  if (same.empty()) return std::nullopt;
  auto found = std::ranges::find(same, EntryVerdict::kOk, &SourceEntry::verdict);
  if (found == same.end()) found = same.begin();
  return static_cast<std::size_t>(found - entries.begin());
}

std::expected<images::Image, std::string> decode_entry(const archives::EntrySource& source,
                                                       std::size_t index,
                                                       std::optional<std::int64_t> crc32,
                                                       images::ExifOrientation orientation) {
  const SourceEntry& found = source.entries()[index];
  if (crc32 && found.crc32 && *crc32 != std::int64_t{*found.crc32}) {
    return std::unexpected("changed since the run");
  }
  if (found.verdict != EntryVerdict::kOk) {
    return std::unexpected(std::string(archives::to_text(found.verdict)));
  }
  const images::DecodeOptions decode{.orientation = orientation};
  if (found.size > decode.max_encoded_size) return std::unexpected("too large for an image");
  std::vector<std::byte> encoded(found.size.count());
  const Result<EntryVerdict> verdict = source.read(index, encoded);
  if (!verdict) return std::unexpected(verdict.error().message);
  if (*verdict != EntryVerdict::kOk) {
    return std::unexpected(std::string(archives::to_text(*verdict)));
  }
  auto decoded = images::Decoder().decode(encoded, decode);
  if (!decoded) return std::unexpected(decoded.error().reason);
  return std::move(decoded->image);
}

}  // namespace assay::decisions
