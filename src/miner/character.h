/// \file
/// How a miner behaves. A miner that earns is honest; the others are for local networks, where a
/// validator has to tell them apart.

#pragma once

#include "core/bytes.h"
#include "core/random.h"
#include "core/result.h"
#include "core/sha256.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::miner {

enum class Character : std::uint8_t {
  kHonest,
  kSlow,           ///< Answers late.
  kLazy,           ///< Looks at some images only, and declines the others.
  kGuessing,       ///< Says anything.
  kYesSaying,      ///< Says that all is roadwork.
  kColluding,      ///< Errs in the same places as all who share its key.
  kOffline,        ///< Is registered, and not there.
  kFalseClaiming,  ///< Reports generated images that it never made.
  kFlooding,       ///< Answers with far more than was asked for.
};

/// `honest`, `slow`, `lazy`, `guessing`, `yes-saying`, `colluding`, `offline`, `false-claiming` or
/// `flooding`.
std::string_view to_string(Character character);
/// Errors: kInvalidInput.
Result<Character> parse_character(std::string_view text);
/// All names, for a help.
std::string character_names();

struct CharacterOptions {
  Character character = Character::kHonest;
  /// Of kColluding: who shares it errs alike.
  std::string collusion_key = {};
  /// Of kColluding: the share of answers that are turned round.
  double error_share = 0.15;
  /// Of kSlow.
  std::chrono::milliseconds delay = std::chrono::seconds(3);
  /// Of kLazy: the share of images that it looks at.
  double answered_share = 0.5;
  /// Of kFlooding: what an answer is filled up to, and how often a callback is sent.
  ByteCount flood_size = ByteCount(4U << 20);
  int num_callbacks = 20;
};

/// The answer of one who does not look at the image, kNoPrediction among them; nothing for one who
/// does.
std::optional<double> answer_unseen(const CharacterOptions& options, RandomSource& random);

/// What one who looked at the image says of it.
double answer_seen(const CharacterOptions& options, double probability, const Sha256& image);

}  // namespace assay::miner
