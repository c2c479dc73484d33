#include "core/check.h"
#include "core/crc32c.h"
#include "embedding_store/little_endian.h"
#include "embedding_store/slot_file_internal.h"
#include "files/atomic_file.h"
#include "files/brief_lock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace assay::embedding_store {
namespace {

namespace fs = std::filesystem;

// Persisted: never changed.
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderSize = 64;
constexpr std::size_t kGenerationOffset = 16;
constexpr std::size_t kChecksumOffset = 60;
constexpr std::size_t kSlotPrefixSize = 8;

// Reading in pieces of this size costs no more than in one; the slots are checked while still warm.
constexpr std::size_t kPieceSize = std::size_t{1} << 20;

std::optional<Slot> checked(std::uint64_t number, std::span<const std::byte> bytes) {
  if (load_u32(bytes) != crc32c(bytes.subspan(4))) return std::nullopt;
  return Slot{.number = number,
              .kind = load_u32(bytes.subspan(4)),
              .payload = bytes.subspan(kSlotPrefixSize)};
}

}  // namespace

SlotFile::SlotFile(files::FileSystem& file_system, fs::path path, const SlotFileFormat& format,
                   RandomSource& random, const SlotFileOptions& options)
    : file_system_(&file_system),
      path_(std::move(path)),
      format_(format),
      random_(&random),
      options_(options) {}

std::size_t SlotFile::slot_size() const { return kSlotPrefixSize + format_.payload_size; }

std::uint64_t SlotFile::offset_of(std::uint64_t slot) const {
  return kHeaderSize + slot * slot_size();
}

Result<SlotFile> SlotFile::open(files::FileSystem& file_system, fs::path path,
                                const SlotFileFormat& format, RandomSource& random,
                                const SlotFileOptions& options) {
  SlotFile file(file_system, std::move(path), format, random, options);
  if (options.read_only) {
    RETURN_IF_ERROR(file.open_current());
    return file;
  }
  RETURN_IF_ERROR(file_system.create_folders(file.path_.parent_path()));
  // Locked, so that of two who come first one makes the file.
  ASSIGN_OR_RETURN(const Writing writing, file.begin_writing());
  return file;
}

Result<SlotFile::Writing> SlotFile::begin_writing() {
  CHECK(!options_.read_only, "a file that is only read is not written");
  if (is_broken_) {
    return unavailable(fmt::format("{}: an earlier sync failed; open it again", path_.native()));
  }
  // Beside the file, because a rewrite replaces that.
  fs::path lock_path = path_;
  lock_path += ".lock";
  Writing writing;
  ASSIGN_OR_RETURN(writing.lock,
                   files::wait_for_lock(*file_system_, lock_path, options_.lock_patience));
  ASSIGN_OR_RETURN(writing.is_replaced, open_current());
  return writing;
}

// Opened anew each time: another process may have put a rewritten file in its place.
Result<bool> SlotFile::open_current() {
  const auto mode = options_.read_only ? files::OpenMode::kRead : files::OpenMode::kAppend;
  ASSIGN_OR_RETURN(auto file, file_system_->open(path_, mode));
  std::array<std::byte, kHeaderSize> header{};
  ASSIGN_OR_RETURN(const std::size_t size, file->read_at(0, header));
  const auto bytes = std::span<const std::byte>(header);
  const bool is_sound = size == kHeaderSize && load_u32(bytes.subspan(kChecksumOffset)) ==
                                                   crc32c(bytes.first(kChecksumOffset));
  if (!is_sound) {
    ASSIGN_OR_RETURN(const ByteCount file_size, file->size());
    // Slots follow only a header that was synced, so this one was being made, or is something else.
    const bool is_ours = std::ranges::all_of(bytes.first(std::min(size, format_.magic.size())),
                                             [](std::byte byte) { return byte == std::byte{0}; }) ||
                         as_text(bytes).starts_with(std::string_view(
                             format_.magic.data(), std::min(size, format_.magic.size())));
    if (!is_ours) {
      return invalid_input(
          fmt::format("{}: this is not {}; move it away", path_.native(), format_.description));
    }
    if (file_size.count() > kHeaderSize) {
      return corrupt(fmt::format("{}: the header of {} is damaged; remove the file and run again",
                                 path_.native(), format_.description));
    }
    file_ = std::move(file);
    if (!options_.read_only) RETURN_IF_ERROR(start());
    return true;
  }
  if (!as_text(bytes).starts_with(std::string_view(format_.magic.data(), format_.magic.size())) ||
      load_u32(bytes.subspan(8)) != kVersion ||
      load_u32(bytes.subspan(12)) != format_.payload_size) {
    return invalid_input(
        fmt::format("{}: this is not {} of version {} with records of {} bytes; move it away",
                    path_.native(), format_.description, kVersion, format_.payload_size));
  }
  SlotFileGeneration generation{};
  std::memcpy(generation.data(), header.data() + kGenerationOffset, generation.size());
  const bool is_replaced = file_ == nullptr || generation != generation_;
  if (is_replaced) {
    file_ = std::move(file);
    generation_ = generation;
    counts_ = {};
    // The name too: the one who made the file may have died before syncing the folder.
    if (!options_.read_only) RETURN_IF_ERROR(file_system_->sync_folder(path_.parent_path()));
  }
  return is_replaced;
}

std::string SlotFile::new_header() const {
  std::string header(format_.magic.data(), format_.magic.size());
  append_u32(header, kVersion);
  append_u32(header, format_.payload_size);
  static_assert(std::tuple_size_v<SlotFileGeneration> == 16);
  append_u64(header, random_->next());
  append_u64(header, random_->next());
  header.resize(kChecksumOffset, '\0');
  append_u32(header, crc32c(as_bytes(header)));
  return header;
}

// On disk, by content and name, before any slot: whatever stands behind a header is a slot.
Status SlotFile::start() {
  RETURN_IF_ERROR(file_->truncate(ByteCount(0)));
  const std::string header = new_header();
  RETURN_IF_ERROR(file_->append(as_bytes(header)));
  RETURN_IF_ERROR(file_->sync());
  std::memcpy(generation_.data(), header.data() + kGenerationOffset, generation_.size());
  counts_ = {};
  return file_system_->sync_folder(path_.parent_path());
}

Result<std::uint64_t> SlotFile::num_slots_on_disk() const {
  ASSIGN_OR_RETURN(const ByteCount size, file_->size());
  return size.count() < kHeaderSize ? 0 : (size.count() - kHeaderSize) / slot_size();
}

Status SlotFile::refresh(const OnSlot& on_slot) { return scan(on_slot, counts_); }

Result<SlotFileCounts> SlotFile::scan_all(const OnSlot& on_slot) const {
  SlotFileCounts counts;
  RETURN_IF_ERROR(scan(on_slot, counts));
  return counts;
}

Status SlotFile::scan(const OnSlot& on_slot, SlotFileCounts& counts) const {
  ASSIGN_OR_RETURN(const std::uint64_t end, num_slots_on_disk());
  std::vector<std::byte> piece(std::max<std::size_t>(1, kPieceSize / slot_size()) * slot_size());
  std::uint64_t num_bad = 0;
  for (std::uint64_t slot = counts.num_slots; slot < end;) {
    const std::size_t wanted = std::min<std::uint64_t>(piece.size(), (end - slot) * slot_size());
    ASSIGN_OR_RETURN(const std::size_t size,
                     file_->read_at(offset_of(slot), std::span(piece).first(wanted)));
    if (size < slot_size()) break;  // cut meanwhile by a writer
    for (std::size_t at = 0; at + slot_size() <= size; at += slot_size(), ++slot) {
      const auto sound = checked(slot, std::span<const std::byte>(piece).subspan(at, slot_size()));
      if (!sound) {
        ++num_bad;
        continue;
      }
      on_slot(*sound);
      counts.num_damaged += std::exchange(num_bad, 0);
      counts.num_slots = slot + 1;
    }
  }
  return {};
}

Status SlotFile::cut_torn_tail() {
  ASSIGN_OR_RETURN(const ByteCount size, file_->size());
  const ByteCount end(offset_of(counts_.num_slots));
  if (size <= end) return {};
  RETURN_IF_ERROR(file_->truncate(end));
  counts_.torn_tail += size - end;
  return {};
}

void SlotFile::append_slot(std::string& bytes, const NewSlot& slot) const {
  CHECK(slot.payload.size() == format_.payload_size, "a slot has the size that the header names");
  const std::size_t start = bytes.size();
  append_u32(bytes, 0);
  append_u32(bytes, slot.kind);
  bytes += as_text(slot.payload);
  store_u32(std::as_writable_bytes(std::span(bytes).subspan(start)),
            crc32c(as_bytes(std::string_view(bytes).substr(start + 4))));
}

Result<std::uint64_t> SlotFile::append(std::span<const NewSlot> slots) {
  std::string bytes;
  bytes.reserve(slots.size() * slot_size());
  for (const NewSlot& slot : slots) append_slot(bytes, slot);
  auto written = file_->append(as_bytes(bytes));
  if (!written) {
    // What stays when this fails too is a torn tail, or sound slots that nobody was promised.
    static_cast<void>(file_->truncate(ByteCount(offset_of(counts_.num_slots))));
    return written.error();
  }
  return std::exchange(counts_.num_slots, counts_.num_slots + slots.size());
}

Status SlotFile::sync() {
  auto synced = file_->sync();
  // The kernel may now believe the lost pages clean, so that a second sync would lie.
  if (!synced) is_broken_ = true;
  return synced;
}

Result<SlotFileCounts> SlotFile::rewrite(const std::function<bool(const Slot&)>& keep) {
  ASSIGN_OR_RETURN(auto target, files::AtomicFile::create(*file_system_, path_));
  Status status = target.write(new_header());
  ASSIGN_OR_RETURN(const SlotFileCounts counts, scan_all([&](const Slot& slot) {
                     if (!status || !keep(slot)) return;
                     std::string bytes;
                     append_slot(bytes, {.kind = slot.kind, .payload = slot.payload});
                     status = target.write(bytes);
                   }));
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(target.commit());
  ASSIGN_OR_RETURN(const bool is_replaced, open_current());
  CHECK(is_replaced, "a rewritten file has a generation of its own");
  return counts;
}

Result<bool> SlotFile::read(std::uint64_t number, std::span<std::byte> into) const {
  std::vector<std::byte> bytes(slot_size());
  ASSIGN_OR_RETURN(const std::size_t size, file_->read_at(offset_of(number), bytes));
  if (size < bytes.size()) return false;
  const auto slot = checked(number, bytes);
  if (!slot) return false;
  std::ranges::copy(slot->payload, into.begin());
  return true;
}

}  // namespace assay::embedding_store
