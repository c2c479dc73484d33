/// \file
/// Miners of known characters, who answer made-up challenges: to see what a formula pays to whom.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "scoring/answer_history.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::scoring {

enum class Character : std::uint8_t {
  kSkilled,   ///< Right 93 times in 100, says so with 0 and 1.
  kFair,      ///< Right 80 times in 100, likewise.
  kDoubting,  ///< Right 80 times in 100, and says each time how sure it is.
  kGuessing,  ///< Tosses a coin.
  kYes,       ///< Always sees what is asked for.
  kCopying,   ///< Says what the first miner of the fleet says.
  kBroken,    ///< Answers NaN.
  kSilent,    ///< Never answers.
};
inline constexpr std::size_t kNumCharacters = 8;

std::string_view to_string(Character character);
/// Whether it looks at the images, itself or by another's eyes.
bool is_honest(Character character);

struct FleetMember {
  Character character = Character::kSkilled;
  std::string hotkey;
};

/// Read `skilled=2,guessing=1`: members in that order, uids from 0. Errors: kInvalidInput (not that
/// form, no such character, nobody, over 4,096 members, or a first one that copies).
Result<std::vector<FleetMember>> parse_fleet(std::string_view text);

/// Let the fleet answer `num_challenges` challenges, all of it each one. Labels come in pairs of
/// both, in random order, so that there are as many of each.
std::vector<RecordedAnswer> synthetic_history(std::span<const FleetMember> fleet,
                                              std::size_t num_challenges, RandomSource& random);

}  // namespace assay::scoring
