#include "record_reading/line_blocks.h"

#include "compress/stream.h"
#include "json/line_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace assay::record_reading {
namespace {

constexpr std::size_t kBlockSize = kFilePart;
/// What is read first of a line that goes on behind a part; then ever more.
constexpr std::size_t kLineRest = std::size_t{4} << 10;
constexpr std::size_t kPadding = json::LineScan::kPadding;
constexpr char kLineEnd = '\n';

class FileStream final : public ByteStream {
 public:
  FileStream(std::shared_ptr<const files::File> file, ByteCount size, std::uint64_t begin)
      : file_(std::move(file)), end_(size.count()), offset_(begin) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    into = into.first(std::min<std::uint64_t>(into.size(), end_ - offset_));
    if (into.empty()) return 0;
    ASSIGN_OR_RETURN(const std::size_t size, file_->read_at(offset_, into));
    offset_ += size;
    return size;
  }

 private:
  std::shared_ptr<const files::File> file_;
  std::uint64_t end_;
  std::uint64_t offset_;
};

/// What a compressed file unfolds to.
class CompressedStream final : public ByteStream {
 public:
  CompressedStream(std::unique_ptr<ByteStream> compressed, compress::Format format,
                   std::string name)
      : compressed_(std::move(compressed)), decompressor_(format), name_(std::move(name)) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    std::size_t size = 0;
    while (size < into.size()) {
      if (next_ == unfolded_.size()) {
        if (is_at_end_) break;
        RETURN_IF_ERROR(unfold());
      }
      const std::size_t num_taken = std::min(into.size() - size, unfolded_.size() - next_);
      std::copy_n(unfolded_.begin() + static_cast<std::ptrdiff_t>(next_), num_taken,
                  into.begin() + static_cast<std::ptrdiff_t>(size));
      next_ += num_taken;
      size += num_taken;
    }
    return size;
  }

 private:
  /// Small, since it may unfold to a thousand times as much.
  static constexpr std::size_t kPieceSize = std::size_t{16} << 10;

  Status unfold() {
    unfolded_.clear();
    next_ = 0;
    piece_.resize(kPieceSize);
    ASSIGN_OR_RETURN(const std::size_t size, compressed_->read(piece_));
    is_at_end_ = size < piece_.size();
    const auto keep = [this](std::span<const std::byte> bytes) -> Status {
      unfolded_.insert(unfolded_.end(), bytes.begin(), bytes.end());
      return {};
    };
    RETURN_IF_ERROR(named(decompressor_.write({piece_.data(), size}, keep)));
    if (is_at_end_) RETURN_IF_ERROR(named(decompressor_.finish()));
    return {};
  }

  Status named(Status status) const {
    if (status || status.error().code != ErrorCode::kCorrupt) {
      return with_context(std::move(status), name_);
    }
    Error error = std::move(status.error()).within(name_);
    error.message += "; restore this file from a backup, or move it out of the folder";
    return error;
  }

  std::unique_ptr<ByteStream> compressed_;
  compress::Decompressor decompressor_;
  std::string name_;
  std::vector<std::byte> piece_;
  std::vector<std::byte> unfolded_;
  std::size_t next_ = 0;
  bool is_at_end_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> history_stream(std::shared_ptr<const files::File> file, ByteCount size,
                                           const std::filesystem::path& path, std::uint64_t begin) {
  auto stream = std::make_unique<FileStream>(std::move(file), size, begin);
  const auto format = compress::format_of_name(path.native());
  if (!format) return stream;
  return std::make_unique<CompressedStream>(std::move(stream), *format, path.native());
}

Result<std::unique_ptr<ByteStream>> open_history_stream(files::FileSystem& file_system,
                                                        const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(auto opened, file_system.open(path, files::OpenMode::kRead));
  ASSIGN_OR_RETURN(const ByteCount size, opened->size());
  return history_stream(std::move(opened), size, path);
}

Result<bool> LineBlocks::next(LineBlock& block) {
  block.num_too_long = 0;
  block.begin = 0;
  while (true) {
    block.size = 0;
    const std::size_t capacity = std::max(kBlockSize, 2 * rest_.size());
    if (block.bytes.size() < capacity + kPadding) block.bytes.resize(capacity + kPadding);
    std::ranges::copy(rest_, block.bytes.begin());
    block.size = rest_.size();
    block.offset = offset_;
    const std::size_t num_old = rest_.size();
    rest_.clear();
    const auto free_space = std::span(block.bytes).first(capacity).subspan(num_old);
    ASSIGN_OR_RETURN(const std::size_t num_new, stream_->read(std::as_writable_bytes(free_space)));
    block.size += num_new;
    const bool is_last = num_new < free_space.size();
    if (block.size == 0) return block.num_too_long > 0;

    if (is_skipping_) {
      const std::size_t end = block.text().find(kLineEnd);
      is_skipping_ = end == std::string_view::npos && !is_last;
      const std::size_t num_skipped = std::min(end, block.size - 1) + 1;
      rest_ = block.text().substr(num_skipped);
      offset_ += num_skipped;
      continue;
    }
    if (is_last) {
      offset_ += block.size;
      return true;
    }
    const std::size_t end = block.text().rfind(kLineEnd);
    if (end != std::string_view::npos) {
      rest_ = block.text().substr(end + 1);
      block.size = end + 1;
      offset_ += block.size;
      return true;
    }
    if (block.size > json::kMaxLineSize) {
      ++block.num_too_long;
      is_skipping_ = true;
      offset_ += block.size;
      continue;
    }
    rest_ = block.text();
  }
}

Status read_file_part(const files::File& file, std::uint64_t file_size, std::uint64_t begin,
                      LineBlock& block) {
  block.num_too_long = 0;
  block.begin = 0;
  block.size = 0;
  const std::uint64_t end = std::min(begin + kFilePart, file_size);
  // The byte before tells whether a line begins with the part.
  const std::uint64_t from = begin == 0 ? 0 : begin - 1;
  std::size_t filled = 0;
  const auto read_on = [&](std::size_t count) -> Result<std::string_view> {
    count = static_cast<std::size_t>(std::min<std::uint64_t>(count, file_size - from - filled));
    if (block.bytes.size() < filled + count + kPadding) {
      block.bytes.resize(std::max(filled + count, block.bytes.size() * 2) + kPadding);
    }
    const auto into = std::span(block.bytes).subspan(filled, count);
    ASSIGN_OR_RETURN(const std::size_t size,
                     file.read_at(from + filled, std::as_writable_bytes(into)));
    filled += size;
    return std::string_view(into.data(), size);
  };
  ASSIGN_OR_RETURN(const std::string_view part, read_on(static_cast<std::size_t>(end - from)));
  if (begin > 0) {
    block.begin = std::min(part.find(kLineEnd), part.size() - 1) + 1;
  }
  block.offset = from + block.begin;
  block.size = part.size() - block.begin;
  if (block.size == 0 || part.ends_with(kLineEnd)) return {};
  // The last line goes on into what follows.
  const std::size_t last_line = std::string_view(block.bytes.data(), filled).rfind(kLineEnd) + 1;
  const std::size_t last_begin = std::max(last_line, block.begin);
  std::size_t line_end = std::string_view::npos;
  std::size_t wanted = kLineRest;
  while (line_end == std::string_view::npos && from + filled < file_size &&
         filled - last_begin <= json::kMaxLineSize) {
    ASSIGN_OR_RETURN(const std::string_view more, read_on(wanted));
    wanted *= 2;
    if (more.empty()) break;
    line_end = more.find(kLineEnd);
    block.size += line_end == std::string_view::npos ? more.size() : line_end + 1;
  }
  const bool is_too_long = block.begin + block.size - last_begin > json::kMaxLineSize + 1;
  if (is_too_long) {
    block.size = last_begin - block.begin;
    ++block.num_too_long;
  }
  return {};
}

}  // namespace assay::record_reading
