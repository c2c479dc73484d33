/// \file
/// What scoring costs: the rewards of a whole network, and getting its state back.

#include "core/check.h"
#include "core/random.h"
#include "files/file_system.h"
#include "validator/state_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace assay::scoring;
using assay::validator::Round;
using assay::validator::StateOptions;
using assay::validator::StateStore;
using Clock = std::chrono::steady_clock;

constexpr Uid kNumMiners = 256;
constexpr int kNumRepeats = 30;

Answer any_answer(assay::RandomSource& random) {
  Answer answer{.label = random.below(2) == 1 ? Label::kPresent : Label::kAbsent};
  if (random.below(20) > 0) answer.prediction = random.unit();
  return answer;
}

std::string hotkey_of(Uid uid) { return fmt::format("5F{:046}", uid); }

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

/// One more answer of each of 256 miners who have given 100 already.
void measure_rewards(Formula formula) {
  assay::SeededRandom random(1);
  ScoreBook book(formula);
  std::vector<std::string> hotkeys;
  for (Uid uid = 0; uid < kNumMiners; ++uid) hotkeys.push_back(hotkey_of(uid));
  for (int i = 0; i < 100; ++i) {
    for (Uid uid = 0; uid < kNumMiners; ++uid) book.record(uid, hotkeys[uid], any_answer(random));
  }
  std::vector<double> times;
  double sum = 0;
  for (int repeat = 0; repeat < kNumRepeats; ++repeat) {
    std::vector<Answer> answers;
    for (Uid uid = 0; uid < kNumMiners; ++uid) answers.push_back(any_answer(random));
    const auto start = Clock::now();
    for (Uid uid = 0; uid < kNumMiners; ++uid) {
      sum += book.record(uid, hotkeys[uid], answers[uid]).reward;
    }
    times.push_back(microseconds_since(start) / kNumMiners);
  }
  CHECK(sum >= 0, "rewards are no numbers");
  fmt::print("rewards {} {:.4f}\n", to_string(formula), median_of(times));
}

void measure_resume(const std::filesystem::path& folder) {
  auto& file_system = assay::files::posix_file_system();
  assay::SeededRandom random(2);
  {
    auto store = StateStore::open(file_system, folder, {});
    CHECK(store.has_value(), "the state cannot be opened");
    // A snapshot of full windows, and as long a journal as there may be.
    for (int number = 0; number < 128 + 63; ++number) {
      Round round;
      for (Uid uid = 0; uid < kNumMiners; ++uid) {
        round.answers.push_back(
            {.uid = uid, .hotkey = hotkey_of(uid), .answer = any_answer(random)});
      }
      CHECK(store->add_round(round).has_value(), "a round cannot be written");
    }
  }
  std::vector<double> times;
  for (int repeat = 0; repeat < 7; ++repeat) {
    const auto start = Clock::now();
    const auto store = StateStore::open(file_system, folder, {});
    times.push_back(microseconds_since(start) / 1000);
    CHECK(store && store->book().miners().size() == kNumMiners, "the state is not what was saved");
    CHECK(store->recovery().num_rounds_replayed == 63, "the journal is not as long as meant");
  }
  fmt::print("resume {:.2f}\n", median_of(times));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: bench_validator FOLDER\n");
    return 2;
  }
  measure_rewards(Formula::kNatix);
  measure_rewards(Formula::kCalibrated);
  measure_resume(argv[1]);
}
