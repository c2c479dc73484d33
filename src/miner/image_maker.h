/// \file
/// What makes the images of generation jobs, and the maker that draws roads.

#pragma once

#include "core/result.h"
#include "images/image.h"

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::miner {

struct ImageOrder {
  std::string_view prompt;
  /// Of the same order, the same; of another, another.
  std::uint64_t seed = 0;
  /// What the order asks for; a model that is made for one size makes that.
  images::ImageSize size = {};
};

/// Threads: one thread at a time.
class ImageMaker {
 public:
  virtual ~ImageMaker() = default;
  ImageMaker() = default;
  ImageMaker(const ImageMaker&) = delete;
  ImageMaker& operator=(const ImageMaker&) = delete;

  /// For people and logs: which kind, and which model.
  virtual std::string name() const = 0;

  /// Errors: kCancelled (at `stop`), and its own, which end this job alone.
  virtual Result<images::Image> make(const ImageOrder& order, const std::stop_token& stop) = 0;
};

/// Draws the road that a prompt asks for: see scene_of_prompt().
class SceneMaker final : public ImageMaker {
 public:
  std::string name() const override { return "scene"; }
  /// Errors: none.
  Result<images::Image> make(const ImageOrder& order, const std::stop_token& stop) override;
};

}  // namespace assay::miner
