/// \file
/// Where the images of challenges come from: what the validator needs of a cache.

#pragma once

#include "core/result.h"
#include "validator/cell.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::validator {

/// An image as it lies in the cache.
struct ShelfImage {
  /// By which read() finds it again.
  std::string name;
  std::vector<std::byte> bytes;
};

/// Images to draw from.
/// Threads: one thread at a time.
/// Errors: kUnavailable, kDenied, kNoSpace, kCorrupt: the cache cannot be used, now or at all.
class ImageShelf {
 public:
  virtual ~ImageShelf() = default;
  ImageShelf() = default;
  ImageShelf(const ImageShelf&) = delete;
  ImageShelf& operator=(const ImageShelf&) = delete;

  /// How many images each cell has to draw from. Follows what others put there or take away.
  virtual Result<PerCell<std::uint64_t>> stock() = 0;
  /// Take one of a cell; nothing when there is none. It counts as served.
  virtual Result<std::optional<ShelfImage>> draw(const Cell& cell) = 0;
  /// One that was drawn before. Errors: also kNotFound.
  virtual Result<ShelfImage> read(std::string_view name) = 0;
  /// Why there is nothing to draw, and what helps: for a person, in one line.
  virtual std::string why_empty() = 0;
};

}  // namespace assay::validator
