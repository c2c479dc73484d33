/// \file
/// One self-contained page: it loads nothing from elsewhere, and its policy forbids it to.

#pragma once

#include "report/html.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::report {

/// Whether the page may show pictures that lie within itself. From elsewhere it never may.
enum class EmbeddedPictures : std::uint8_t { kNone, kAllowed };

struct PageHead {
  std::string title = {};
  std::string subtitle = {};  ///< What the page is about, on one line; may be empty.
  std::string footer = {};    ///< What made the page, and when; may be empty.
  EmbeddedPictures embedded_pictures = EmbeddedPictures::kNone;
  /// Runs behind the page's own script, and may ask the server that the page came from, which no
  /// page without it may.
  std::optional<MarkupLiteral> live_script = std::nullopt;
};

/// Collects blocks under sections, then writes the page with a table of its sections. The same
/// calls give the same bytes. Follows the reader's light or dark theme; a button changes it.
class Page {
 public:
  explicit Page(PageHead head);

  /// What comes next belongs to this section. Its anchor is made from the title.
  Page& begin_section(std::string_view title);
  /// Append to the section, or above the first one.
  Page& add(const Html& block);

  std::string render() const;

 private:
  struct Section {
    std::string anchor;
    std::string title;
    Html content;
  };

  PageHead head_;
  Html introduction_;
  std::vector<Section> sections_;
};

}  // namespace assay::report
