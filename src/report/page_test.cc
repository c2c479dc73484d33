#include "report/page.h"

#include "report/assets_internal.h"
#include "report/blocks.h"
#include "report/testing/markup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace assay::report {
namespace {

using testing::holds;

std::string sample() {
  Page page({.title = "A <title>", .subtitle = "sub & title", .footer = "made by \"us\""});
  page.add(paragraph(Html::text("above")));
  page.begin_section("Who is suspect?").add(paragraph(Html::text("one")));
  page.begin_section("Who is suspect").add(paragraph(Html::text("two")));
  page.begin_section("…");
  return page.render();
}

TEST(Page, EscapesItsHead) {
  const std::string page = sample();
  EXPECT_TRUE(holds(page, "<title>A &lt;title&gt;</title>"));
  EXPECT_TRUE(holds(page, "sub &amp; title"));
  EXPECT_TRUE(holds(page, "made by &quot;us&quot;"));
}

TEST(Page, SectionsHaveAnchorsOfTheirOwn) {
  const std::string page = sample();
  EXPECT_TRUE(holds(page, "<a href=\"#who-is-suspect\">Who is suspect?</a>"));
  EXPECT_TRUE(holds(page, "<section id=\"who-is-suspect\""));
  EXPECT_TRUE(holds(page, "<section id=\"who-is-suspect-2\""));
  EXPECT_TRUE(holds(page, "<section id=\"section\""));
}

TEST(Page, AllowsOnlyTheBuiltInStyleAndScript) {
  const std::string page = sample();
  EXPECT_TRUE(holds(page, "default-src 'none'; style-src '" + std::string(kStyleHash) +
                              "'; script-src '" + std::string(kScriptHash) + "'"));
  EXPECT_FALSE(holds(page, "unsafe-inline"));
  EXPECT_TRUE(holds(page, "<style>" + std::string(kStyle) + "</style>"));
  EXPECT_TRUE(holds(page, "<script>" + std::string(kScript) + "</script>"));
}

TEST(Page, AScriptThatAsksTheServerIsNamedByThePolicy) {
  const std::string page = Page({.title = "t", .live_script = MarkupLiteral("alert(1)")}).render();
  EXPECT_TRUE(holds(page, "default-src 'none'; connect-src 'self'; style-src '"));
  EXPECT_TRUE(holds(page, "script-src '" + std::string(kScriptHash) +
                              "' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='; base-uri"));
  EXPECT_TRUE(holds(page, "<script>alert(1)</script>\n</body>"));
  EXPECT_FALSE(holds(sample(), "connect-src"));
}

TEST(Page, HashesHaveTheFormOfThePolicy) {
  for (const std::string_view hash : {kStyleHash, kScriptHash}) {
    EXPECT_EQ(hash.size(), 7U + 44U);
    EXPECT_TRUE(hash.starts_with("sha256-"));
    EXPECT_TRUE(hash.ends_with('='));
    EXPECT_TRUE(std::ranges::all_of(hash.substr(7, 43), [](char character) {
      return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '+' ||
             character == '/';
    }));
  }
}

TEST(Page, RefersToNothingOutside) {
  const std::string page = sample();
  for (const std::string_view part : {"http:", "https:", "url(", "@import", "src=", "<link",
                                      "//cdn", "fetch(", "XMLHttpRequest", "style=\""}) {
    EXPECT_FALSE(holds(page, part)) << part;
  }
}

TEST(Page, TheSameCallsGiveTheSameBytes) { EXPECT_EQ(sample(), sample()); }

TEST(Page, OneSectionNeedsNoListOfSections) {
  Page page({.title = "t"});
  page.begin_section("Only");
  EXPECT_FALSE(holds(page.render(), "<nav"));
}

}  // namespace
}  // namespace assay::report
