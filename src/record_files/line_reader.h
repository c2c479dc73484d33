/// \file
/// The lines of a file of records, compressed or not.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string_view>

namespace assay::record_files {

/// A longer line is no record; what holds one is left alone.
inline constexpr ByteCount kMaxLine{std::uint64_t{256} << 20};

/// Called with each line in order, without its LF; valid during the call.
using OnLine = std::function<Status(std::string_view line)>;

/// What was read.
struct LinesRead {
  ByteCount size;  ///< Of the file as it lies there.
  std::uint64_t num_lines = 0;
};

/// Read all lines of a file, by its name decompressed; a last line without LF is one too. Memory: a
/// block and the longest line. Errors: kNotFound, kDenied, kUnavailable, kCorrupt (compressed, and
/// broken), kExhausted (a line over kMaxLine), kCancelled, and what `on_line` returns; each names
/// the file.
Result<LinesRead> read_lines(files::FileSystem& file_system, const std::filesystem::path& path,
                             const OnLine& on_line, const std::stop_token& stop);

/// The same of the first `size` bytes of an open file; `path` says whether it is compressed.
/// Errors: as above, but for kNotFound.
Result<LinesRead> read_lines(const files::File& file, ByteCount size,
                             const std::filesystem::path& path, const OnLine& on_line,
                             const std::stop_token& stop);

/// Hand out the content as it is, piece by piece. Errors: as read_lines().
Result<ByteCount> read_blocks(files::FileSystem& file_system, const std::filesystem::path& path,
                              const std::function<Status(std::span<const std::byte>)>& on_block,
                              const std::stop_token& stop);

}  // namespace assay::record_files
