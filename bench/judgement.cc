/// \file
/// How well the two rules of the audit tell false claims from accidents: simulated fleets, where
/// the truth is known, judged by the very code that judges exports.
///
/// A fleet has 100 miners; 20 of them claim falsely. Of a miner's jobs a share fails, without
/// image; of the others, which are its successes, an honest miner loses a share of the images by
/// accident. A false claimer never made 10 to 80 % of them (uniform, one share a miner) and loses
/// some of the rest. Miners differ: a miner's share of failures is drawn from Beta(1.1, 17.2),
/// mean 6.0 %, its share of lost images from Beta(1.3, 184), mean 0.7 %. The means are given with
/// the reference figures, the two shapes are not: they were chosen so that the ratio rule comes out
/// close to them.

#include "audit/judgement.h"

#include "audit/flag.h"
#include "core/check.h"
#include "core/parse_number.h"
#include "core/random.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

namespace {

using assay::RandomSource;
using assay::SeededRandom;
using assay::audit::MinerTotals;

constexpr std::size_t kFleetSize = 100;
constexpr std::size_t kNumClaimers = 20;

/// Beta distribution over shares.
struct Beta {
  double alpha;
  double beta;
};
constexpr Beta kFailedShare{1.1, 17.2};
constexpr Beta kLostShare{1.3, 184};

/// Uniform in (0, 1), so that its logarithm is finite.
double open_unit(RandomSource& random) { return 1 - random.unit(); }

double normal(RandomSource& random) {
  return std::sqrt(-2 * std::log(open_unit(random))) *
         std::cos(2 * std::numbers::pi * random.unit());
}

/// By G. Marsaglia and W. Tsang's rejection from a cubed normal. Pre: `shape` >= 1.
double gamma(RandomSource& random, double shape) {
  const double d = shape - 1.0 / 3;
  while (true) {
    const double x = normal(random);
    const double root = 1 + x / std::sqrt(9 * d);
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(open_unit(random)) < x * x / 2 + d * (1 - v + std::log(v))) return d * v;
  }
}

double draw(RandomSource& random, const Beta& share) {
  const double one = gamma(random, share.alpha);
  return one / (one + gamma(random, share.beta));
}

/// How many of `trials` hit, each with `probability`: from hit to hit, whose distances are
/// geometric.
std::uint64_t binomial(RandomSource& random, std::uint64_t trials, double probability) {
  if (probability <= 0) return 0;
  std::uint64_t hits = 0;
  double position = 0;
  const double scale = 1 / std::log1p(-probability);
  while (true) {
    position += std::floor(std::log(open_unit(random)) * scale) + 1;
    if (position > static_cast<double>(trials)) return hits;
    ++hits;
  }
}

MinerTotals draw_miner(RandomSource& random, std::uint64_t jobs, bool claims_falsely) {
  const double failed_share = draw(random, kFailedShare);
  const double lost_share = draw(random, kLostShare);
  const double false_share = claims_falsely ? 0.1 + 0.7 * random.unit() : 0;
  const std::uint64_t failed = binomial(random, jobs, failed_share);
  const std::uint64_t success_missing =
      binomial(random, jobs - failed, false_share + (1 - false_share) * lost_share);
  return {.hotkey = "miner",
          .jobs = jobs,
          .claims = jobs - failed,
          .missing_jobs = failed + success_missing,
          .success_missing = success_missing};
}

bool is_flagged_by_ratio(const MinerTotals& miner) {
  const double ratio = miner.missing_jobs == 0 ? 0
                                               : static_cast<double>(miner.success_missing) /
                                                     static_cast<double>(miner.missing_jobs);
  const assay::python_form::PythonInteger missing(static_cast<std::int64_t>(miner.missing_jobs));
  return assay::audit::is_suspect(ratio, missing, {});
}

struct Tally {
  std::uint64_t claimers = 0;
  std::uint64_t claimers_flagged = 0;
  std::uint64_t honest = 0;
  std::uint64_t honest_flagged = 0;

  void count(bool claims_falsely, bool is_flagged) {
    ++(claims_falsely ? claimers : honest);
    if (is_flagged) ++(claims_falsely ? claimers_flagged : honest_flagged);
  }
};

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

void print_row(std::string_view rule, const Tally& tally, std::string_view reference) {
  fmt::print(
      "  {:<10}  {:>6.1f} %  {:>6.2f} %  {:>6.2f} %     {}\n", rule,
      percent(tally.claimers_flagged, tally.claimers), percent(tally.honest_flagged, tally.honest),
      percent(tally.honest_flagged, tally.honest_flagged + tally.claimers_flagged), reference);
}

struct Row {
  std::uint64_t jobs;
  std::string_view ratio_reference;
  std::string_view claims_reference;
};
constexpr std::array<Row, 3> kRows{{{134, "66 % / 0 / 0", "99.0 % / 0 / 0.01 %"},
                                    {1'000, "98.5 % / 0.3 % / 1.2 %", "100 % / 0.06 % / 0.2 %"},
                                    {10'000, "98.3 % / 8.1 % / 25 %", "100 % / 0.3 % / 1.1 %"}}};

void simulate(const Row& row, std::uint64_t num_fleets, RandomSource& random) {
  Tally by_ratio;
  Tally by_claims;
  std::chrono::nanoseconds judging{0};
  for (std::uint64_t i = 0; i < num_fleets; ++i) {
    std::vector<MinerTotals> fleet;
    for (std::size_t miner = 0; miner < kFleetSize; ++miner) {
      fleet.push_back(draw_miner(random, row.jobs, miner < kNumClaimers));
    }
    const auto start = std::chrono::steady_clock::now();
    const auto judged = assay::audit::judge_claims(fleet, {});
    judging += std::chrono::steady_clock::now() - start;
    CHECK(judged.has_value(), "a simulated fleet was refused");
    for (std::size_t miner = 0; miner < kFleetSize; ++miner) {
      by_ratio.count(miner < kNumClaimers, is_flagged_by_ratio(fleet[miner]));
      by_claims.count(miner < kNumClaimers, (*judged)[miner].suspect);
    }
  }
  fmt::print("{} jobs a miner ({:.1f} us to judge one)\n", row.jobs,
             std::chrono::duration<double, std::micro>(judging).count() /
                 static_cast<double>(num_fleets * kFleetSize));
  print_row("ratio rule", by_ratio, row.ratio_reference);
  print_row("claims", by_claims, row.claims_reference);
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t num_fleets = 400;
  std::int64_t seed = 20251027;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    const auto value = assay::parse_integer(i + 1 < argc ? argv[i + 1] : "");
    if ((name != "--fleets" && name != "--seed") || !value || *value < 1) {
      fmt::print(stderr, "usage: bench_judgement [--fleets N] [--seed N]\n");
      return 2;
    }
    (name == "--fleets" ? num_fleets : seed) = *value;
  }
  fmt::print(
      "{} fleets of {} miners, {} of them claiming falsely; seed {}\n"
      "  rule        claimers    honest     false among   reference: the same three\n"
      "              found       flagged    the flagged\n",
      num_fleets, kFleetSize, kNumClaimers, seed);
  SeededRandom random(static_cast<std::uint64_t>(seed));
  for (const Row& row : kRows) simulate(row, static_cast<std::uint64_t>(num_fleets), random);
}
