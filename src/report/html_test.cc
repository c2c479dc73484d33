#include "report/html.h"

#include "report/visible_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace assay::report {
namespace {

TEST(VisibleText, LeavesPlainTextAlone) {
  EXPECT_EQ(visible_text(""), "");
  EXPECT_EQ(visible_text("5GrwvaEF hötkey 😀 …"), "5GrwvaEF hötkey 😀 …");
}

TEST(VisibleText, ShowsControlCharactersAsPictures) {
  EXPECT_EQ(visible_text(std::string_view("a\0b\n\r\t\x1b[31m\x7f", 12)), "a␀b␊␍␉␛[31m␡");
}

TEST(VisibleText, ReplacesWhatTurnsOrHidesText) {
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what is tested.
  for (const std::string_view text : {"\u202e", "\u2066", "\u200b", "\u200f", "\u00ad", "\ufeff",
                                      "\u0085", "\u2028", "\U000e0041", "\u2060", "\u061c"}) {
    EXPECT_EQ(visible_text(text), "\ufffd");
  }
}

TEST(VisibleText, ReplacesEachByteThatIsNoCharacter) {
  EXPECT_EQ(visible_text("a\xff"
                         "b"),
            "a\ufffdb");
  EXPECT_EQ(visible_text("\xc0\xaf"), "\ufffd\ufffd");            // too long a form of '/'
  EXPECT_EQ(visible_text("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");  // a surrogate
  EXPECT_EQ(visible_text("\xf4\x90\x80\x80"), "\ufffd\ufffd\ufffd\ufffd");  // above U+10FFFF
  EXPECT_EQ(visible_text("\xe2\x82"), "\ufffd\ufffd");                      // cut off
}

TEST(VisibleText, ShortensInTheMiddleByCharacters) {
  EXPECT_EQ(shorten_middle("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten_middle("abcdefg", 6), "abc…fg");
  EXPECT_EQ(shorten_middle("äöüäöüä", 4), "äö…ä");
  EXPECT_EQ(count_characters("äö…ä"), 4U);
}

TEST(Html, TextIsNeitherAnElementNorEndsAnAttribute) {
  EXPECT_EQ(Html::text("<script>alert('x')</script>&\"").markup(),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;");
  EXPECT_EQ(code("<b>").markup(), "<code>&lt;b&gt;</code>");
  EXPECT_EQ(strong("<b>").markup(), "<strong>&lt;b&gt;</strong>");
}

TEST(Html, LiteralsOfOurOwnAreMarkup) {
  Html html("<br>");
  html += "<hr>";
  html += Html::text("<");
  EXPECT_EQ(html.markup(), "<br><hr>&lt;");
}

}  // namespace
}  // namespace assay::report
