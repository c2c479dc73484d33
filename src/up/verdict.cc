#include "up/verdict.h"

#include "report/number_text.h"
#include "statistics/binomial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace assay::up {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kFewestRequests = 5;
constexpr std::uint64_t kFewestAnswers = 10;
constexpr std::uint64_t kFewestClaims = 2;
/// Of a miner that is called better than a coin: of many who guess, none shall be.
constexpr double kCoinConfidence = 0.999;
constexpr double kConfidence = 0.95;
/// Who declines more than this, or floods so often, does it on purpose.
constexpr double kTolerated = 0.1;
constexpr double kCoin = 0.5;
/// Who says yes to so many images without roadwork says it to all.
constexpr double kAlways = 0.9;
/// A claim is lost by accident now and then; this share of claims is none.
constexpr double kAccidents = 0.2;
/// Slow is who takes so much longer than most do: on a busy machine all take long.
constexpr milliseconds kSlower{1500};

milliseconds median_latency(std::span<const MinerFacts> miners) {
  std::vector<milliseconds> all;
  for (const MinerFacts& miner : miners) {
    if (miner.num_answered > 0) all.push_back(miner.mean_latency);
  }
  if (all.empty()) return milliseconds(0);
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::ranges::nth_element(all, middle);
  return *middle;
}

/// `34 ms`, `2.9 s`.
std::string time_text(milliseconds time) {
  if (time < std::chrono::seconds(1)) return fmt::format("{} ms", time.count());
  return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
}

/// Also how many requests it left without one, where that is more than a few.
std::string accuracy_text(const MinerFacts& facts) {
  std::string text = fmt::format("{} right of {}", report::plain_share_text(facts.accuracy),
                                 report::counted(facts.num_answered, "answer", "answers"));
  const std::uint64_t num_silent = facts.num_asked - std::min(facts.num_answered, facts.num_asked);
  if (static_cast<double>(num_silent) > kTolerated * static_cast<double>(facts.num_asked)) {
    text += fmt::format(", none to {} of {} requests", num_silent, facts.num_asked);
    if (!facts.silence.empty()) text += fmt::format(" ({})", facts.silence);
  }
  return text;
}

/// Whether so many of all requests are surely more than what is tolerated.
bool is_often(std::uint64_t count, const MinerFacts& facts) {
  return facts.num_asked >= kFewestRequests && count <= facts.num_asked &&
         statistics::clopper_pearson(count, facts.num_asked, kConfidence).lower > kTolerated;
}

/// It answers, but with nothing of worth.
bool is_unusable(std::string_view silence) {
  return silence == "unreadable" || silence == "wrong_type" || silence == "not_finite" ||
         silence == "out_of_range";
}

struct Opinion {
  Verdict verdict = Verdict::kUnknown;
  std::string why = {};
};

Opinion opinion_of_answers(const MinerFacts& facts, milliseconds usual) {
  const auto num_right = static_cast<std::uint64_t>(
      std::llround(facts.accuracy * static_cast<double>(facts.num_answered)));
  const auto rate_within = [&](double confidence) {
    return statistics::clopper_pearson(std::min(num_right, facts.num_answered), facts.num_answered,
                                       confidence);
  };
  const bool is_coin = rate_within(kCoinConfidence).lower <= kCoin;
  if (facts.false_alarm_share >= kAlways && facts.miss_share <= 1 - kAlways) {
    return {Verdict::kAlwaysYes,
            fmt::format("says yes to {} of the images without roadwork; {}",
                        report::plain_share_text(facts.false_alarm_share), accuracy_text(facts))};
  }
  if (is_coin && rate_within(kConfidence).upper < 1 - (1 - kCoin) / 3) {
    return {Verdict::kGuesses, accuracy_text(facts) + ": no better than a coin"};
  }
  if (is_coin) return {Verdict::kUnknown, accuracy_text(facts) + ": too few to tell"};
  if (facts.mean_latency >= usual + kSlower) {
    return {Verdict::kSlow,
            fmt::format("{} an answer, where {} is usual; {}", time_text(facts.mean_latency),
                        time_text(usual), accuracy_text(facts))};
  }
  return {Verdict::kHonest, accuracy_text(facts)};
}

Opinion opinion_of(const MinerFacts& facts, milliseconds usual) {
  if (facts.num_jobs_claimed >= kFewestClaims &&
      static_cast<double>(facts.num_jobs_missing) >
          kAccidents * static_cast<double>(facts.num_jobs_claimed)) {
    std::string why = fmt::format("{} of {} images that it claims do not exist",
                                  facts.num_jobs_missing, facts.num_jobs_claimed);
    // What its weight comes from.
    if (facts.num_answered > 0) why += "; of images it is asked about: " + accuracy_text(facts);
    return {Verdict::kFalseClaims, std::move(why)};
  }
  if (is_often(facts.num_floods, facts)) {
    return {Verdict::kFloods, fmt::format("{} of {} answers were longer than any that is read",
                                          facts.num_floods, facts.num_asked)};
  }
  if (facts.num_answered == 0 && is_often(facts.num_declined, facts)) {
    return {Verdict::kLazy, fmt::format("declined {} of {} requests, and answered none",
                                        facts.num_declined, facts.num_asked)};
  }
  if (facts.num_asked >= kFewestRequests && facts.num_answered == 0) {
    std::string why = fmt::format("no answer to {} requests", facts.num_asked);
    if (is_unusable(facts.silence)) {
      return {Verdict::kUnusable, fmt::format("no answer to {} requests that can be read ({})",
                                              facts.num_asked, facts.silence)};
    }
    if (!facts.silence.empty()) why += fmt::format(" ({})", facts.silence);
    return {Verdict::kOffline, std::move(why)};
  }
  if (facts.copies) {
    return {Verdict::kCopies,
            fmt::format("its answers go with those of uid {} far beyond chance; {}", *facts.copies,
                        accuracy_text(facts))};
  }
  if (facts.num_answered < kFewestAnswers) {
    return {Verdict::kUnknown,
            fmt::format("{} so far", report::counted(facts.num_answered, "answer", "answers"))};
  }
  Opinion opinion = opinion_of_answers(facts, usual);
  const bool is_better = opinion.verdict == Verdict::kHonest || opinion.verdict == Verdict::kSlow ||
                         opinion.verdict == Verdict::kUnknown;
  if (is_better && is_often(facts.num_declined, facts)) {
    return {Verdict::kLazy,
            fmt::format("declined {} of {} requests; {} right of the others", facts.num_declined,
                        facts.num_asked, report::plain_share_text(facts.accuracy))};
  }
  return opinion;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUnknown:
      return "unknown";
    case Verdict::kHonest:
      return "honest";
    case Verdict::kSlow:
      return "slow";
    case Verdict::kGuesses:
      return "guesses";
    case Verdict::kAlwaysYes:
      return "always_yes";
    case Verdict::kCopies:
      return "copies";
    case Verdict::kOffline:
      return "offline";
    case Verdict::kFalseClaims:
      return "false_claims";
    case Verdict::kLazy:
      return "lazy";
    case Verdict::kFloods:
      return "floods";
    case Verdict::kUnusable:
      return "unusable";
  }
  return "unknown";
}

std::string_view words_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUnknown:
      return "not known yet";
    case Verdict::kHonest:
      return "honest";
    case Verdict::kSlow:
      return "slow but honest";
    case Verdict::kGuesses:
      return "guesses";
    case Verdict::kAlwaysYes:
      return "always says yes";
    case Verdict::kCopies:
      return "copies a neighbour";
    case Verdict::kOffline:
      return "offline";
    case Verdict::kFalseClaims:
      return "claims false images";
    case Verdict::kLazy:
      return "lazy";
    case Verdict::kFloods:
      return "floods";
    case Verdict::kUnusable:
      return "answers nonsense";
  }
  return "not known yet";
}

bool is_dishonest(Verdict verdict) {
  return verdict != Verdict::kUnknown && verdict != Verdict::kHonest && verdict != Verdict::kSlow;
}

std::vector<Judged> judge(std::span<const MinerFacts> miners) {
  const milliseconds usual = median_latency(miners);
  std::vector<Judged> judged;
  judged.reserve(miners.size());
  for (const MinerFacts& facts : miners) {
    Opinion opinion = opinion_of(facts, usual);
    judged.push_back({.facts = facts, .verdict = opinion.verdict, .why = std::move(opinion.why)});
  }
  return judged;
}

}  // namespace assay::up
