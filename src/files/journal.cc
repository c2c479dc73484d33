#include "files/journal.h"

#include "files/journal_format_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

// What a crash may leave. Between two syncs the system writes blocks back in any order, so after a
// loss of power the bytes since the last sync may be whole, short, or have holes of zeros with
// whole records behind them. All that is legal there and nothing of it was promised: it is cut at
// its first bad record. Before the last sync a bad record is damage to what was promised, and is
// reported, never cut. The two are told apart by marks: once a sync has succeeded, the next bytes
// written are a mark that holds its own offset and so says "all before me was synced". A bad record
// with a mark behind it is damage; without one it is a torn tail.

namespace assay::files {
namespace {

namespace fs = std::filesystem;
using journal_format::kHeaderSize;
using journal_format::kMarkSize;
using journal_format::kRecordPrefixSize;

constexpr std::size_t kBufferSize = std::size_t{64} << 10;
constexpr std::size_t kReadSize = std::size_t{1} << 20;

// Reads a file forwards through a window that grows to what is asked for.
class Window {
 public:
  explicit Window(const File& file) : file_(&file) {}

  // The bytes from `offset` on: `length` of them, or fewer at the end of the file.
  Result<std::span<const std::byte>> at(std::uint64_t offset, std::size_t length) {
    const bool is_inside = offset >= start_ && offset + length <= start_ + bytes_.size();
    if (!is_inside && !(at_end_ && offset >= start_)) {
      bytes_.resize(std::max(length, kReadSize));
      ASSIGN_OR_RETURN(const std::size_t got, file_->read_at(offset, bytes_));
      at_end_ = got < bytes_.size();
      bytes_.resize(got);
      start_ = offset;
    }
    const auto skipped =
        static_cast<std::size_t>(std::min<std::uint64_t>(offset - start_, bytes_.size()));
    return std::span<const std::byte>(bytes_).subspan(skipped,
                                                      std::min(length, bytes_.size() - skipped));
  }

 private:
  const File* file_;
  std::vector<std::byte> bytes_;
  std::uint64_t start_ = 0;
  bool at_end_ = false;
};

bool is_mark(std::span<const std::byte> bytes, std::uint64_t offset) {
  return bytes.size() >= kMarkSize &&
         std::ranges::equal(bytes.first(kMarkSize), journal_format::mark(offset));
}

// The first mark after `offset`, wherever it begins.
Result<std::optional<std::uint64_t>> find_mark(Window& window, std::uint64_t offset) {
  while (true) {
    ASSIGN_OR_RETURN(const auto bytes, window.at(offset, kReadSize));
    for (std::size_t i = 0; i + kMarkSize <= bytes.size(); ++i) {
      if (bytes[i] != std::byte{0xFF}) continue;
      if (is_mark(bytes.subspan(i), offset + i)) return std::optional(offset + i);
    }
    if (bytes.size() < kReadSize) return std::optional<std::uint64_t>();
    offset += kReadSize - kMarkSize + 1;
  }
}

struct Entry {
  enum class Kind { kRecord, kMark, kEnd, kBad };
  Kind kind = Kind::kBad;
  std::size_t size = 0;  // with its prefix
  std::span<const std::byte> payload = {};
};

Result<Entry> read_entry(Window& window, std::uint64_t offset) {
  ASSIGN_OR_RETURN(const auto prefix, window.at(offset, kMarkSize));
  if (prefix.empty()) return Entry{.kind = Entry::Kind::kEnd};
  if (is_mark(prefix, offset)) return Entry{.kind = Entry::Kind::kMark, .size = kMarkSize};
  if (prefix.size() < kRecordPrefixSize) return Entry{};
  const auto length = journal_format::load<std::uint32_t>(prefix.data());
  if (length > kMaxJournalRecord.count()) return Entry{};
  ASSIGN_OR_RETURN(const auto whole, window.at(offset, kRecordPrefixSize + length));
  if (whole.size() < kRecordPrefixSize + length) return Entry{};
  const auto payload = whole.subspan(kRecordPrefixSize);
  if (!std::ranges::equal(whole.first(kRecordPrefixSize), journal_format::record_prefix(payload))) {
    return Entry{};
  }
  return Entry{.kind = Entry::Kind::kRecord, .size = whole.size(), .payload = payload};
}

// Whether these are all the bytes of a file whose first write, the header, was cut by a crash.
bool is_unfinished_header(std::span<const std::byte> bytes) {
  const auto header = journal_format::header();
  if (bytes.size() > kHeaderSize) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != header[i] && bytes[i] != std::byte{0}) return false;
  }
  return bytes.size() < kHeaderSize || bytes[0] == std::byte{0};
}

}  // namespace

Journal::Journal(FileSystem& file_system, fs::path path, std::unique_ptr<FileLock> lock,
                 std::unique_ptr<File> file)
    : file_system_(&file_system),
      path_(std::move(path)),
      lock_(std::move(lock)),
      file_(std::move(file)) {}

Journal::Journal(Journal&&) noexcept = default;

Journal::~Journal() {
  if (file_ != nullptr) static_cast<void>(flush());
}

Result<Journal> Journal::open(FileSystem& file_system, const fs::path& path,
                              const OnRecord& on_record) {
  RETURN_IF_ERROR(file_system.create_folders(path.parent_path()));
  ASSIGN_OR_RETURN(auto lock, file_system.lock(path));
  ASSIGN_OR_RETURN(auto file, file_system.open(path, OpenMode::kAppend));
  Journal journal(file_system, path, std::move(lock), std::move(file));
  RETURN_IF_ERROR(journal.recover(on_record));
  return journal;
}

// Writes the header of a new journal. It is synced before any record, and the name with it, so that
// whatever stands behind a header was written by a journal.
Status Journal::start() {
  RETURN_IF_ERROR(file_->truncate(ByteCount(0)));
  RETURN_IF_ERROR(file_->append(journal_format::header()));
  RETURN_IF_ERROR(file_->sync());
  size_ = kHeaderSize;
  synced_ = size_;
  return file_system_->sync_folder(path_.parent_path());
}

Status Journal::recover(const OnRecord& on_record) {
  Window window(*file_);
  {
    ASSIGN_OR_RETURN(const auto head, window.at(0, kHeaderSize + 1));
    if (is_unfinished_header(head)) return start();
    const auto header = journal_format::header();
    if (head.size() < kHeaderSize ||
        !std::ranges::equal(head.first(8), std::span(header).first(8))) {
      return invalid_input(
          fmt::format("{} is not a journal of this program; give another path or move it away",
                      path_.native()));
    }
    const auto version = journal_format::load<std::uint32_t>(head.data() + 8);
    if (crc32c(head.first(12)) != journal_format::load<std::uint32_t>(head.data() + 12)) {
      return corrupt(fmt::format("journal {}: the header does not check", path_.native()));
    }
    if (version != journal_format::kVersion) {
      return invalid_input(fmt::format(
          "journal {} has version {}, this program reads version {}; use the program that wrote it",
          path_.native(), version, journal_format::kVersion));
    }
  }
  size_ = kHeaderSize;
  synced_ = kHeaderSize;
  while (true) {
    ASSIGN_OR_RETURN(const Entry entry, read_entry(window, size_));
    if (entry.kind == Entry::Kind::kEnd) break;
    if (entry.kind == Entry::Kind::kBad) {
      ASSIGN_OR_RETURN(const auto later_mark, find_mark(window, size_ + 1));
      if (later_mark) {
        return corrupt(
            fmt::format("journal {}: the record at byte {} is damaged; it was whole "
                        "once, and {} good bytes precede it",
                        path_.native(), size_, size_));
      }
      ASSIGN_OR_RETURN(const ByteCount found, file_->size());
      recovery_.torn_tail = found - ByteCount(size_);
      RETURN_IF_ERROR(file_->truncate(ByteCount(size_)));
      break;
    }
    if (entry.kind == Entry::Kind::kRecord) {
      RETURN_IF_ERROR(on_record(entry.payload));
      ++recovery_.num_records;
    }
    size_ += entry.size;
    if (entry.kind == Entry::Kind::kMark) synced_ = size_;
  }
  // The name too: the one who made the file may have died before syncing the folder.
  RETURN_IF_ERROR(file_system_->sync_folder(path_.parent_path()));
  return sync();
}

Status Journal::append(std::span<const std::byte> record) {
  if (record.size() > kMaxJournalRecord.count()) {
    return invalid_input(fmt::format("journal {}: a record of {}, but the most is {}",
                                     path_.native(), to_string(ByteCount(record.size())),
                                     to_string(kMaxJournalRecord)));
  }
  if (buffer_.size() + kRecordPrefixSize + record.size() > kBufferSize) RETURN_IF_ERROR(flush());
  buffer_ += as_text(journal_format::record_prefix(record));
  buffer_ += as_text(record);
  return {};
}

Status Journal::flush() {
  if (file_ == nullptr) {
    return unavailable(
        fmt::format("journal {}: an earlier write failed; open it again", path_.native()));
  }
  if (buffer_.empty()) return {};
  auto written = file_->append(as_bytes(buffer_));
  if (!written) {
    // A part may be there, and nothing may follow half a record.
    if (!file_->truncate(ByteCount(size_))) file_.reset();
    return written;
  }
  size_ += buffer_.size();
  buffer_.clear();
  return {};
}

Status Journal::sync() {
  RETURN_IF_ERROR(flush());
  if (size_ == synced_) return {};
  auto synced = file_->sync();
  if (!synced) {
    // The kernel may now believe the lost pages clean, so that a second sync would lie.
    file_.reset();
    return synced;
  }
  return write_mark();
}

Status Journal::write_mark() {
  auto written = file_->append(journal_format::mark(size_));
  if (!written) {
    if (!file_->truncate(ByteCount(size_))) file_.reset();
    // The records are on disk; only the proof of it is missing, and the next sync writes one.
    return written.error().code == ErrorCode::kNoSpace ? Status() : written;
  }
  size_ += kMarkSize;
  synced_ = size_;
  return {};
}

Status Journal::retire() {
  file_.reset();
  buffer_.clear();
  auto removed = file_system_->remove(path_);
  lock_.reset();
  RETURN_IF_ERROR(removed);
  return file_system_->sync_folder(path_.parent_path());
}

}  // namespace assay::files
