#include "files/journal.h"

#include "files/journal_format_internal.h"
#include "files/journal_reader_internal.h"

#include <fmt/format.h>

#include <utility>

namespace assay::files {
namespace {

namespace fs = std::filesystem;
using journal_format::kHeaderSize;
using journal_format::kMarkSize;
using journal_format::kRecordPrefixSize;

constexpr std::size_t kJournalBufferSize = std::size_t{64} << 10;

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
  JournalReader reader(*file_, path_.native());
  ASSIGN_OR_RETURN(const JournalHeader header, reader.read_header());
  if (header == JournalHeader::kUnfinished) return start();
  synced_ = kHeaderSize;
  while (true) {
    ASSIGN_OR_RETURN(const JournalEntry entry, reader.next());
    if (entry.kind == JournalEntry::Kind::kEnd) break;
    if (entry.kind == JournalEntry::Kind::kBad) {
      RETURN_IF_ERROR(reader.check_that_the_tail_is_torn());
      ASSIGN_OR_RETURN(const ByteCount found, file_->size());
      recovery_.torn_tail = found - ByteCount(reader.position());
      RETURN_IF_ERROR(file_->truncate(ByteCount(reader.position())));
      break;
    }
    if (entry.kind == JournalEntry::Kind::kRecord) {
      RETURN_IF_ERROR(on_record(entry.payload));
      ++recovery_.num_records;
    } else {
      synced_ = reader.position();
    }
  }
  size_ = reader.position();
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
  if (buffer_.size() + kRecordPrefixSize + record.size() > kJournalBufferSize)
    RETURN_IF_ERROR(flush());
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
