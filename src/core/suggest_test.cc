#include "core/suggest.h"

#include <gtest/gtest.h>

#include <array>

namespace assay {
namespace {

constexpr std::array<std::string_view, 4> kWords = {"alerts.webhook", "log.level", "log.format",
                                                    "audit.fdr"};

TEST(NearestMatch, FindsTheWordBehindATypingError) {
  EXPECT_EQ(nearest_match("alert.webhook", kWords), "alerts.webhook");
  EXPECT_EQ(nearest_match("log.levle", kWords), "log.level");
  EXPECT_EQ(nearest_match("audit.fdr", kWords), "audit.fdr");
}

TEST(NearestMatch, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(nearest_match("completely.different", kWords), std::nullopt);
  EXPECT_EQ(nearest_match("", kWords), std::nullopt);
  EXPECT_EQ(nearest_match(std::string(100'000, 'a'), kWords), std::nullopt);
  EXPECT_EQ(nearest_match("x", {}), std::nullopt);
}

TEST(NearestMatch, ASwapOfNeighboursIsOneEdit) {
  constexpr std::array<std::string_view, 2> kVerbs = {"run", "urn-x"};
  EXPECT_EQ(nearest_match("rnu", kVerbs), "run");
}

TEST(NearestMatch, TheEarlierWinsATie) {
  constexpr std::array<std::string_view, 2> kTied = {"cat", "car"};
  EXPECT_EQ(nearest_match("caz", kTied), "cat");
}

TEST(Suggestion, EndsAMessage) {
  EXPECT_EQ(suggestion("log.levl", kWords), "; did you mean 'log.level'?");
  EXPECT_EQ(suggestion("zzz", kWords), "");
}

}  // namespace
}  // namespace assay
