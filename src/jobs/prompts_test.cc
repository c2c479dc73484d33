#include "jobs/prompts.h"

#include "protocol/generation_messages.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace assay::jobs {
namespace {

TEST(TemplatePrompt, ASeedGivesOneText) {
  EXPECT_EQ(template_prompt(PromptLabel::kRoadwork, 7), template_prompt(PromptLabel::kRoadwork, 7));
  EXPECT_NE(template_prompt(PromptLabel::kRoadwork, 7), template_prompt(PromptLabel::kRoadwork, 8));
}

TEST(TemplatePrompt, SaysWhetherThereAreWorks) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const std::string works = template_prompt(PromptLabel::kRoadwork, seed);
    EXPECT_TRUE(works.contains("; road works on the ")) << works;
    EXPECT_FALSE(works.contains("no road works")) << works;
    const std::string none = template_prompt(PromptLabel::kNone, seed);
    EXPECT_TRUE(none.contains("no road works")) << none;
    EXPECT_TRUE(
        protocol::parse_generation_request(protocol::write_generation_request({.prompt = works})));
  }
}

TEST(TemplatePrompt, RarelyRepeatsItself) {
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    texts.insert(template_prompt(PromptLabel::kRoadwork, seed));
  }
  EXPECT_GT(texts.size(), 990U);
}

TEST(TemplatePrompts, AreHalfWithWorks) {
  SeededRandom random(3);
  TemplatePrompts prompts;
  int num_works = 0;
  std::string last;
  for (int i = 0; i < 2000; ++i) {
    const Prompt prompt = prompts.next(random);
    EXPECT_NE(prompt.text, last);
    EXPECT_EQ(prompt.text.contains("no road works"), prompt.label == PromptLabel::kNone);
    num_works += prompt.label == PromptLabel::kRoadwork ? 1 : 0;
    last = prompt.text;
  }
  EXPECT_NEAR(num_works, 1000, 120);
}

}  // namespace
}  // namespace assay::jobs
