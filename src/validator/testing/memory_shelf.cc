#include "validator/testing/memory_shelf.h"

#include "core/bytes.h"
#include "core/check.h"
#include "images/decode.h"
#include "images/encode.h"

#include <algorithm>
#include <numeric>

namespace assay::validator::testing {
namespace {

std::vector<std::byte> flat_image(std::uint8_t gray) {
  images::Image image = images::Image::with_size({.width = 96, .height = 64});
  std::ranges::fill(image.pixels(), gray);
  return images::encode_png(image).value();
}

}  // namespace

MemoryShelf::MemoryShelf() {
  num_images.fill(1);
  for (std::size_t i = 0; i < kNumCells; ++i) {
    const Cell cell = cell_at(i);
    // Another one for each cell, so that they are told apart by their hash.
    const auto shade = static_cast<std::uint8_t>(cell.origin);
    images_[to_string(cell)] =
        flat_image(cell.label == scoring::Label::kPresent ? static_cast<std::uint8_t>(230 + shade)
                                                          : static_cast<std::uint8_t>(20 + shade));
  }
}

void MemoryShelf::make_all_alike() {
  for (auto& [name, bytes] : images_) bytes = images_.begin()->second;
}

Result<std::optional<ShelfImage>> MemoryShelf::draw(const Cell& cell) {
  ++num_draws;
  if (num_images.at(index_of(cell)) == 0) return std::optional<ShelfImage>();
  if (!broken.empty()) {
    const auto bytes = as_bytes(broken);
    return std::optional(ShelfImage{.name = "broken", .bytes = {bytes.begin(), bytes.end()}});
  }
  ASSIGN_OR_RETURN(ShelfImage image, read(to_string(cell)));
  return std::optional(std::move(image));
}

Result<ShelfImage> MemoryShelf::read(std::string_view name) {
  const auto found = images_.find(name);
  if (found == images_.end()) return not_found("no such image");
  return ShelfImage{.name = found->first, .bytes = found->second};
}

double brightness_of(std::span<const std::byte> encoded) {
  const auto image = images::decode(encoded);
  CHECK(image.has_value(), "what the validator sends is an image");
  const auto pixels = image->pixels();
  const double sum = std::accumulate(pixels.begin(), pixels.end(), 0.0);
  // Contrast and noise move the level, but never across the middle of the two.
  return sum / static_cast<double>(pixels.size()) > 80 ? 1 : 0;
}

}  // namespace assay::validator::testing
