/// \file
/// The small parts of a page: paragraphs, lists, callouts, tiles with key figures.

#pragma once

#include "report/html.h"

#include <span>
#include <string>
#include <string_view>

namespace assay::report {

/// What a colour says. Colour never says it alone: the words beside it do.
enum class Tone { kNeutral, kGood, kWarning, kBad, kMuted };

struct KeyFigure {
  std::string label = {};
  std::string value = {};
  std::string note = {};  ///< A line below the value; may be empty.
  Tone tone = Tone::kNeutral;
};

Html paragraph(const Html& content);
Html bullet_list(std::span<const Html> items);
/// A box that stands out. `title` may be empty.
Html callout(Tone tone, std::string_view title, const Html& content);
Html key_figures(std::span<const KeyFigure> figures);
/// A word in a coloured frame.
Html badge(Tone tone, std::string_view text);
/// Blocks side by side where there is room, one below the other where there is none.
Html side_by_side(std::span<const Html> blocks);
/// What is shown only when the reader opens it; printed in full.
Html folded(std::string_view summary, const Html& content);

}  // namespace assay::report
