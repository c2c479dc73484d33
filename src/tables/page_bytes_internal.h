/// \file
/// The bytes of a page one after the other, without the page in memory.

#pragma once

#include "core/result.h"
#include "files/byte_source.h"
#include "tables/owned_array_internal.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace assay::tables {

/// Threads: one thread at a time. Errors: kCorrupt (the bytes end early, or are not packed as they
/// should be), and those of the source.
class PageBytes {
 public:
  PageBytes() = default;
  virtual ~PageBytes() = default;
  PageBytes(const PageBytes&) = delete;
  PageBytes& operator=(const PageBytes&) = delete;

  /// Fill `into`.
  virtual Status read(std::span<std::byte> into) = 0;
  virtual Status skip(std::uint64_t count) = 0;
};

/// As they stand in the file, from `begin` to `end`. What is passed over is not read.
class StoredBytes final : public PageBytes {
 public:
  /// Lifetime: `source` outlives it.
  StoredBytes(const files::ByteSource& source, std::uint64_t begin, std::uint64_t end);

  Status read(std::span<std::byte> into) override;
  Status skip(std::uint64_t count) override;

  std::uint64_t left() const { return end_ - next_ + (filled_ - used_); }
  /// What is in the buffer: something, unless this is the end. Lifetime: until the next call.
  Result<std::span<const std::byte>> peek();

 private:
  const files::ByteSource& source_;
  std::uint64_t next_;  // of the file, behind the buffer
  std::uint64_t end_;
  OwnedArray<std::byte> buffer_;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
};

/// What a Snappy block unpacks to. Its copies may reach 64 KiB back, as those of every packer do:
/// it packs pieces of that size.
class UnpackedBytes final : public PageBytes {
 public:
  /// Lifetime: `packed` outlives it.
  explicit UnpackedBytes(StoredBytes& packed);

  Status read(std::span<std::byte> into) override;
  Status skip(std::uint64_t count) override;

 private:
  /// Errors of all: as the class.
  Status produce();
  Status read_size();
  Status read_element();
  Status move_literal();
  Status copy_back(std::size_t offset, std::size_t length);
  void make_room(std::size_t count);
  std::size_t ready() const { return filled_ - used_; }

  StoredBytes& packed_;
  OwnedArray<std::byte> window_;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t literal_left_ = 0;
  bool has_size_ = false;
};

}  // namespace assay::tables
