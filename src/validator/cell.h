/// \file
/// The kinds of images that miners are asked about: where they come from, and what they show.

#pragma once

#include "core/result.h"
#include "scoring/answer_window.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::validator {

enum class ImageOrigin : std::uint8_t {
  kReal = 0,          ///< A photo.
  kTextToImage = 1,   ///< Drawn from a text.
  kImageToImage = 2,  ///< A photo that was changed.
};
inline constexpr std::size_t kNumOrigins = 3;

/// `real`, `t2i` or `i2i`.
std::string_view to_string(ImageOrigin origin);
/// Errors: kInvalidInput, which names the three.
Result<ImageOrigin> parse_image_origin(std::string_view text);

/// `none` or `roadwork`.
std::string_view name_of(scoring::Label label);
/// Errors: kInvalidInput, which names the two.
Result<scoring::Label> parse_label(std::string_view text);

/// Images of one origin that show one thing.
struct Cell {
  ImageOrigin origin = ImageOrigin::kReal;
  scoring::Label label = scoring::Label::kAbsent;

  bool operator==(const Cell&) const = default;
};

inline constexpr std::size_t kNumCells = 2 * kNumOrigins;

/// Below kNumCells, and another one for each cell.
std::size_t index_of(const Cell& cell);
/// Pre: `index` < kNumCells.
Cell cell_at(std::size_t index);
/// `real/roadwork`.
std::string to_string(const Cell& cell);

/// A number for each cell, by index_of().
template <typename Number>
using PerCell = std::array<Number, kNumCells>;

}  // namespace assay::validator
