#include "record_files/line_reader.h"

#include "compress/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::record_files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockSize = std::size_t{1} << 20;

/// Cuts what comes in pieces into lines.
class LineCutter {
 public:
  explicit LineCutter(const OnLine& on_line) : on_line_(on_line) {}

  Status add(std::string_view text) {
    while (true) {
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) {
        if (rest_.size() + text.size() > kMaxLine.count()) {
          return exhausted(fmt::format("line {} is longer than {}; this is no file of records",
                                       num_lines_ + 1, to_string(kMaxLine)));
        }
        rest_ += text;
        return {};
      }
      ++num_lines_;
      if (rest_.empty()) {
        RETURN_IF_ERROR(on_line_(text.substr(0, end)));
      } else {
        rest_ += text.substr(0, end);
        RETURN_IF_ERROR(on_line_(rest_));
        rest_.clear();
      }
      text.remove_prefix(end + 1);
    }
  }

  Status finish() {
    if (rest_.empty()) return {};
    ++num_lines_;
    return on_line_(std::exchange(rest_, {}));
  }

  std::uint64_t num_lines() const { return num_lines_; }

 private:
  const OnLine& on_line_;
  std::string rest_;
  std::uint64_t num_lines_ = 0;
};

using OnBlock = std::function<Status(std::span<const std::byte>)>;

Result<ByteCount> read_blocks_of(const files::File& file, std::uint64_t end, const fs::path& path,
                                 const OnBlock& on_block, const std::stop_token& stop) {
  std::vector<std::byte> block(kBlockSize);
  std::uint64_t offset = 0;
  while (true) {
    if (stop.stop_requested()) return cancelled(fmt::format("stopped in {}", path.native()));
    const auto wanted = std::span(block).first(std::min<std::uint64_t>(block.size(), end - offset));
    ASSIGN_OR_RETURN(const std::size_t got, file.read_at(offset, wanted));
    offset += got;
    if (got > 0) RETURN_IF_ERROR(on_block(wanted.first(got)));
    if (got < block.size()) return ByteCount(offset);
  }
}

constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

Result<LinesRead> read_lines_of(const files::File& file, std::uint64_t end, const fs::path& path,
                                const OnLine& on_line, const std::stop_token& stop) {
  LineCutter cutter(on_line);
  const auto format = compress::format_of_name(path.native());
  std::optional<compress::Decompressor> decompressor;
  if (format) decompressor.emplace(*format);
  const compress::OnBytes cut = [&](std::span<const std::byte> bytes) {
    return cutter.add(as_text(bytes));
  };
  auto size = read_blocks_of(
      file, end, path,
      [&](std::span<const std::byte> block) -> Status {
        auto fed = decompressor ? decompressor->write(block, cut) : cut(block);
        return with_context(std::move(fed), path.native());
      },
      stop);
  if (!size) return std::move(size.error());
  if (decompressor) RETURN_IF_ERROR(with_context(decompressor->finish(), path.native()));
  RETURN_IF_ERROR(with_context(cutter.finish(), path.native()));
  return LinesRead{.size = *size, .num_lines = cutter.num_lines()};
}

}  // namespace

Result<ByteCount> read_blocks(files::FileSystem& file_system, const fs::path& path,
                              const std::function<Status(std::span<const std::byte>)>& on_block,
                              const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, files::OpenMode::kRead));
  return read_blocks_of(*file, kToTheEnd, path, on_block, stop);
}

Result<LinesRead> read_lines(files::FileSystem& file_system, const fs::path& path,
                             const OnLine& on_line, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, files::OpenMode::kRead));
  return read_lines_of(*file, kToTheEnd, path, on_line, stop);
}

Result<LinesRead> read_lines(const files::File& file, ByteCount size, const fs::path& path,
                             const OnLine& on_line, const std::stop_token& stop) {
  return read_lines_of(file, size.count(), path, on_line, stop);
}

}  // namespace assay::record_files
