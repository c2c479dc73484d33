#include "tables/arrow_error_internal.h"
#include "tables/arrow_source_internal.h"
#include "tables/owned_array_internal.h"

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace assay::tables {

namespace {

class SourceFile final : public arrow::io::RandomAccessFile {
 public:
  explicit SourceFile(const files::ByteSource& source) : source_(source) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> GetSize() override {
    return static_cast<std::int64_t>(source_.size().count());
  }
  using arrow::io::RandomAccessFile::ReadAt;
  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t num_bytes,
                                     void* out) override {
    if (position < 0 || num_bytes < 0) return arrow::Status::Invalid("a negative file offset");
    const auto read = source_.read_at(
        static_cast<std::uint64_t>(position),
        std::span(static_cast<std::byte*>(out), static_cast<std::size_t>(num_bytes)));
    if (!read) return to_arrow_status(read.error());
    return static_cast<std::int64_t>(*read);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t num_bytes) override {
    const auto size = static_cast<std::int64_t>(source_.size().count());
    if (position < 0 || num_bytes < 0 || position > size) {
      return arrow::Status::Invalid("an offset beyond the end of the file");
    }
    num_bytes = std::min(num_bytes, size - position);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(num_bytes));
    ARROW_ASSIGN_OR_RAISE(const auto read, ReadAt(position, num_bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read));
    return buffer;
  }
  arrow::Result<std::int64_t> Read(std::int64_t num_bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const auto read, ReadAt(position_, num_bytes, out));
    position_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t num_bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, num_bytes));
    position_ += buffer->size();
    return buffer;
  }

 private:
  const files::ByteSource& source_;
  std::int64_t position_ = 0;
  bool closed_ = false;
};

class ChunkStream final : public arrow::io::InputStream {
 public:
  ChunkStream(const files::ByteSource& source, std::uint64_t begin, std::uint64_t end,
              std::size_t read_size)
      : source_(source), read_size_(read_size), next_(begin), end_(end) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }

  arrow::Result<std::string_view> Peek(std::int64_t num_bytes) override {
    ARROW_RETURN_NOT_OK(fill(num_bytes));
    return std::string_view(
        buffer_.get() + first_,
        std::min(static_cast<std::size_t>(std::max<std::int64_t>(num_bytes, 0)), last_ - first_));
  }
  arrow::Result<std::int64_t> Read(std::int64_t num_bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const auto view, Peek(num_bytes));
    std::memcpy(out, view.data(), view.size());
    consume(view.size());
    return static_cast<std::int64_t>(view.size());
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t num_bytes) override {
    ARROW_ASSIGN_OR_RAISE(const auto view, Peek(num_bytes));
    consume(view.size());
    return std::make_shared<arrow::Buffer>(view);
  }

 private:
  void consume(std::size_t num_bytes) {
    first_ += num_bytes;
    position_ += static_cast<std::int64_t>(num_bytes);
  }

  // Have `num_bytes` in the buffer, or all that is left of the chunk.
  arrow::Status fill(std::int64_t num_bytes) {
    const std::uint64_t left = (last_ - first_) + (end_ - next_);
    const auto wanted = std::min<std::uint64_t>(
        static_cast<std::uint64_t>(std::max<std::int64_t>(num_bytes, 0)), left);
    if (wanted <= last_ - first_) return arrow::Status::OK();
    make_room(static_cast<std::size_t>(wanted));
    while (last_ - first_ < wanted) {
      const auto room = std::min<std::uint64_t>(capacity_ - last_, end_ - next_);
      const auto read = source_.read_at(
          next_,
          std::as_writable_bytes(std::span(buffer_.get() + last_, static_cast<std::size_t>(room))));
      if (!read) return to_arrow_status(read.error());
      if (*read == 0) return arrow::Status::IOError("the file ends within a column chunk");
      next_ += *read;
      last_ += *read;
    }
    return arrow::Status::OK();
  }

  // Moves what is unread to the front; the rest of the chunk, if short, is read in one piece.
  void make_room(std::size_t wanted) {
    const std::size_t unread = last_ - first_;
    const std::size_t capacity = std::max(wanted, read_size_);
    if (capacity <= capacity_) {
      std::memmove(buffer_.get(), buffer_.get() + first_, unread);
    } else {
      const auto bound = static_cast<std::size_t>(std::min<std::uint64_t>(
          std::max(capacity, wanted + wanted / 4), unread + (end_ - next_)));
      auto larger = make_uncleared_array<char>(bound);
      if (unread > 0) std::memcpy(larger.get(), buffer_.get() + first_, unread);
      buffer_ = std::move(larger);
      capacity_ = bound;
    }
    first_ = 0;
    last_ = unread;
  }

  const files::ByteSource& source_;
  std::size_t read_size_;
  std::uint64_t next_;  // the file offset that is read next
  std::uint64_t end_;
  OwnedArray<char> buffer_;
  std::size_t capacity_ = 0;
  std::size_t first_ = 0;  // of what is unread in the buffer
  std::size_t last_ = 0;
  std::int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

LimitedPool::LimitedPool(ByteCount largest)
    : ProxyMemoryPool(arrow::default_memory_pool()),
      largest_(static_cast<std::int64_t>(largest.count())) {}

arrow::Status LimitedPool::check(std::int64_t size) const {
  if (size <= largest_) return arrow::Status::OK();
  return arrow::Status::OutOfMemory(
      fmt::format("a page of {} bytes, over the limit of {}", size, largest_));
}

arrow::Status LimitedPool::Allocate(std::int64_t size, std::int64_t alignment, std::uint8_t** out) {
  ARROW_RETURN_NOT_OK(check(size));
  return ProxyMemoryPool::Allocate(size, alignment, out);
}

arrow::Status LimitedPool::Reallocate(std::int64_t old_size, std::int64_t new_size,
                                      std::int64_t alignment, std::uint8_t** pointer) {
  ARROW_RETURN_NOT_OK(check(new_size));
  return ProxyMemoryPool::Reallocate(old_size, new_size, alignment, pointer);
}

std::shared_ptr<arrow::io::RandomAccessFile> random_access_file(const files::ByteSource& source) {
  return std::make_shared<SourceFile>(source);
}

std::shared_ptr<arrow::io::InputStream> chunk_stream(const files::ByteSource& source,
                                                     std::uint64_t begin, std::uint64_t end,
                                                     ByteCount read_size) {
  return std::make_shared<ChunkStream>(source, begin, end,
                                       static_cast<std::size_t>(read_size.count()));
}

}  // namespace assay::tables
