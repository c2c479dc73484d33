/// \file
/// Pictures within a page, and cards that hold them: for a person who goes through many.

#pragma once

#include "report/blocks.h"
#include "report/html.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::report {

/// A rectangle in shares of the picture's width and height, from the upper left corner.
struct PictureFrame {
  double left = 0;
  double top = 0;
  double right = 1;
  double bottom = 1;
};

struct Picture {
  /// Of what is shown, in pixels; only their ratio matters.
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  /// A whole JPEG file. Empty: `missing` is shown in its place.
  std::vector<std::byte> jpeg = {};
  /// Why there is no picture; may be empty.
  std::string missing = {};
  /// What the picture is, for those who do not see it.
  std::string description = {};
  /// Drawn over the picture; what lies outside is darkened.
  std::optional<PictureFrame> frame = std::nullopt;
  /// Below the picture.
  Html caption = {};
  /// kGood makes it stand out among the others.
  Tone tone = Tone::kNeutral;
};

/// Pictures side by side, as many as the page has room for. A page with pictures needs
/// PageHead::embedded_pictures.
Html render(std::span<const Picture> pictures);

/// Whether a card is still shown when the reader asks for the flagged ones only.
enum class CardFlag : std::uint8_t { kNone, kFlagged };

/// Something to look at within a section, under a heading of its own.
Html card(const Html& heading, const Html& content, CardFlag flag);
/// A box to tick that leaves flagged cards only; it needs no script. Once a page, above the first
/// section.
Html flagged_only_box(std::string_view label);

/// A file beside this page, by its name alone. Whatever the name is, the link leads to no other
/// folder or site.
struct FileLink {
  std::string file_name = {};
  std::string text = {};
};

Html link(const FileLink& link);
/// Links on one line; the one at `current` is text. Pre: `current` is one of them.
Html page_links(std::span<const FileLink> links, std::size_t current);

}  // namespace assay::report
