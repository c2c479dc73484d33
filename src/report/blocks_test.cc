#include "report/blocks.h"

#include "report/testing/markup.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace assay::report {
namespace {

using testing::kHostile;

bool has_element(const Html& html) { return html.markup().contains("<script"); }

TEST(Blocks, EscapeWhatTheyAreGiven) {
  EXPECT_FALSE(has_element(callout(Tone::kBad, kHostile, Html::text(kHostile))));
  EXPECT_FALSE(has_element(badge(Tone::kGood, kHostile)));
  EXPECT_FALSE(has_element(folded(kHostile, Html::text(kHostile))));
  const std::array figures = {KeyFigure{kHostile, kHostile, kHostile}};
  EXPECT_FALSE(has_element(key_figures(figures)));
}

TEST(Blocks, SayTheirTone) {
  EXPECT_NE(callout(Tone::kWarning, "", Html("x")).markup().find("callout warning"),
            std::string::npos);
  EXPECT_NE(badge(Tone::kMuted, "x").markup().find("badge muted"), std::string::npos);
}

TEST(Blocks, LeaveOutAnEmptyTitleAndAnEmptyNote) {
  EXPECT_EQ(callout(Tone::kGood, "", Html("x")).markup(), "<div class=\"callout good\">x</div>\n");
  const std::array figures = {KeyFigure{.label = "Jobs", .value = "7"}};
  EXPECT_EQ(key_figures(figures).markup(),
            "<dl class=\"figures\">\n<div class=\"neutral\"><dt>Jobs</dt><dd class=\"value\">7</dd>"
            "</div>\n</dl>\n");
}

TEST(Blocks, ListsHoldEachItem) {
  const std::array items = {Html::text("a"), Html::text("<b>")};
  EXPECT_EQ(bullet_list(items).markup(), "<ul>\n<li>a</li>\n<li>&lt;b&gt;</li>\n</ul>\n");
}

}  // namespace
}  // namespace assay::report
