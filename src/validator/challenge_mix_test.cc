#include "validator/challenge_mix.h"

#include <gtest/gtest.h>

#include <cmath>

namespace assay::validator {
namespace {

using scoring::Label;

PerCell<std::uint64_t> full_stock() {
  PerCell<std::uint64_t> stock{};
  stock.fill(100);
  return stock;
}

TEST(ChallengeMix, KeepsTheConfiguredSharesWhenAllIsThere) {
  ChallengeMix mix;
  SeededRandom random(1);
  constexpr int kNumDraws = 40'000;
  for (int i = 0; i < kNumDraws; ++i) mix.count(mix.choose(full_stock(), random).value());
  for (std::size_t i = 0; i < kNumCells; ++i) {
    const Cell cell = cell_at(i);
    EXPECT_NEAR(mix.target_share(cell), cell.origin == ImageOrigin::kReal ? 0.25 : 0.125, 1e-12);
    EXPECT_NEAR(mix.sent_share(cell), mix.target_share(cell), 0.01) << to_string(cell);
    EXPECT_LT(mix.shortfall(cell), 0.01);
  }
}

TEST(ChallengeMix, AnEmptyCellUnbalancesNoLabel) {
  ChallengeMix mix;
  SeededRandom random(2);
  auto stock = full_stock();
  const Cell empty{.origin = ImageOrigin::kReal, .label = Label::kPresent};
  stock.at(index_of(empty)) = 0;
  int num_present = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Cell cell = mix.choose(stock, random).value();
    ASSERT_NE(cell, empty);
    num_present += cell.label == Label::kPresent ? 1 : 0;
    mix.count(cell);
  }
  EXPECT_NEAR(num_present / 20'000.0, 0.5, 0.015);
  EXPECT_NEAR(mix.shortfall(empty), 0.25, 1e-12);
  EXPECT_EQ(mix.shortfall({.origin = ImageOrigin::kTextToImage, .label = Label::kPresent}), 0);
}

TEST(ChallengeMix, OneCellIsEnoughAndNoneIsNothing) {
  ChallengeMix mix;
  SeededRandom random(3);
  for (std::size_t i = 0; i < kNumCells; ++i) {
    PerCell<std::uint64_t> stock{};
    stock.at(i) = 1;
    EXPECT_EQ(mix.choose(stock, random), cell_at(i));
  }
  EXPECT_EQ(mix.choose({}, random), std::nullopt);
}

TEST(ChallengeMix, WhoCountsAlongCannotTellTheNextLabel) {
  // A long absence of one label, then both: the debt is made up for, but never by more than 60 %.
  ChallengeMix mix;
  SeededRandom random(4);
  for (int i = 0; i < 500; ++i) mix.count({.origin = ImageOrigin::kReal, .label = Label::kAbsent});
  int num_present = 0;
  constexpr int kNumDraws = 20'000;
  for (int i = 0; i < kNumDraws; ++i) {
    num_present += mix.choose(full_stock(), random)->label == Label::kPresent ? 1 : 0;
  }
  EXPECT_NEAR(num_present / static_cast<double>(kNumDraws), 0.6, 0.015);
}

TEST(Cell, NamesAndNumbersAreOneToOne) {
  for (std::size_t i = 0; i < kNumCells; ++i) {
    const Cell cell = cell_at(i);
    EXPECT_EQ(index_of(cell), i);
    EXPECT_EQ(parse_image_origin(to_string(cell.origin)).value(), cell.origin);
    EXPECT_EQ(parse_label(name_of(cell.label)).value(), cell.label);
  }
  EXPECT_EQ(to_string(cell_at(3)), "t2i/roadwork");
  EXPECT_FALSE(parse_image_origin("t2v"));
  EXPECT_FALSE(parse_label("Roadwork"));
}

}  // namespace
}  // namespace assay::validator
