#include "scoring/synthetic_fleet.h"

#include "core/parse_number.h"
#include "core/shown_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace assay::scoring {
namespace {

constexpr std::int64_t kMaxFleet = 4'096;
constexpr double kSkilledAccuracy = 0.93;
constexpr double kFairAccuracy = 0.80;

constexpr std::array<std::string_view, kNumCharacters> kNames = {
    "skilled", "fair", "doubting", "guessing", "yes", "copying", "broken", "silent"};

Result<Character> parse_character(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Character>(i);
  }
  return invalid_input(fmt::format("there is no character {}; there are {}", shown_text(name),
                                   fmt::join(kNames, ", ")));
}

/// The prediction of a miner who is right with this chance and `sure` of it.
double answer_with(bool is_right, Label label, double sure) {
  return is_right == (label == Label::kPresent) ? sure : 1 - sure;
}

std::optional<double> prediction_of(Character character, Label label, std::optional<double> first,
                                    RandomSource& random) {
  switch (character) {
    case Character::kSkilled:
      return answer_with(random.unit() < kSkilledAccuracy, label, 1);
    case Character::kFair:
      return answer_with(random.unit() < kFairAccuracy, label, 1);
    case Character::kDoubting: {
      // Between a coin's 0.6 and certainty, 0.8 on average, and true each time.
      const double sure = 0.6 + 0.4 * random.unit();
      return answer_with(random.unit() < sure, label, sure);
    }
    case Character::kGuessing:
      return random.below(2) == 1 ? 1.0 : 0.0;
    case Character::kYes:
      return 1.0;
    case Character::kCopying:
      return first;
    case Character::kBroken:
      return std::numeric_limits<double>::quiet_NaN();
    case Character::kSilent:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Character character) {
  return kNames[static_cast<std::size_t>(character)];
}

bool is_honest(Character character) {
  return character == Character::kSkilled || character == Character::kFair ||
         character == Character::kDoubting || character == Character::kCopying;
}

Result<std::vector<FleetMember>> parse_fleet(std::string_view text) {
  std::vector<FleetMember> fleet;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view part = text.substr(from, comma - from);
    from = comma + 1;
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      return invalid_input(
          fmt::format("a fleet is written as skilled=2,guessing=1; found {}", shown_text(part)));
    }
    ASSIGN_OR_RETURN(const Character character, parse_character(part.substr(0, equals)));
    ASSIGN_OR_RETURN(const std::int64_t count, parse_integer(part.substr(equals + 1)));
    if (count < 0 || count + static_cast<std::int64_t>(fleet.size()) > kMaxFleet) {
      return invalid_input(fmt::format("a fleet has up to {} members", kMaxFleet));
    }
    for (std::int64_t i = 0; i < count; ++i) {
      fleet.push_back({.character = character,
                       .hotkey = fmt::format("{}-{}", to_string(character), fleet.size())});
    }
  }
  if (fleet.empty()) return invalid_input("the fleet has no members");
  if (fleet.front().character == Character::kCopying) {
    return invalid_input("the first member of a fleet is whom others copy: it cannot copy itself");
  }
  return fleet;
}

std::vector<RecordedAnswer> synthetic_history(std::span<const FleetMember> fleet,
                                              std::size_t num_challenges, RandomSource& random) {
  std::vector<RecordedAnswer> history;
  history.reserve(fleet.size() * num_challenges);
  Label label = Label::kAbsent;
  for (std::size_t i = 0; i < num_challenges; ++i) {
    const bool is_second = i % 2 == 1;
    const bool is_present = is_second ? label == Label::kAbsent : random.below(2) == 1;
    label = is_present ? Label::kPresent : Label::kAbsent;
    std::optional<double> first;
    for (std::size_t uid = 0; uid < fleet.size(); ++uid) {
      const auto prediction = prediction_of(fleet[uid].character, label, first, random);
      if (uid == 0) first = prediction;
      history.push_back({.line = history.size() + 1,
                         .uid = static_cast<Uid>(uid),
                         .hotkey = fleet[uid].hotkey,
                         .answer = {.label = label, .prediction = prediction},
                         .challenge = fmt::format("{}", i)});
    }
  }
  return history;
}

}  // namespace assay::scoring
