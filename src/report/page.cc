#include "report/page.h"

#include "crypto/base64.h"
#include "crypto/digest.h"
#include "report/assets_internal.h"
#include "report/html_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace assay::report {
namespace {

// Lower-case letters, digits and hyphens of ASCII: nothing that an address would have to escape.
std::string anchor_of(std::string_view title) {
  std::string anchor;
  for (const char character : title) {
    const bool is_upper = character >= 'A' && character <= 'Z';
    const char lower = is_upper ? static_cast<char>(character - 'A' + 'a') : character;
    const bool is_plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (is_plain) {
      anchor += lower;
    } else if (!anchor.empty() && anchor.back() != '-') {
      anchor += '-';
    }
  }
  while (!anchor.empty() && anchor.back() == '-') anchor.pop_back();
  return anchor.empty() ? "section" : anchor;
}

// As a policy names what it allows.
std::string hash_of(std::string_view script) {
  return "sha256-" + crypto::base64_encode(crypto::sha256(script).bytes());
}

}  // namespace

Page::Page(PageHead head) : head_(std::move(head)) {}

Page& Page::begin_section(std::string_view title) {
  const std::string base = anchor_of(title);
  std::string anchor = base;
  const auto is_taken = [&] {
    return std::ranges::any_of(sections_, [&](const Section& s) { return s.anchor == anchor; });
  };
  for (int number = 2; is_taken(); ++number) anchor = fmt::format("{}-{}", base, number);
  sections_.push_back({std::move(anchor), std::string(title), {}});
  return *this;
}

Page& Page::add(const Html& block) {
  (sections_.empty() ? introduction_ : sections_.back().content) += block;
  return *this;
}

std::string Page::render() const {
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  const auto append = [&]<typename... Parts>(fmt::format_string<const Parts&...> format,
                                             const Parts&... parts) {
    fmt::format_to(std::back_inserter(page), format, parts...);
  };
  append(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "{}{}style-src '{}'; script-src '{}'{}; base-uri 'none'; form-action 'none'\">\n",
      head_.embedded_pictures == EmbeddedPictures::kAllowed ? "img-src data:; " : "",
      head_.live_script ? "connect-src 'self'; " : "", kStyleHash, kScriptHash,
      head_.live_script ? fmt::format(" '{}'", hash_of(head_.live_script->markup())) : "");
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page += "<meta name=\"referrer\" content=\"no-referrer\">\n";
  page += "<meta name=\"color-scheme\" content=\"light dark\">\n";
  append("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n", escape(head_.title), kStyle);
  append("<header><div class=\"heading\"><h1>{}</h1>", escape(head_.title));
  page += "<button type=\"button\" id=\"theme\" hidden>Dark theme</button></div>\n";
  if (!head_.subtitle.empty()) append("<p class=\"subtitle\">{}</p>\n", escape(head_.subtitle));
  page += "</header>\n";
  if (sections_.size() > 1) {
    page += "<nav aria-label=\"Sections\"><ul>\n";
    for (const Section& section : sections_) {
      append("<li><a href=\"#{}\">{}</a></li>\n", section.anchor, escape(section.title));
    }
    page += "</ul></nav>\n";
  }
  append("<main>\n{}", introduction_.markup());
  for (const Section& section : sections_) {
    append("<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>\n",
           section.anchor, escape(section.title));
    append("{}</section>\n", section.content.markup());
  }
  page += "</main>\n";
  if (!head_.footer.empty()) append("<footer>{}</footer>\n", escape(head_.footer));
  append("<script>{}</script>\n", kScript);
  if (head_.live_script) append("<script>{}</script>\n", head_.live_script->markup());
  page += "</body>\n</html>\n";
  return page;
}

}  // namespace assay::report
