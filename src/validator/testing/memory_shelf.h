/// \file
/// Images in memory, so simple that a test's miner can tell what they show.

#pragma once

#include "validator/image_shelf.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace assay::validator::testing {

/// One image a cell, served again and again: bright where the label is present, dark where it is
/// not, which no augmentation hides.
class MemoryShelf final : public ImageShelf {
 public:
  MemoryShelf();

  /// From now on all cells show the same.
  void make_all_alike();

  /// How many images a cell claims to have.
  PerCell<std::uint64_t> num_images;
  std::string cause = "nothing was put there.";
  /// Bytes in the place of an image, when they are not empty.
  std::string broken = {};
  std::uint64_t num_draws = 0;

  Result<PerCell<std::uint64_t>> stock() override { return num_images; }
  Result<std::optional<ShelfImage>> draw(const Cell& cell) override;
  Result<ShelfImage> read(std::string_view name) override;
  std::string why_empty() override { return cause; }

 private:
  std::map<std::string, std::vector<std::byte>, std::less<>> images_;
};

/// What an encoded image of the shelf shows, whatever was done to it; 1 for bright.
double brightness_of(std::span<const std::byte> encoded);

}  // namespace assay::validator::testing
