/// \file
/// How a project and its groups look on a page.

#pragma once

#include "predict/review_sheet.h"
#include "predict/scored_project.h"
#include "report/html.h"
#include "report/picture.h"

#include <expected>
#include <span>
#include <string>
#include <vector>

namespace assay::predict {

/// The picture of one image, or why there is none.
using ReviewPicture = std::expected<Thumbnail, std::string>;

/// Groups of one project that stand on one page.
struct ReviewPart {
  const ScoredProject* project = nullptr;
  std::vector<const ScoredGroup*> groups;
  /// Its figures lead it.
  enum class Place : std::uint8_t { kFirst, kContinued };
  Place place = Place::kFirst;
};

/// Two databases of one project are told apart by their files.
std::string title_of(const ScoredProject& project);
std::size_t count_uncertain(const ScoredProject& project);

/// A table with a row a project. Shape: `first_pages` has where each begins.
report::Html overview_of(std::span<const ScoredProject> projects,
                         std::span<const report::FileLink> first_pages);
/// Figures, charts, and what was left out.
report::Html figures_of(const ScoredProject& project);
/// Shape: `pictures` one for each image of the group; they are moved into the card.
report::Html card_of(const ScoredGroup& group, std::span<ReviewPicture> pictures);

}  // namespace assay::predict
