/// \file
/// How well the formulas of the validator tell miners apart: simulated miners, whose skill is
/// known, scored by the very code that scores answers.

#include "core/check.h"
#include "core/parse_number.h"
#include "core/random.h"
#include "scoring/copies.h"
#include "scoring/score_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string_view>
#include <vector>

namespace {

using assay::RandomSource;
using assay::SeededRandom;
using namespace assay::scoring;

constexpr std::array kFormulas = {Formula::kNatix, Formula::kCalibrated};

/// As many of each label, in random order: in pairs of both.
std::vector<Label> balanced_labels(std::size_t size, RandomSource& random) {
  std::vector<Label> labels;
  for (std::size_t i = 0; i < size; i += 2) {
    const bool first = random.below(2) == 1;
    labels.push_back(first ? Label::kPresent : Label::kAbsent);
    labels.push_back(first ? Label::kAbsent : Label::kPresent);
  }
  return labels;
}

/// 0 or 1, and nothing of how sure.
Answer bare_answer(Label label, bool is_right) {
  return {.label = label, .prediction = is_right == (label == Label::kPresent) ? 1.0 : 0.0};
}

/// The score after `labels` of a miner of this accuracy.
std::array<double, 2> scores_of(const std::vector<Label>& labels, double accuracy,
                                RandomSource& random) {
  std::array books{ScoreBook(kFormulas[0]), ScoreBook(kFormulas[1])};
  for (const Label label : labels) {
    const Answer answer = bare_answer(label, random.unit() < accuracy);
    for (ScoreBook& book : books) book.record(0, "miner", answer);
  }
  return {books[0].scores()[0], books[1].scores()[0]};
}

void measure_ranking(std::size_t num_challenges, double limit, std::int64_t num_pairs,
                     RandomSource& random) {
  std::array<double, 2> in_order{};
  for (std::int64_t pair = 0; pair < num_pairs; ++pair) {
    const auto labels = balanced_labels(num_challenges, random);
    const auto better = scores_of(labels, 0.93, random);
    const auto worse = scores_of(labels, 0.80, random);
    for (std::size_t i = 0; i < kFormulas.size(); ++i) {
      if (better[i] > worse[i]) in_order[i] += 1;
      if (better[i] == worse[i]) in_order[i] += 0.5;
    }
  }
  const auto pairs = static_cast<double>(num_pairs);
  fmt::print("  after {:>3}   natix {:.4f}   calibrated {:.4f}   binomial limit {:.3f}\n",
             num_challenges, in_order[0] / pairs, in_order[1] / pairs, limit);
}

/// What guessers and yes-sayers get of a fleet with as many of 93 %, 80 %, guessing and yes-saying.
void measure_lazy_share(std::int64_t num_fleets, RandomSource& random) {
  constexpr std::size_t kEach = 4;
  std::array<double, 2> lazy{};
  std::array<double, 2> largest{};
  for (std::int64_t fleet = 0; fleet < num_fleets; ++fleet) {
    std::array books{ScoreBook(kFormulas[0]), ScoreBook(kFormulas[1])};
    for (int challenge = 0; challenge < 100; ++challenge) {
      const Label label = random.below(2) == 1 ? Label::kPresent : Label::kAbsent;
      for (Uid uid = 0; uid < 4 * kEach; ++uid) {
        const std::array chances{0.93, 0.80, 0.5};
        const std::size_t kind = uid / kEach;
        const bool is_right =
            kind == 3 ? label == Label::kPresent : random.unit() < chances.at(kind);
        for (ScoreBook& book : books) book.record(uid, "miner", bare_answer(label, is_right));
      }
    }
    for (std::size_t i = 0; i < books.size(); ++i) {
      double all = 0;
      double of_lazy = 0;
      for (Uid uid = 0; uid < 4 * kEach; ++uid) {
        all += books[i].miners()[uid].score;
        if (uid >= 2 * kEach) of_lazy += books[i].miners()[uid].score;
      }
      lazy[i] += of_lazy / all / static_cast<double>(num_fleets);
      largest[i] = std::max(largest[i], of_lazy / all);
    }
  }
  for (std::size_t i = 0; i < kFormulas.size(); ++i) {
    fmt::print("  {:<10}  {:>6.3f} % on average, {:>6.3f} % in the worst fleet\n",
               to_string(kFormulas[i]), 100 * lazy[i], 100 * largest[i]);
  }
}

/// `hardness` of an image is uniform in [0, 1).
using AccuracyOf = std::function<double(std::size_t miner, double hardness)>;

AnswerSheet sheet_of(std::size_t num_miners, const AccuracyOf& accuracy_of, RandomSource& random) {
  AnswerSheet sheet{.num_miners = num_miners};
  for (int i = 0; i < 200; ++i) {
    AnswerSheet::Challenge challenge{.label =
                                         random.below(2) == 1 ? Label::kPresent : Label::kAbsent};
    const double hardness = random.unit();
    for (std::size_t miner = 0; miner < num_miners; ++miner) {
      challenge.answers.push_back(
          bare_answer(challenge.label, random.unit() < accuracy_of(miner, hardness)));
    }
    sheet.challenges.push_back(std::move(challenge));
  }
  return sheet;
}

/// From 50 % to 97 %, miner by miner.
double spread_accuracy(std::size_t miner) { return 0.5 + 0.47 * static_cast<double>(miner) / 63; }

void measure_accusations(std::string_view what, const AccuracyOf& accuracy_of,
                         std::int64_t num_fleets, RandomSource& random) {
  std::int64_t accused = 0;
  std::chrono::nanoseconds judging{0};
  for (std::int64_t fleet = 0; fleet < num_fleets; ++fleet) {
    const AnswerSheet sheet = sheet_of(64, accuracy_of, random);
    const auto start = std::chrono::steady_clock::now();
    accused += find_copies(sheet).empty() ? 0 : 1;
    judging += std::chrono::steady_clock::now() - start;
  }
  fmt::print(
      "  {:<44} {} of {} fleets with an accusation ({:.1f} ms to judge one)\n", what, accused,
      num_fleets,
      std::chrono::duration<double, std::milli>(judging).count() / static_cast<double>(num_fleets));
}

void measure_detection(double accuracy, double error, std::int64_t num_fleets,
                       RandomSource& random) {
  std::int64_t found = 0;
  for (std::int64_t fleet = 0; fleet < num_fleets; ++fleet) {
    AnswerSheet sheet = sheet_of(
        64,
        [&](std::size_t miner, double) { return miner == 0 ? accuracy : spread_accuracy(miner); },
        random);
    // The copy answers on its own now and then.
    for (auto& challenge : sheet.challenges) {
      if (random.unit() >= error) challenge.answers[40] = challenge.answers[0];
    }
    const auto pairs = find_copies(sheet);
    for (const CopyPair& pair : pairs) found += pair.first == 0 && pair.second == 40 ? 1 : 0;
  }
  fmt::print("  a miner of {:.0f} %, copied in {:>3.0f} of 100      found in {} of {} fleets\n",
             100 * accuracy, 100 * (1 - error), found, num_fleets);
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t num_fleets = 1'000;
  std::int64_t num_pairs = 20'000;
  std::int64_t seed = 20251219;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    const auto value = assay::parse_integer(i + 1 < argc ? argv[i + 1] : "");
    if ((name != "--fleets" && name != "--seed" && name != "--pairs") || !value || *value < 1) {
      fmt::print(stderr, "usage: bench_answer_judgement [--fleets N] [--pairs N] [--seed N]\n");
      return 2;
    }
    (name == "--fleets" ? num_fleets : name == "--pairs" ? num_pairs : seed) = *value;
  }
  SeededRandom random(static_cast<std::uint64_t>(seed));
  fmt::print("P(a miner of 93 % outranks one of 80 %), bare answers, {} pairs; seed {}\n",
             num_pairs, seed);
  measure_ranking(10, 0.798, num_pairs, random);
  measure_ranking(20, 0.888, num_pairs, random);
  measure_ranking(50, 0.974, num_pairs, random);
  fmt::print("Share of guessers and yes-sayers after 100 challenges, {} fleets\n", num_fleets);
  measure_lazy_share(num_fleets, random);
  fmt::print("Copies over 200 shared challenges, 64 miners of 50 to 97 %\n");
  measure_accusations(
      "independent", [](std::size_t miner, double) { return spread_accuracy(miner); }, num_fleets,
      random);
  measure_accusations(
      "independent, one image in five 35 points harder",
      [](std::size_t miner, double hardness) {
        return spread_accuracy(miner) - (hardness < 0.2 ? 0.35 : 0);
      },
      num_fleets, random);
  measure_accusations(
      "independent, images of every difficulty",
      [](std::size_t miner, double hardness) {
        return spread_accuracy(miner) - 0.6 * hardness * hardness;
      },
      num_fleets, random);
  const std::int64_t few = std::max<std::int64_t>(1, num_fleets / 10);
  measure_detection(0.80, 0, few, random);
  measure_detection(0.93, 0, few, random);
  measure_detection(0.93, 0.1, few, random);
  measure_detection(0.97, 0, few, random);
}
