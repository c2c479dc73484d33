/// \file
/// An image in memory: 8-bit RGB, in a buffer that can serve again.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace assay::images {

/// In pixels.
struct ImageSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  std::uint64_t num_pixels() const { return std::uint64_t{width} * height; }
  bool operator==(const ImageSize&) const = default;
};

/// Samples of one pixel.
inline constexpr std::size_t kNumChannels = 3;

/// Pixels of 8-bit RGB.
///
/// Shape: [height, width, 3], row-major, no padding between rows; sRGB, 0 to 255. The buffer begins
///        at a multiple of 64 bytes, and kReadableTail bytes behind its end may be read.
class Image {
 public:
  /// Loads of whole vectors may reach this far beyond the last pixel.
  static constexpr std::size_t kReadableTail = 64;

  /// No pixels.
  Image() = default;
  /// What is moved from has no pixels.
  Image(Image&& other) noexcept { swap(other); }
  Image& operator=(Image&& other) noexcept {
    Image taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Image() = default;

  /// An image of `size` whose pixels are undefined. The memory of `reuse` serves if it is enough.
  static Image with_size(ImageSize size, Image reuse);
  static Image with_size(ImageSize size) { return with_size(size, Image()); }

  ImageSize size() const { return size_; }
  std::uint32_t width() const { return size_.width; }
  std::uint32_t height() const { return size_.height; }
  std::size_t row_size() const { return size_.width * kNumChannels; }

  std::span<std::uint8_t> pixels() { return {memory_.get(), row_size() * size_.height}; }
  std::span<const std::uint8_t> pixels() const {
    return {memory_.get(), row_size() * size_.height};
  }

  /// Pre: `y` < height().
  std::uint8_t* row(std::uint32_t y) { return memory_.get() + (y * row_size()); }
  const std::uint8_t* row(std::uint32_t y) const { return memory_.get() + (y * row_size()); }

 private:
  void swap(Image& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(memory_, other.memory_);
  }

  struct Free {
    void operator()(std::uint8_t* memory) const;
  };

  ImageSize size_;
  std::size_t capacity_ = 0;
  std::unique_ptr<std::uint8_t, Free> memory_;
};

}  // namespace assay::images
