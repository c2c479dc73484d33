#include "miner/character.h"

#include "crypto/digest.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace assay::miner {
namespace {

CharacterOptions of(Character character) { return {.character = character}; }

TEST(Character, ReadsTheNamesThatItWrites) {
  for (const char* name : {"honest", "slow", "lazy", "guessing", "yes-saying", "colluding",
                           "offline", "false-claiming", "flooding"}) {
    const auto character = parse_character(name);
    ASSERT_TRUE(character) << name;
    EXPECT_EQ(to_string(*character), name);
  }
  EXPECT_FALSE(parse_character("Honest"));
}

TEST(Character, OnlyThoseWhoLookSeeTheImage) {
  SeededRandom random(1);
  for (const Character looks : {Character::kHonest, Character::kSlow, Character::kColluding,
                                Character::kFalseClaiming, Character::kFlooding}) {
    EXPECT_EQ(answer_unseen(of(looks), random), std::nullopt);
  }
  EXPECT_EQ(answer_unseen(of(Character::kYesSaying), random), 1.0);
  EXPECT_NE(answer_unseen(of(Character::kGuessing), random),
            answer_unseen(of(Character::kGuessing), random));
}

TEST(Character, ALazyOneLooksAtItsShare) {
  SeededRandom random(1);
  int num_declined = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto answer = answer_unseen(of(Character::kLazy), random);
    if (!answer) continue;
    EXPECT_EQ(*answer, protocol::kNoPrediction);
    ++num_declined;
  }
  EXPECT_NEAR(num_declined, 500, 60);
}

TEST(Character, ThoseWhoShareAKeyErrOnTheSameImages) {
  const CharacterOptions one{.character = Character::kColluding, .collusion_key = "a"};
  const CharacterOptions other{.character = Character::kColluding, .collusion_key = "b"};
  int num_errors = 0;
  int num_common = 0;
  for (int i = 0; i < 1000; ++i) {
    const Sha256 image = crypto::sha256(fmt::format("image {}", i));
    EXPECT_EQ(answer_seen(one, 0.9, image), answer_seen(one, 0.9, image));
    const bool errs = answer_seen(one, 0.9, image) < 0.5;
    num_errors += errs ? 1 : 0;
    num_common += errs && answer_seen(other, 0.9, image) < 0.5 ? 1 : 0;
  }
  EXPECT_NEAR(num_errors, 150, 40);
  EXPECT_LT(num_common, 45);
  EXPECT_EQ(answer_seen(of(Character::kHonest), 0.9, crypto::sha256("x")), 0.9);
}

}  // namespace
}  // namespace assay::miner
