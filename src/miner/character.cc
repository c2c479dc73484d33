#include "miner/character.h"

#include "core/check.h"
#include "crypto/digest.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace assay::miner {
namespace {

using Named = std::pair<Character, std::string_view>;
constexpr std::array<Named, 9> kNames = {{{Character::kHonest, "honest"},
                                          {Character::kSlow, "slow"},
                                          {Character::kLazy, "lazy"},
                                          {Character::kGuessing, "guessing"},
                                          {Character::kYesSaying, "yes-saying"},
                                          {Character::kColluding, "colluding"},
                                          {Character::kOffline, "offline"},
                                          {Character::kFalseClaiming, "false-claiming"},
                                          {Character::kFlooding, "flooding"}}};

/// From 0 to 1, the same for all who share the key and see the same bytes.
double shared_number(std::string_view key, const Sha256& image) {
  crypto::Sha256Hasher hasher;
  hasher.update(key);
  hasher.update(image.bytes());
  const Sha256 digest = hasher.finish();
  std::uint64_t seed = 0;
  std::memcpy(&seed, digest.bytes().data(), sizeof seed);
  return SeededRandom(seed).unit();
}

}  // namespace

std::string_view to_string(Character character) {
  const auto* const found = std::ranges::find(kNames, character, &Named::first);
  CHECK(found != kNames.end(), "a Character outside its enumerators");
  return found->second;
}

Result<Character> parse_character(std::string_view text) {
  const auto* const found = std::ranges::find(kNames, text, &Named::second);
  if (found != kNames.end()) return found->first;
  return invalid_input(fmt::format("expected one of {}", character_names()));
}

std::string character_names() {
  std::string names;
  for (const auto& [character, name] : kNames) {
    names += names.empty() ? "" : ", ";
    names += name;
  }
  return names;
}

std::optional<double> answer_unseen(const CharacterOptions& options, RandomSource& random) {
  switch (options.character) {
    case Character::kGuessing:
      return random.unit();
    case Character::kYesSaying:
      return 1.0;
    case Character::kLazy:
      if (random.unit() < options.answered_share) return std::nullopt;
      return protocol::kNoPrediction;
    default:
      return std::nullopt;
  }
}

double answer_seen(const CharacterOptions& options, double probability, const Sha256& image) {
  if (options.character != Character::kColluding) return probability;
  const bool errs = shared_number(options.collusion_key, image) < options.error_share;
  return errs ? 1 - probability : probability;
}

}  // namespace assay::miner
