#include "archives/zip_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

// The end of a zip is looked for from the back: a record of 22 bytes, followed by a comment of up
// to 64 KiB that may hold anything. Before it stands the directory, or, in zip64, first a locator
// of 20 bytes and before that a record of at least 56 bytes with the numbers that do not fit.

namespace assay::archives {
namespace {

constexpr std::string_view kEndSignature = "PK\5\6";
constexpr std::uint32_t kZip64LocatorSignature = 0x07064b50;
constexpr std::uint32_t kZip64EndSignature = 0x06064b50;
constexpr std::uint64_t kEndSize = 22;
constexpr std::uint64_t kZip64LocatorSize = 20;
constexpr std::uint64_t kZip64EndSize = 56;
constexpr std::uint64_t kMaxCommentSize = 0xffff;

/// The last bytes of a source.
struct Tail {
  std::uint64_t offset = 0;
  std::vector<std::byte> bytes;
};

Result<Tail> read_tail(const files::ByteSource& source) {
  const std::uint64_t size = source.size().count();
  const std::uint64_t length = std::min(size, kEndSize + kMaxCommentSize);
  Tail tail{.offset = size - length,
            .bytes = std::vector<std::byte>(static_cast<std::size_t>(length))};
  ASSIGN_OR_RETURN(const std::size_t num_read, source.read_at(tail.offset, tail.bytes));
  if (num_read != tail.bytes.size()) {
    return unavailable(fmt::format("{} became shorter while it was read", source.name()));
  }
  return tail;
}

/// Where the record begins within the tail: the last one whose comment reaches to the end, else the
/// last one at all, behind which somebody has appended something.
std::optional<std::size_t> find_end_record(std::span<const std::byte> tail) {
  std::optional<std::size_t> found;
  const std::string_view text = as_text(tail);
  std::size_t at = text.rfind(kEndSignature);
  while (at != std::string_view::npos) {
    if (at + kEndSize <= tail.size()) {
      const auto comment_size = number_at<std::uint16_t>(tail, at + 20);
      if (at + kEndSize + comment_size == tail.size()) return at;
      if (!found) found = at;
    }
    if (at == 0) break;
    at = text.rfind(kEndSignature, at - 1);
  }
  return found;
}

Error no_zip(const files::ByteSource& source) {
  std::array<std::byte, 4> start{};
  const auto num_read = source.read_at(0, start);
  if (num_read && *num_read == start.size() &&
      number_at<std::uint32_t>(start, 0) == kLocalSignature) {
    return corrupt(fmt::format(
        "{} is a zip that was cut off: its directory is missing; copy it again", source.name()));
  }
  return invalid_input(
      fmt::format("{} is not a zip: it has no directory at its end", source.name()));
}

Error split_zip(const files::ByteSource& source) {
  return invalid_input(fmt::format(
      "{} is one part of a split zip; join the parts first, with `zip -s 0`", source.name()));
}

/// Read the zip64 record that a locator before `end_offset` points to; nothing when there is none.
/// Gives its own offset and bytes. With bytes before the archive it is not where the locator says
/// but right before it.
struct Zip64End {
  std::uint64_t offset = 0;
  std::array<std::byte, kZip64EndSize> bytes{};
};
Result<std::optional<Zip64End>> read_zip64_end(const files::ByteSource& source,
                                               std::uint64_t end_offset) {
  if (end_offset < kZip64LocatorSize + kZip64EndSize) return std::optional<Zip64End>();
  const std::uint64_t locator_offset = end_offset - kZip64LocatorSize;
  std::array<std::byte, kZip64LocatorSize> locator{};
  ASSIGN_OR_RETURN(std::size_t num_read, source.read_at(locator_offset, locator));
  if (num_read != locator.size() ||
      number_at<std::uint32_t>(locator, 0) != kZip64LocatorSignature) {
    return std::optional<Zip64End>();
  }
  if (number_at<std::uint32_t>(locator, 16) > 1) return split_zip(source);
  for (const std::uint64_t offset :
       {number_at<std::uint64_t>(locator, 8), locator_offset - kZip64EndSize}) {
    if (offset > locator_offset - kZip64EndSize) continue;
    Zip64End end{.offset = offset};
    ASSIGN_OR_RETURN(num_read, source.read_at(offset, end.bytes));
    if (num_read == end.bytes.size() &&
        number_at<std::uint32_t>(end.bytes, 0) == kZip64EndSignature) {
      return std::optional(end);
    }
  }
  return corrupt(fmt::format("{}: the zip64 record of its directory is not where it should be",
                             source.name()));
}

/// Where the directory begins and what its offsets are counted from. It stands right before the
/// end, unless somebody has put something between: then its own offset counts.
Status place_directory(const files::ByteSource& source, std::uint64_t end_of_directory,
                       std::uint64_t said_offset, ZipEnd& end) {
  const auto is_directory_at = [&](std::uint64_t offset) -> Result<bool> {
    std::array<std::byte, 4> start{};
    ASSIGN_OR_RETURN(const std::size_t num_read, source.read_at(offset, start));
    return num_read == start.size() && number_at<std::uint32_t>(start, 0) == kRecordSignature;
  };
  const auto broken = [&] {
    return corrupt(fmt::format("{}: its directory is not where it should be; copy the zip again",
                               source.name()));
  };
  if (end.directory_size > end_of_directory) return broken();
  const std::uint64_t before_end = end_of_directory - end.directory_size;
  end.directory_offset = before_end;
  if (end.directory_size == 0) return {};
  ASSIGN_OR_RETURN(const bool is_before_end, is_directory_at(before_end));
  if (is_before_end && said_offset <= before_end) {
    end.prefix_size = before_end - said_offset;
    // Nobody puts exactly 4 GiB before an archive.
    end.is_offset_modulo =
        end.is_count_modulo && end.prefix_size > 0 && end.prefix_size % kModulus32 == 0;
    if (end.is_offset_modulo) end.prefix_size = 0;
    return {};
  }
  if (said_offset > before_end) return broken();
  ASSIGN_OR_RETURN(const bool is_where_said, is_directory_at(said_offset));
  if (!is_where_said) return broken();
  end.directory_offset = said_offset;
  return {};
}

}  // namespace

Result<ZipEnd> find_zip_end(const files::ByteSource& source) {
  ASSIGN_OR_RETURN(const Tail tail, read_tail(source));
  const auto found = find_end_record(tail.bytes);
  if (!found) return no_zip(source);
  const auto record = std::span(tail.bytes).subspan(*found, kEndSize);
  std::uint64_t end_of_directory = tail.offset + *found;

  ZipEnd end;
  std::uint32_t disk = number_at<std::uint16_t>(record, 4);
  std::uint32_t directory_disk = number_at<std::uint16_t>(record, 6);
  end.num_entries = number_at<std::uint16_t>(record, 10);
  end.directory_size = number_at<std::uint32_t>(record, 12);
  std::uint64_t said_offset = number_at<std::uint32_t>(record, 16);

  ASSIGN_OR_RETURN(const auto zip64, read_zip64_end(source, end_of_directory));
  if (zip64) {
    const std::span<const std::byte> wide = zip64->bytes;
    end_of_directory = zip64->offset;
    end.is_count_modulo = false;
    // Only what did not fit is taken from there.
    if (disk == kSaturated16) disk = number_at<std::uint32_t>(wide, 16);
    if (directory_disk == kSaturated16) directory_disk = number_at<std::uint32_t>(wide, 20);
    if (end.num_entries == kSaturated16) end.num_entries = number_at<std::uint64_t>(wide, 32);
    if (end.directory_size == kSaturated32) end.directory_size = number_at<std::uint64_t>(wide, 40);
    if (said_offset == kSaturated32) said_offset = number_at<std::uint64_t>(wide, 48);
  }
  if (disk != 0 || directory_disk != 0) return split_zip(source);
  RETURN_IF_ERROR(place_directory(source, end_of_directory, said_offset, end));
  return end;
}

}  // namespace assay::archives
