#include "record_reading/line_blocks.h"

#include "compress/stream.h"
#include "json/line_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace assay::record_reading {
namespace {

/// It should still be in a core's own cache (1 MiB or more) when its lines are read, beside what
/// the reader itself needs.
constexpr std::size_t kBlockSize = std::size_t{256} << 10;
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

}  // namespace assay::record_reading
