#include "files/journal_format_internal.h"
#include "files/journal_salvage_internal.h"

#include <algorithm>

// How reading finds its place again behind damage: every offset is tried as the beginning of a
// record or a mark, and what has the right checksum is one. Chance bytes have it once in four
// thousand million tries. So that a stretch of noise cannot make this long, a record over
// kMaxUnquestioned is looked at only when something that could be a record or a mark stands behind
// it, and only so many bytes are looked at in such records altogether.
//
// How many records a stretch held: mostly the damage is in the content of a record and the lengths
// still lead from one to the next; then they are counted. Else the stretch can have held at most so
// many as there is room for, and perhaps none, when it is a mark.

namespace assay::files {
namespace {

using journal_format::kHeaderSize;
using journal_format::kMarkSize;
using journal_format::kRecordPrefixSize;
using journal_format::load;
using Bytes = std::span<const std::byte>;

constexpr std::uint64_t kMaxUnquestioned = std::uint64_t{64} << 10;
constexpr std::uint64_t kMaxLooksPerByte = 64;

bool is_mark_at(Bytes bytes, std::size_t offset) {
  return offset + kMarkSize <= bytes.size() &&
         std::ranges::equal(bytes.subspan(offset, kMarkSize), journal_format::mark(offset));
}

// The end that the length at `offset` gives, when there is one.
std::optional<std::size_t> end_by_length(Bytes bytes, std::size_t offset) {
  if (offset + kRecordPrefixSize > bytes.size()) return std::nullopt;
  const std::uint64_t length = load<std::uint32_t>(bytes.data() + offset);
  const std::uint64_t end = offset + kRecordPrefixSize + length;
  if (length > kMaxJournalRecord.count() || end > bytes.size()) return std::nullopt;
  return static_cast<std::size_t>(end);
}

bool is_record(Bytes bytes, std::size_t offset, std::size_t end) {
  const Bytes payload = bytes.subspan(offset + kRecordPrefixSize, end - offset - kRecordPrefixSize);
  return std::ranges::equal(bytes.subspan(offset, kRecordPrefixSize),
                            journal_format::record_prefix(payload));
}

// A record that would be good if it ended there and its length said so.
bool is_record_but_for_its_length(Bytes bytes, std::size_t offset, std::size_t end) {
  if (end < offset + kRecordPrefixSize) return false;
  const Bytes payload = bytes.subspan(offset + kRecordPrefixSize, end - offset - kRecordPrefixSize);
  if (payload.size() > kMaxJournalRecord.count()) return false;
  const auto prefix = journal_format::record_prefix(payload);
  return std::ranges::equal(std::span(prefix).subspan(4), bytes.subspan(offset + 4, 4));
}

class Scan {
 public:
  Scan(Bytes bytes, ByteCount min_record)
      : bytes_(bytes),
        min_size_(kRecordPrefixSize + min_record.count()),
        num_looks_left_(bytes.size() * kMaxLooksPerByte) {}

  SegmentSalvage run() {
    std::size_t position = std::min(kHeaderSize, bytes_.size());
    while (position < bytes_.size()) {
      if (is_mark_at(bytes_, position)) {
        position += kMarkSize;
      } else if (const auto end = end_by_length(bytes_, position);
                 end && is_record(bytes_, position, *end)) {
        take(position, *end);
        position = *end;
      } else {
        const std::size_t next = next_good(position + 1);
        take_stretch(position, next);
        position = next;
      }
    }
    // A header alone that is damaged: perhaps there was more.
    const auto header = journal_format::header();
    const bool is_headed =
        bytes_.size() >= kHeaderSize && std::ranges::equal(bytes_.first(kHeaderSize), header);
    if (!is_headed && found_.records.empty() && found_.stretches.empty()) {
      found_.stretches.push_back({.num_records_before = 0, .num_at_least = 0, .num_at_most = 1});
    }
    return std::move(found_);
  }

 private:
  void take(std::size_t offset, std::size_t end) {
    found_.records.push_back(
        bytes_.subspan(offset + kRecordPrefixSize, end - offset - kRecordPrefixSize));
  }

  void take_stretch(std::size_t offset, std::size_t end) {
    if (is_record_but_for_its_length(bytes_, offset, end)) {
      take(offset, end);
      return;
    }
    DamagedStretch stretch{.num_records_before = found_.records.size()};
    if (const auto count = count_by_lengths(offset, end)) {
      // What ends the file may have been torn off while it was written.
      stretch.num_at_least = end == bytes_.size() ? 0 : *count;
      stretch.num_at_most = *count;
    } else if (!was_mark(offset, end)) {
      stretch.num_at_most = std::max<std::uint64_t>(1, (end - offset) / min_size_);
    }
    found_.stretches.push_back(stretch);
  }

  bool was_mark(std::size_t offset, std::size_t end) const {
    return end - offset == kMarkSize &&
           (load<std::uint32_t>(bytes_.data() + offset) == journal_format::kMarkLength ||
            load<std::uint64_t>(bytes_.data() + offset + 8) == offset);
  }

  std::optional<std::uint64_t> count_by_lengths(std::size_t offset, std::size_t end) const {
    std::uint64_t count = 0;
    while (offset < end) {
      const auto next = end_by_length(bytes_, offset);
      if (!next || *next > end || *next - offset < min_size_) return std::nullopt;
      // Zeros lead on and on.
      if (*next - offset == kRecordPrefixSize) return std::nullopt;
      offset = *next;
      ++count;
    }
    return count;
  }

  // Where the next good record or mark begins, or the end.
  std::size_t next_good(std::size_t offset) {
    for (; offset < bytes_.size(); ++offset) {
      if (bytes_[offset] == std::byte{0xFF} && is_mark_at(bytes_, offset)) return offset;
      const auto end = end_by_length(bytes_, offset);
      if (end && may_be_looked_at(offset, *end) && is_record(bytes_, offset, *end)) return offset;
    }
    return bytes_.size();
  }

  bool may_be_looked_at(std::size_t offset, std::size_t end) {
    const std::uint64_t size = end - offset;
    if (size <= kMaxUnquestioned) return true;
    const bool is_followed =
        end == bytes_.size() || is_mark_at(bytes_, end) || end_by_length(bytes_, end);
    if (!is_followed || size > num_looks_left_) return false;
    num_looks_left_ -= size;
    return true;
  }

  Bytes bytes_;
  std::uint64_t min_size_;
  std::uint64_t num_looks_left_;
  SegmentSalvage found_;
};

}  // namespace

SegmentSalvage salvage_records(Bytes bytes, ByteCount min_record) {
  return Scan(bytes, min_record).run();
}

namespace {

// Losses of which only the sum is known become one.
void join(std::vector<LostRecords>& lost, std::size_t first, std::size_t last) {
  for (std::size_t i = first + 1; i <= last; ++i) {
    lost[first].last_sequence = lost[i].last_sequence;
    lost[first].num_at_least += lost[i].num_at_least;
    lost[first].num_at_most += lost[i].num_at_most;
  }
  lost.erase(lost.begin() + static_cast<std::ptrdiff_t>(first) + 1,
             lost.begin() + static_cast<std::ptrdiff_t>(last) + 1);
}

}  // namespace

NumberedSalvage number_salvage(const SegmentSalvage& found, std::uint64_t first,
                               std::optional<std::uint64_t> next_first) {
  // What is missing beyond the records whose loss is certain, when that is known.
  std::uint64_t num_known = found.records.size();
  std::uint64_t num_room = 0;
  for (const DamagedStretch& stretch : found.stretches) {
    num_known += stretch.num_at_least;
    num_room += stretch.num_at_most - stretch.num_at_least;
  }
  // It may have been the last one when it was first found damaged, and the next one begun behind
  // all that it can have held.
  if (next_first && *next_first - first == num_known + num_room) next_first.reset();
  std::uint64_t num_open = num_room;
  if (next_first) num_open = *next_first - first - std::min(num_known, *next_first - first);
  const bool is_divided = next_first && num_open > 0 && num_open < num_room;

  NumberedSalvage numbered;
  std::uint64_t next = first;
  std::uint64_t num_uncertain = 0;
  std::optional<std::size_t> first_uncertain;
  std::size_t last_uncertain = 0;
  auto record = std::size_t{0};
  const auto number_records_to = [&](std::size_t end) {
    for (; record < end && (!next_first || next < *next_first); ++record) {
      numbered.sequences.push_back(next++);
    }
  };
  for (const DamagedStretch& stretch : found.stretches) {
    number_records_to(stretch.num_records_before);
    const std::uint64_t num_more = std::min(num_open, stretch.num_at_most - stretch.num_at_least);
    num_open -= num_more;
    std::uint64_t num_lost = stretch.num_at_least + num_more;
    if (next_first) num_lost = std::min(num_lost, *next_first - next);
    if (stretch.num_at_least < stretch.num_at_most && is_divided) {
      if (!first_uncertain) first_uncertain = numbered.lost.size();
      last_uncertain = numbered.lost.size();
    } else if (num_lost == 0) {
      continue;
    }
    numbered.lost.push_back({.first_sequence = next_first ? next : next - num_uncertain,
                             .last_sequence = next + num_lost - 1,
                             .num_at_least = next_first ? num_lost : stretch.num_at_least,
                             .num_at_most = num_lost});
    next += num_lost;
    num_uncertain += stretch.num_at_most - stretch.num_at_least;
  }
  number_records_to(found.records.size());
  if (next_first && next < *next_first) {
    numbered.lost.push_back({.first_sequence = next,
                             .last_sequence = *next_first - 1,
                             .num_at_least = *next_first - next,
                             .num_at_most = *next_first - next});
    next = *next_first;
  }
  numbered.last_sequence = next - 1;
  if (first_uncertain) join(numbered.lost, *first_uncertain, last_uncertain);
  return numbered;
}

}  // namespace assay::files
