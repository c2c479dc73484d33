#include "report/blocks.h"

#include "report/blocks_internal.h"
#include "report/html_internal.h"

#include <fmt/format.h>

namespace assay::report {

std::string_view tone_class(Tone tone) {
  switch (tone) {
    case Tone::kNeutral:
      return "neutral";
    case Tone::kGood:
      return "good";
    case Tone::kWarning:
      return "warning";
    case Tone::kBad:
      return "bad";
    case Tone::kMuted:
      return "muted";
  }
  return "neutral";
}

Html paragraph(const Html& content) {
  return HtmlBuilder::from_markup(fmt::format("<p>{}</p>\n", content.markup()));
}

Html bullet_list(std::span<const Html> items) {
  std::string markup = "<ul>\n";
  for (const Html& item : items) markup += fmt::format("<li>{}</li>\n", item.markup());
  return HtmlBuilder::from_markup(markup + "</ul>\n");
}

Html callout(Tone tone, std::string_view title, const Html& content) {
  const std::string heading =
      title.empty() ? "" : fmt::format("<p class=\"callout-title\">{}</p>", escape(title));
  return HtmlBuilder::from_markup(fmt::format("<div class=\"callout {}\">{}{}</div>\n",
                                              tone_class(tone), heading, content.markup()));
}

Html key_figures(std::span<const KeyFigure> figures) {
  std::string markup = "<dl class=\"figures\">\n";
  for (const KeyFigure& figure : figures) {
    markup += fmt::format(R"(<div class="{}"><dt>{}</dt><dd class="value">{}</dd>)",
                          tone_class(figure.tone), escape(figure.label), escape(figure.value));
    if (!figure.note.empty()) markup += fmt::format("<dd>{}</dd>", escape(figure.note));
    markup += "</div>\n";
  }
  return HtmlBuilder::from_markup(markup + "</dl>\n");
}

Html badge(Tone tone, std::string_view text) {
  return HtmlBuilder::from_markup(
      fmt::format("<span class=\"badge {}\">{}</span>", tone_class(tone), escape(text)));
}

Html side_by_side(std::span<const Html> blocks) {
  std::string markup = "<div class=\"columns\">\n";
  for (const Html& block : blocks) markup += fmt::format("<div>{}</div>\n", block.markup());
  return HtmlBuilder::from_markup(markup + "</div>\n");
}

Html folded(std::string_view summary, const Html& content) {
  return HtmlBuilder::from_markup(fmt::format("<details><summary>{}</summary>\n{}</details>\n",
                                              escape(summary), content.markup()));
}

}  // namespace assay::report
