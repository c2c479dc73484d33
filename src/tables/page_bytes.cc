#include "tables/page_bytes_internal.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace assay::tables {
namespace {

constexpr std::size_t kPageReadSize = 256U << 10;
constexpr std::size_t kReach = 64U << 10;
constexpr std::size_t kWindow = 4 * kReach;

Error ends_early() { return corrupt("a page whose bytes end early"); }
Error broken_block() { return corrupt("a broken Snappy block"); }

}  // namespace

StoredBytes::StoredBytes(const files::ByteSource& source, std::uint64_t begin, std::uint64_t end)
    : source_(source),
      next_(begin),
      end_(end),
      buffer_(make_uncleared_array<std::byte>(kPageReadSize)) {}

Result<std::span<const std::byte>> StoredBytes::peek() {
  if (used_ == filled_ && next_ < end_) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(kPageReadSize, end_ - next_));
    used_ = filled_ = 0;
    ASSIGN_OR_RETURN(const std::size_t count,
                     source_.read_at(next_, std::span(buffer_.get(), wanted)));
    if (count == 0) return ends_early();
    filled_ = count;
    next_ += count;
  }
  return std::span<const std::byte>(buffer_.get() + used_, filled_ - used_);
}

Status StoredBytes::read(std::span<std::byte> into) {
  while (!into.empty()) {
    ASSIGN_OR_RETURN(const std::span<const std::byte> here, peek());
    if (here.empty()) return ends_early();
    const std::size_t count = std::min(here.size(), into.size());
    std::memcpy(into.data(), here.data(), count);
    used_ += count;
    into = into.subspan(count);
  }
  return {};
}

Status StoredBytes::skip(std::uint64_t count) {
  if (count > left()) return ends_early();
  const std::uint64_t buffered = std::min<std::uint64_t>(count, filled_ - used_);
  used_ += static_cast<std::size_t>(buffered);
  next_ += count - buffered;
  return {};
}

UnpackedBytes::UnpackedBytes(StoredBytes& packed)
    : packed_(packed), window_(make_uncleared_array<std::byte>(kWindow)) {}

Status UnpackedBytes::read(std::span<std::byte> into) {
  while (!into.empty()) {
    if (ready() == 0) RETURN_IF_ERROR(produce());
    const std::size_t count = std::min(ready(), into.size());
    std::memcpy(into.data(), window_.get() + used_, count);
    used_ += count;
    into = into.subspan(count);
  }
  return {};
}

Status UnpackedBytes::skip(std::uint64_t count) {
  while (count > 0) {
    if (ready() == 0) RETURN_IF_ERROR(produce());
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(ready(), count));
    used_ += here;
    count -= here;
  }
  return {};
}

// Pre: all in the window is used. Afterwards there is something, or an error.
Status UnpackedBytes::produce() {
  if (!has_size_) RETURN_IF_ERROR(read_size());
  while (ready() == 0) {
    if (literal_left_ > 0) {
      RETURN_IF_ERROR(move_literal());
    } else {
      if (packed_.left() == 0) return ends_early();
      RETURN_IF_ERROR(read_element());
    }
  }
  return {};
}

Status UnpackedBytes::read_size() {
  std::array<std::byte, 1> byte;
  for (int i = 0; i < 5; ++i) {
    RETURN_IF_ERROR(packed_.read(byte));
    if ((byte[0] & std::byte{0x80}) == std::byte{0}) {
      has_size_ = true;
      return {};
    }
  }
  return broken_block();
}

Status UnpackedBytes::read_element() {
  constexpr std::size_t kMaxShortLiteral = 60;
  std::array<std::byte, 4> bytes{};
  RETURN_IF_ERROR(packed_.read(std::span(bytes).first(1)));
  const auto tag = std::to_integer<std::uint32_t>(bytes[0]);
  const std::uint32_t kind = tag & 3;
  const auto number = [&](std::size_t num_bytes) -> Result<std::size_t> {
    bytes = {};
    RETURN_IF_ERROR(packed_.read(std::span(bytes).first(num_bytes)));
    std::size_t value = 0;
    for (std::size_t i = 0; i < num_bytes; ++i) {
      value |= std::to_integer<std::size_t>(bytes[i]) << (8 * i);
    }
    return value;
  };
  std::size_t length = (tag >> 2) + 1;
  if (kind == 0) {
    if (length > kMaxShortLiteral) {
      ASSIGN_OR_RETURN(length, number(length - kMaxShortLiteral));
      ++length;
    }
    literal_left_ = length;
    return {};
  }
  ASSIGN_OR_RETURN(std::size_t offset, number(kind == 3 ? 4 : kind));
  if (kind == 1) {
    length = 4 + ((tag >> 2) & 7);
    offset |= static_cast<std::size_t>(tag >> 5) << 8;
  }
  return copy_back(offset, length);
}

// What is behind the used part stays as far as copies reach.
void UnpackedBytes::make_room(std::size_t count) {
  if (filled_ + count <= kWindow) return;
  const std::size_t kept = std::min(filled_, kReach);
  std::memmove(window_.get(), window_.get() + filled_ - kept, kept);
  filled_ = kept;
  used_ = kept;
}

Status UnpackedBytes::move_literal() {
  make_room(kReach);
  ASSIGN_OR_RETURN(const std::span<const std::byte> here, packed_.peek());
  if (here.empty()) return ends_early();
  const auto count = static_cast<std::size_t>(
      std::min<std::uint64_t>({literal_left_, here.size(), kWindow - filled_}));
  std::memcpy(window_.get() + filled_, here.data(), count);
  filled_ += count;
  literal_left_ -= count;
  return packed_.skip(count);
}

Status UnpackedBytes::copy_back(std::size_t offset, std::size_t length) {
  make_room(length);
  if (offset == 0 || offset > filled_) return broken_block();
  std::byte* const out = window_.get() + filled_;
  for (std::size_t i = 0; i < length; ++i) out[i] = *(out + i - offset);  // may repeat itself
  filled_ += length;
  return {};
}

}  // namespace assay::tables
