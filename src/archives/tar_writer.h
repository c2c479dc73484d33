/// \file
/// Writes a tar (POSIX ustar, with pax headers where ustar is too small); it appears whole or not
/// at all.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/atomic_file.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

namespace assay::archives {

/// Entries are regular files, readable by all, of no owner and of the time 0: the same content
/// gives the same tar. Threads: one thread at a time. Errors: kNoSpace, kDenied, kUnavailable;
/// after one nothing more can be written.
class TarWriter {
 public:
  /// Errors: also kInvalidInput (`target` is a folder).
  static Result<TarWriter> create(files::FileSystem& file_system,
                                  const std::filesystem::path& target);

  /// Add a file that is in memory. Pre: `name` is not empty and holds no NUL.
  Status add(std::string_view name, std::string_view content);

  /// Add a file by the piece: begin(), then write() of exactly `size` bytes together, then add() or
  /// begin() of the next. Pre: the file before is complete.
  Status begin(std::string_view name, ByteCount size);
  /// Pre: no more than what is left of the file.
  Status write(std::string_view piece);

  /// End the tar and publish it. Nothing may follow. Pre: the last file is complete.
  Status finish();

 private:
  explicit TarWriter(files::AtomicFile file) : file_(std::move(file)) {}
  Status write_header(std::string_view name, std::uint64_t size, char type);
  Status pad(std::uint64_t size);

  files::AtomicFile file_;
  std::uint64_t size_ = 0;  // of the file that is being written
  std::uint64_t num_bytes_left_ = 0;
};

}  // namespace assay::archives
