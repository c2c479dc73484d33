#include "report/html.h"

#include "report/html_internal.h"
#include "report/visible_text.h"

namespace assay::report {

std::string escape(std::string_view text) {
  std::string escaped;
  for (const char character : visible_text(text)) {
    switch (character) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += character;
    }
  }
  return escaped;
}

Html Html::text(std::string_view text) { return HtmlBuilder::from_markup(escape(text)); }

Html code(std::string_view text) {
  return HtmlBuilder::from_markup("<code>" + escape(text) + "</code>");
}

Html strong(std::string_view text) {
  return HtmlBuilder::from_markup("<strong>" + escape(text) + "</strong>");
}

}  // namespace assay::report
