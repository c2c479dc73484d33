/// \file
/// How a project and its groups look on a page.

#pragma once

#include "decisions/scored_project.h"
#include "report/html.h"
#include "report/picture.h"
#include "review/review_sheet.h"

#include <expected>
#include <span>
#include <string>
#include <vector>

namespace assay::review {

/// The picture of one image, or why there is none.
using ReviewPicture = std::expected<Thumbnail, std::string>;

/// Groups of one project that stand on one page.
struct ReviewPart {
  const decisions::ScoredProject* project = nullptr;
  std::vector<const decisions::ScoredGroup*> groups;
  /// Its figures lead it.
  enum class Place : std::uint8_t { kFirst, kContinued };
  Place place = Place::kFirst;
};

/// Two databases of one project are told apart by their files.
std::string title_of(const decisions::ScoredProject& project);
std::size_t count_uncertain(const decisions::ScoredProject& project);

/// A table with a row a project. Shape: `first_pages` has where each begins.
report::Html overview_of(std::span<const decisions::ScoredProject> projects,
                         std::span<const report::FileLink> first_pages);
/// Figures, charts, and what was left out.
report::Html figures_of(const decisions::ScoredProject& project);
/// Shape: `pictures` one for each image of the group; they are moved into the card.
report::Html card_of(const decisions::ScoredGroup& group, std::span<ReviewPicture> pictures);

}  // namespace assay::review
