#include "tokenizer/prompt_words_internal.h"

#include <gtest/gtest.h>

namespace assay::tokenizer {
namespace {

using Words = std::vector<std::string>;

TEST(PromptWords, CutsLettersDigitsAndSignsApart) {
  EXPECT_EQ(prompt_words("Road-works: 12 cones!"),
            (Words{"road", "-", "works", ":", "1", "2", "cones", "!"}));
  EXPECT_EQ(prompt_words(" \t\n\xC2\xA0\xE3\x80\x80"), Words());
}

TEST(PromptWords, CutsEnglishEndingsOffButNotBehindASign) {
  EXPECT_EQ(prompt_words("it's they'll"), (Words{"it", "'s", "they", "'ll"}));
  EXPECT_EQ(prompt_words("!'s"), (Words{"!'", "s"}));
  EXPECT_EQ(prompt_words("'tis 'x"), (Words{"'t", "is", "'", "x"}));
}

TEST(PromptWords, ComposesBeforeItLowers) {
  EXPECT_EQ(prompt_words("CAFE\xCC\x81"), (Words{"caf\xC3\xA9"}));
  // A capital I with a dot becomes two, the second of which is no letter.
  EXPECT_EQ(prompt_words("\xC4\xB0"), (Words{"i", "\xCC\x87"}));
}

TEST(PromptWords, KeepsControlCharactersAsSigns) {
  EXPECT_EQ(prompt_words(std::string_view("a\0b\x1F", 4)),
            (Words{"a", std::string(1, '\0'), "b", "\x1F"}));
}

}  // namespace
}  // namespace assay::tokenizer
