#include "core/shown_text.h"

#include <gtest/gtest.h>

#include <string>

namespace assay {
namespace {

TEST(ShownText, IsQuotedAndCannotSteerATerminal) {
  EXPECT_EQ(shown_text("plain"), "\"plain\"");
  EXPECT_EQ(shown_text("\x1b[31m\n\""), R"("\u001b[31m\n\"")");
}

TEST(ShownText, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(shown_text(std::string(81, 'x')), "\"" + std::string(80, 'x') + "\"...");
  EXPECT_EQ(shown_text(std::string(79, 'x') + "\u00e9"), "\"" + std::string(79, 'x') + "\"...");
}

}  // namespace
}  // namespace assay
