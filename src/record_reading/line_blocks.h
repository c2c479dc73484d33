/// \file
/// Whole lines of a file, a block of them at a time.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "record_reading/history_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::record_reading {

/// Lines that end in LF, the last of a file perhaps not; json::LineScan::kPadding bytes are
/// readable behind them.
struct LineBlock {
  std::vector<char> bytes;
  std::size_t begin = 0;  ///< Of the lines, within `bytes`.
  std::size_t size = 0;   ///< Of the lines.
  /// Where the first line begins in the uncompressed file.
  std::uint64_t offset = 0;
  /// Lines over json::kMaxLineSize that were left out before it.
  std::uint64_t num_too_long = 0;

  std::string_view text() const { return {bytes.data() + begin, size}; }
};

/// Call `on_line` for each line of `text`, without its LF.
template <typename OnLine>
void for_each_line(std::string_view text, const OnLine& on_line) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    on_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// Bytes from first to last.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Fill `into`; fewer bytes come back only at the end. Errors: those of File::read_at(),
  /// kCorrupt.
  virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
};

/// The first `size` bytes of an open file, by the name in `path` uncompressed; from `begin` on,
/// which is 0 for a compressed one.
std::unique_ptr<ByteStream> history_stream(std::shared_ptr<const files::File> file, ByteCount size,
                                           const std::filesystem::path& path,
                                           std::uint64_t begin = 0);
/// The same of all that is there now. Errors: those of FileSystem::open().
Result<std::unique_ptr<ByteStream>> open_history_stream(files::FileSystem& file_system,
                                                        const std::filesystem::path& path);

/// Threads: one thread at a time.
class LineBlocks {
 public:
  explicit LineBlocks(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  /// Read the next lines into `block`; false at the end. Errors: those of ByteStream::read().
  Result<bool> next(LineBlock& block);

 private:
  std::unique_ptr<ByteStream> stream_;
  std::string rest_;  // of a line whose end is in the next block
  std::uint64_t offset_ = 0;
  bool is_skipping_ = false;  // within a line that is too long
};

/// A part of an uncompressed file, of which several threads read one each. It should still be in a
/// core's own cache (1 MiB or more) when its lines are read, beside what the reader itself needs.
inline constexpr std::uint64_t kFilePart = std::uint64_t{256} << 10;

/// Read the lines that begin in the part from `begin` on, of a file that has `file_size` bytes; all
/// parts together hold what LineBlocks gives. Threads: safe from any thread.
/// Errors: those of File::read_at().
Status read_file_part(const files::File& file, std::uint64_t file_size, std::uint64_t begin,
                      LineBlock& block);

}  // namespace assay::record_reading
