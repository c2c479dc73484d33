#include "tables/page_bytes_internal.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace assay::tables {
namespace {

constexpr std::size_t kReadSize = 256U << 10;
constexpr std::size_t kRemoteReadSize = 4U << 20;
// What is read behind a jump: heads of elements and values, and a few bytes more.
constexpr std::size_t kFirstReadSize = 256;
constexpr std::size_t kReadGrowth = 2;
constexpr std::size_t kReach = 64U << 10;
constexpr std::size_t kWindow = 4 * kReach;
// A shorter literal is read sooner than passed over.
constexpr std::uint64_t kMinPassed = 4096;
// Nobody packs so that copies go to so many places; who makes such a file shall not make us slow.
constexpr std::size_t kMaxHoles = 64;

Error ends_early() { return corrupt("a page whose bytes end early"); }
Error broken_block() { return corrupt("a broken Snappy block"); }

}  // namespace

StoredBytes::StoredBytes(const files::ByteSource& source, std::uint64_t begin, std::uint64_t end)
    : source_(source),
      next_(begin),
      end_(end),
      read_size_(static_cast<std::size_t>(
          std::min<std::uint64_t>(source.is_remote() ? kRemoteReadSize : kReadSize, end - begin))),
      next_size_(read_size_),
      buffer_(make_uncleared_array<std::byte>(read_size_)) {}

Result<std::span<const std::byte>> StoredBytes::peek() {
  if (used_ == filled_ && next_ < end_) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(next_size_, end_ - next_));
    next_size_ = std::min(next_size_ * kReadGrowth, read_size_);
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
    const bool is_direct = !is_remote() && used_ == filled_ && into.size() >= kMinPassed &&
                           into.size() <= end_ - next_;
    if (is_direct) {
      RETURN_IF_ERROR(read_again(next_, into));
      jump(into.size());
      return {};
    }
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
  if (count > buffered) jump(count - buffered);
  return {};
}

// Pre: nothing is in the buffer, or it is used.
void StoredBytes::jump(std::uint64_t count) {
  next_ += count;
  if (!is_remote() && count >= kMinPassed) next_size_ = std::min(kFirstReadSize, read_size_);
}

Status StoredBytes::read_again(std::uint64_t position, std::span<std::byte> into) const {
  ASSIGN_OR_RETURN(const std::size_t count, source_.read_at(position, into));
  return count == into.size() ? Status() : ends_early();
}

UnpackedBytes::UnpackedBytes(StoredBytes& packed)
    : packed_(packed), window_(make_uncleared_array<std::byte>(kWindow)) {}

Status UnpackedBytes::read(std::span<std::byte> into) { return advance(into.size(), into); }

Status UnpackedBytes::skip(std::uint64_t count) { return advance(count, {}); }

bool UnpackedBytes::is_passing(std::uint64_t count) const {
  return !packed_.is_remote() && ready() == 0 && std::min(literal_left_, count) >= kMinPassed;
}

/// Go on by so many bytes, which fill `into` unless that is empty.
Status UnpackedBytes::advance(std::uint64_t count, std::span<std::byte> into) {
  const auto take = [&into](std::uint64_t size) {
    const std::span<std::byte> taken =
        into.first(into.empty() ? 0 : static_cast<std::size_t>(size));
    into = into.subspan(taken.size());
    return taken;
  };
  while (count > 0) {
    if (is_passing(count)) {
      const std::uint64_t passed = std::min(literal_left_, count);
      RETURN_IF_ERROR(pass_literal(passed, take(passed)));
      count -= passed;
      continue;
    }
    if (ready() == 0) RETURN_IF_ERROR(produce());
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(ready(), count));
    const std::span<std::byte> wanted = take(here);
    std::copy_n(window_.get() + used_, wanted.size(), wanted.begin());
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
  const std::size_t distance = filled_ - kept;
  std::size_t moved = distance;  // all before is gone or in its new place
  const auto move_to = [&](std::size_t end) {
    std::memmove(window_.get() + moved - distance, window_.get() + moved, end - moved);
  };
  std::erase_if(holes_, [&](const Hole& hole) { return hole.end <= distance; });
  for (Hole& hole : holes_) {
    const std::size_t begin = std::max(hole.begin, distance);
    move_to(begin);
    moved = hole.end;
    hole = {.begin = begin - distance,
            .end = hole.end - distance,
            .position = hole.position + (begin - hole.begin)};
  }
  move_to(filled_);
  filled_ = kept;
  used_ = kept;
}

// Pre: is_passing(count); `into` has the size `count` or none.
Status UnpackedBytes::pass_literal(std::uint64_t count, std::span<std::byte> into) {
  const auto kept = static_cast<std::size_t>(std::min<std::uint64_t>(count, kReach));
  RETURN_IF_ERROR(into.empty() ? packed_.skip(count) : packed_.read(into));
  make_room(kept);
  const std::size_t end = filled_ + kept;
  holes_.push_back({.begin = filled_, .end = end, .position = packed_.position() - kept});
  filled_ = used_ = end;
  literal_left_ -= count;
  return holes_.size() > kMaxHoles ? fill_holes(0, filled_) : Status();
}

/// Bring what is in the file alone of this part of the window.
Status UnpackedBytes::fill_holes(std::size_t begin, std::size_t end) {
  const auto is_met = [&](const Hole& hole) { return hole.begin < end && begin < hole.end; };
  const auto first = std::ranges::find_if(holes_, is_met);
  if (first == holes_.end()) return {};
  const auto last = std::find_if_not(first, holes_.end(), is_met);
  std::vector<Hole> rest;
  for (auto hole = first; hole != last; ++hole) {
    const std::size_t from = std::max(begin, hole->begin);
    const std::size_t to = std::min(end, hole->end);
    RETURN_IF_ERROR(packed_.read_again(hole->position + (from - hole->begin),
                                       std::span(window_.get() + from, to - from)));
    if (hole->begin < from) rest.push_back({hole->begin, from, hole->position});
    if (to < hole->end) rest.push_back({to, hole->end, hole->position + (to - hole->begin)});
  }
  const auto gap = holes_.erase(first, last);
  holes_.insert(gap, rest.begin(), rest.end());
  return {};
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
  if (!holes_.empty()) {
    const std::size_t begin = filled_ - offset;
    RETURN_IF_ERROR(fill_holes(begin, std::min(begin + length, filled_)));
    if (holes_.size() > kMaxHoles) RETURN_IF_ERROR(fill_holes(0, filled_));
  }
  std::byte* const out = window_.get() + filled_;
  for (std::size_t i = 0; i < length; ++i) out[i] = *(out + i - offset);  // may repeat itself
  filled_ += length;
  return {};
}

}  // namespace assay::tables
