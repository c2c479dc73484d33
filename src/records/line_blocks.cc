#include "json/line_scan.h"
#include "records/line_blocks_internal.h"

#include <algorithm>
#include <cstring>

namespace assay::records {
namespace {

constexpr std::size_t kBlockSize = std::size_t{4} << 20;
constexpr char kLineEnd = '\n';

class FileStream final : public ByteStream {
 public:
  explicit FileStream(std::unique_ptr<files::File> file) : file_(std::move(file)) {}

  Result<std::size_t> read(std::span<std::byte> into) override {
    ASSIGN_OR_RETURN(const std::size_t size, file_->read_at(offset_, into));
    offset_ += size;
    return size;
  }

 private:
  std::unique_ptr<files::File> file_;
  std::uint64_t offset_ = 0;
};

/// Make room for `size` bytes and the padding, keeping what is there.
void grow(LineBlock& block, std::size_t size) {
  if (block.capacity >= size) return;
  auto larger = std::make_unique_for_overwrite<char[]>(size + json::LineScan::kPadding);
  if (block.size > 0) std::memcpy(larger.get(), block.bytes.get(), block.size);
  std::memset(larger.get() + size, 0, json::LineScan::kPadding);
  block.bytes = std::move(larger);
  block.capacity = size;
}

}  // namespace

Result<std::unique_ptr<ByteStream>> open_history_stream(files::FileSystem& file_system,
                                                        const HistoryFile& file) {
  ASSIGN_OR_RETURN(auto opened, file_system.open(file.path, files::OpenMode::kRead));
  return std::make_unique<FileStream>(std::move(opened));
}

Result<bool> LineBlocks::next(LineBlock& block) {
  block.num_too_long = 0;
  while (true) {
    block.size = 0;
    grow(block, std::max(kBlockSize, 2 * rest_.size()));
    std::ranges::copy(rest_, block.bytes.get());
    block.size = rest_.size();
    block.offset = offset_;
    const std::size_t num_old = rest_.size();
    rest_.clear();
    const std::span free_space(block.bytes.get() + num_old, block.capacity - num_old);
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

}  // namespace assay::records
