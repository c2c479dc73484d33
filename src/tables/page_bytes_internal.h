/// \file
/// The bytes of a page one after the other, without the page in memory.

#pragma once

#include "core/result.h"
#include "files/byte_source.h"
#include "tables/owned_array_internal.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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

/// As they stand in the file, from `begin` to `end`. What is passed over is not read. Who has just
/// passed over much is likely to do so again: then little is read ahead, and ever more while all is
/// used. A remote source is always asked for much.
class StoredBytes final : public PageBytes {
 public:
  /// Lifetime: `source` outlives it.
  StoredBytes(const files::ByteSource& source, std::uint64_t begin, std::uint64_t end);

  Status read(std::span<std::byte> into) override;
  Status skip(std::uint64_t count) override;

  std::uint64_t left() const { return end_ - next_ + (filled_ - used_); }
  /// What is in the buffer: something, unless this is the end. Lifetime: until the next call.
  Result<std::span<const std::byte>> peek();

  /// Where the next byte stands in the file.
  std::uint64_t position() const { return next_ - (filled_ - used_); }
  /// Fill `into` from what was passed over. Pre: `position` to the end of `into` was.
  Status read_again(std::uint64_t position, std::span<std::byte> into) const;

  bool is_remote() const { return source_.is_remote(); }

 private:
  void jump(std::uint64_t count);

  const files::ByteSource& source_;
  std::uint64_t next_;  // of the file, behind the buffer
  std::uint64_t end_;
  std::size_t read_size_;  // at most so many bytes at a time
  std::size_t next_size_;  // and the next time
  OwnedArray<std::byte> buffer_;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
};

/// What a Snappy block unpacks to. Its copies may reach 64 KiB back, as those of every packer do:
/// it packs pieces of that size.
///
/// Photos do not pack: their blocks are literals, of which a copy wants four bytes now and then.
/// Long literals go past the window, into what wants them or nowhere, and what a copy wants of them
/// is read then.
class UnpackedBytes final : public PageBytes {
 public:
  /// Lifetime: `packed` outlives it.
  explicit UnpackedBytes(StoredBytes& packed);

  Status read(std::span<std::byte> into) override;
  Status skip(std::uint64_t count) override;

 private:
  /// A part of the window that is in the file alone.
  struct Hole {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint64_t position = 0;  ///< In the file, of its first byte.
  };

  /// Errors of all: as the class.
  Status advance(std::uint64_t count, std::span<std::byte> into);
  Status produce();
  Status read_size();
  Status read_element();
  Status move_literal();
  /// Whether the next of `count` bytes go past the window.
  bool is_passing(std::uint64_t count) const;
  Status pass_literal(std::uint64_t count, std::span<std::byte> into);
  Status copy_back(std::size_t offset, std::size_t length);
  Status fill_holes(std::size_t begin, std::size_t end);
  void make_room(std::size_t count);
  std::size_t ready() const { return filled_ - used_; }

  StoredBytes& packed_;
  OwnedArray<std::byte> window_;
  std::vector<Hole> holes_;  // in order, all in what is used
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t literal_left_ = 0;
  bool has_size_ = false;
};

}  // namespace assay::tables
