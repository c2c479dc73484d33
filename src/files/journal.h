/// \file
/// An append-only file of records that survives a kill at any moment. Format:
/// docs/formats/journal.md.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace assay::files {

/// The most one record may hold: more is a bug of the writer, or a broken length.
inline constexpr ByteCount kMaxJournalRecord{std::uint64_t{16} << 20};

/// What opening found.
struct JournalRecovery {
  std::uint64_t num_records = 0;
  /// Bytes that were being written when the last writer died, and were never synced: cut off.
  ByteCount torn_tail;
};

/// Threads: one thread at a time.
/// Errors: kNoSpace, kDenied, kUnavailable; kCorrupt when a record that was once synced does not
///         check, or is gone.
class Journal {
 public:
  /// Called with each record in order; the bytes are valid during the call.
  using OnRecord = std::function<Status(std::span<const std::byte>)>;

  /// Open or make the journal at `path`, lock it, hand every whole record to `on_record`, cut a
  /// torn tail, and sync: what `on_record` saw lasts. Missing parent folders are made.
  /// Errors: also kInvalidInput when the file is not a journal or of a later version (it is left
  /// alone), kUnavailable when it is open already, and whatever `on_record` returns.
  static Result<Journal> open(FileSystem& file_system, const std::filesystem::path& path,
                              const OnRecord& on_record);

  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) = delete;
  /// Hands what is buffered to the operating system, and reports nothing: sync() first.
  ~Journal();

  const JournalRecovery& recovery() const { return recovery_; }

  /// Add a record; buffered until flush() or sync(), or until the buffer is full.
  /// Errors: also kInvalidInput (over kMaxJournalRecord).
  Status append(std::span<const std::byte> record);
  /// Hand everything to the operating system: it survives a kill of the process. When the disk is
  /// full nothing is lost: call again once there is space.
  Status flush();
  /// Return once every record is on disk: it survives a loss of power. After a failed sync the
  /// journal takes nothing more: what is on disk is known only after opening it again.
  Status sync();
  /// Remove the file: its work is done. Nothing may follow.
  Status retire();

 private:
  Journal(FileSystem& file_system, std::filesystem::path path, std::unique_ptr<FileLock> lock,
          std::unique_ptr<File> file);

  Status start();
  Status recover(const OnRecord& on_record);
  Status write_mark();

  FileSystem* file_system_;
  std::filesystem::path path_;
  std::unique_ptr<FileLock> lock_;  // released after file_ is closed
  std::unique_ptr<File> file_;      // null once moved from, broken or retired
  JournalRecovery recovery_;
  std::string buffer_;
  std::uint64_t size_ = 0;    // of the file, without the buffer
  std::uint64_t synced_ = 0;  // a mark says that all before it is on disk
};

}  // namespace assay::files
