#include "report/picture.h"

#include "report/page.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace assay::report {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string markup_of(Picture picture) { return render(std::array{std::move(picture)}).markup(); }

TEST(Pictures, HoldTheirBytesAndSayWhatTheyAre) {
  const std::string markup = markup_of({.width = 200,
                                        .height = 100,
                                        .jpeg = bytes_of("jpeg"),
                                        .description = "a \"b\" <c>",
                                        .caption = Html::text("0.9 & more"),
                                        .tone = Tone::kGood});
  EXPECT_TRUE(markup.contains("<figure class=\"picture good\"><svg viewBox=\"0 0 200 100\""));
  EXPECT_TRUE(markup.contains("aria-label=\"a &quot;b&quot; &lt;c&gt;\""));
  EXPECT_TRUE(markup.contains("href=\"data:image/jpeg;base64,anBlZw==\""));
  EXPECT_TRUE(markup.contains("<figcaption>0.9 &amp; more</figcaption>"));
  EXPECT_FALSE(markup.contains("class=\"frame\""));
}

TEST(Pictures, AFrameIsDrawnInTheirOwnUnits) {
  const std::string markup =
      markup_of({.width = 200,
                 .height = 100,
                 .jpeg = bytes_of("x"),
                 .frame = PictureFrame{.left = 0.25, .top = 0, .right = 0.75, .bottom = 0.5}});
  EXPECT_TRUE(
      markup.contains(R"(<rect class="frame" x="50.0" y="0.0" width="100.0" height="50.0"/>)"))
      << markup;
}

TEST(Pictures, AFrameOutOfThePictureEndsAtItsEdge) {
  const std::string markup =
      markup_of({.width = 10,
                 .height = 10,
                 .jpeg = bytes_of("x"),
                 .frame = PictureFrame{.left = -3, .top = 0.5, .right = 9, .bottom = 0.2}});
  EXPECT_TRUE(markup.contains(R"(x="0.0" y="5.0" width="10.0" height="0.0")")) << markup;
}

TEST(Pictures, WhatIsMissingSaysWhy) {
  const std::string markup = markup_of({.missing = "gone <b>", .description = "a.png"});
  EXPECT_TRUE(markup.contains("aria-label=\"a.png\">gone &lt;b&gt;</div>"));
  EXPECT_FALSE(markup.contains("<svg"));
}

TEST(Pictures, AreAllowedOnlyOnAPageThatAsksForThem) {
  EXPECT_FALSE(Page({.title = "t"}).render().contains("img-src"));
  const std::string page =
      Page({.title = "t", .embedded_pictures = EmbeddedPictures::kAllowed}).render();
  EXPECT_TRUE(page.contains("default-src 'none'; img-src data:; style-src"));
}

TEST(Cards, AreFlaggedOrNot) {
  EXPECT_TRUE(card(Html("h"), Html("c"), CardFlag::kFlagged)
                  .markup()
                  .contains("<article class=\"card flagged\">\n<h3>h</h3>\nc</article>"));
  EXPECT_TRUE(card(Html("h"), Html("c"), CardFlag::kNone).markup().contains("class=\"card\""));
}

TEST(Links, StayInTheFolderWhateverTheNameIs) {
  EXPECT_EQ(link({.file_name = "javascript:alert('1').html", .text = "<x>"}).markup(),
            "<a href=\"./javascript%3Aalert%28%271%27%29.html\">&lt;x&gt;</a>");
  EXPECT_EQ(link({.file_name = "a/b\xff.html", .text = "x"}).markup(),
            "<a href=\"./a%2Fb%FF.html\">x</a>");
}

TEST(Links, TheCurrentPageIsNoLink) {
  const std::vector<FileLink> links = {{"a.html", "1"}, {"b.html", "2"}};
  EXPECT_EQ(page_links(links, 1).markup(),
            "<p class=\"page-links\"><a href=\"./a.html\">1</a> <strong>2</strong> </p>\n");
}

}  // namespace
}  // namespace assay::report
