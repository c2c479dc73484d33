/// \file
/// What a validator's figures say of a miner, in words.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::up {

/// What the validator knows of one miner: figures alone, not what the miner is.
struct MinerFacts {
  std::uint16_t uid = 0;
  std::string name = {};
  std::string hotkey = {};

  std::uint64_t num_asked = 0;
  std::uint64_t num_answered = 0;  ///< With a valid answer.
  /// What kept it from answering most often, such as `timeout`; empty: nothing did.
  std::string silence = {};
  std::uint64_t num_declined = 0;  ///< Requests to which it said that it does not know.
  std::uint64_t num_floods = 0;    ///< Answers that were longer than any that is read.
  double accuracy = 0;             ///< Share of right answers.
  double false_alarm_share = 0;    ///< Share of `yes` where no roadwork was.
  double miss_share = 0;           ///< Share of `no` where roadwork was.
  std::chrono::milliseconds mean_latency{0};
  double score = 0;
  double weight_share = 0;  ///< Of all weight that was set the last time.
  /// Whose errors it shares; nothing for most.
  std::optional<std::uint16_t> copies = std::nullopt;

  std::uint64_t num_jobs_claimed = 0;  ///< Generation jobs that it called done, with an image.
  std::uint64_t num_jobs_missing = 0;  ///< Of these, those whose image does not exist.
};

enum class Verdict : std::uint8_t {
  kUnknown,  ///< Too few answers.
  kHonest,
  kSlow,
  kGuesses,
  kAlwaysYes,
  kCopies,
  kOffline,
  kFalseClaims,
  kLazy,      ///< Leaves many requests without an opinion.
  kFloods,    ///< Answers with far more than was asked for.
  kUnusable,  ///< Answers, and never with anything that is one.
};

/// `honest`, `always_yes`: for JSON.
std::string_view to_string(Verdict verdict);
/// `honest`, `always says yes`: for people.
std::string_view words_of(Verdict verdict);
/// All but kUnknown and kHonest, and kSlow: a slow one is none to blame.
bool is_dishonest(Verdict verdict);

struct Judged {
  MinerFacts facts = {};
  Verdict verdict = Verdict::kUnknown;
  /// The figures that decided, in words.
  std::string why = {};
};

/// Judge each; who answers slowly is seen against the others. Order: of `miners`.
std::vector<Judged> judge(std::span<const MinerFacts> miners);

}  // namespace assay::up
