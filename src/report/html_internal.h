/// \file
/// How this module's own renderers make Html out of the markup they assemble.

#pragma once

#include "report/html.h"

#include <string>
#include <string_view>
#include <utility>

namespace assay::report {

struct HtmlBuilder {
  /// Take `markup` as it is. Pre: whatever came from outside was escaped.
  static Html from_markup(std::string markup) {
    Html html;
    html.markup_ = std::move(markup);
    return html;
  }
};

/// visible_text() with `&`, `<`, `>` and both quotes escaped: safe as text and within an attribute.
std::string escape(std::string_view text);

}  // namespace assay::report
