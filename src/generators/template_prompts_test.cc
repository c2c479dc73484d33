#include "generators/template_prompts.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

namespace assay::generators {
namespace {

std::string prompt(cache::Label label, std::uint64_t seed) {
  return TemplatePrompts().write({.label = label, .seed = seed}, {}).value();
}

TEST(TemplatePrompts, SayWorksForRoadworkAndNothingOfThemOtherwise) {
  std::set<std::string> all;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::string works = prompt(cache::Label::kRoadwork, seed);
    const std::string clear = prompt(cache::Label::kNone, seed);
    EXPECT_TRUE(works.contains("road works on the")) << works;
    for (const char* word : {"works", "cone", "barrier", "digger", "no "}) {
      EXPECT_FALSE(clear.contains(word)) << clear;
    }
    EXPECT_EQ(clear, prompt(cache::Label::kNone, seed));
    all.insert(clear);
  }
  EXPECT_GT(all.size(), 190U);
}

}  // namespace
}  // namespace assay::generators
