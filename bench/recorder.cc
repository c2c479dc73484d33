/// \file
/// What the recorder costs beside the disk under it: events of 1.9 KB and whole generations, from
/// one caller and from 64, with 5 and with 500 open generations. The disk's speed moves from second
/// to second, so the parts take turns, round by round, and a round's figures are compared with each
/// other only.
///
///     bench_recorder FOLDER events|generations [ROUNDS] [SECONDS]
///
/// Prints one JSON object: the rounds.

#include "recorder/recorder.h"

#include "core/bytes.h"
#include "core/check.h"
#include "core/clock.h"
#include "core/random.h"
#include "files/file_system.h"
#include "latency.h"
#include "many_callers.h"
#include "records/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using assay::bench::call_from_many;
using assay::bench::figures_of;
using assay::bench::kNumCallers;
using assay::bench::now_us;
using assay::files::Durability;
using assay::recorder::Recorder;
using Figures = assay::bench::LatencyFigures;

constexpr std::size_t kPromptSize = 1'700;  // an event of 1.9 KB in the journal
constexpr std::size_t kFewOpen = 5;
constexpr std::size_t kManyOpen = 500;

assay::recorder::NewGeneration new_generation(std::string id) {
  return {.generation_id = std::move(id),
          .task_type = "TEXT-TO-3D",
          .prompt = "wooden chair with carved details",
          .validator_uid = {},
          .validator_hotkey = "5F3sa2TNbenchbenchbenchbenchbenchbenchbenchbenchbe",
          .miner_config = R"({"trellis_sparse_steps": 45, "gaussian_threshold": 50000})"};
}

std::string open_id(std::size_t number) { return fmt::format("open-{}", number); }

/// A recorder in a folder of its own, with generations that stay open.
class Desk {
 public:
  Desk(fs::path folder, Durability durability, std::size_t num_open)
      : folder_(std::move(folder)), num_open_(num_open) {
    assay::recorder::RecorderOptions options;
    options.journal.durability = durability;
    options.hand_over = assay::recorder::HandOver::kNever;
    auto opened = Recorder::open(assay::files::posix_file_system(), assay::system_clock(),
                                 assay::system_random(), folder_, options);
    CHECK(opened.has_value(), "the folder can be written");
    recorder_ = std::move(*opened);
    std::vector<std::jthread> starters;  // side by side: one sync is for all of them
    starters.reserve(kNumCallers);
    for (std::size_t first = 0; first < kNumCallers; ++first) {
      starters.emplace_back([this, first] {
        for (std::size_t i = first; i < num_open_; i += kNumCallers) {
          CHECK(recorder_->start(new_generation(open_id(i))).has_value(), "there is space");
        }
      });
    }
  }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;
  ~Desk() {
    CHECK(recorder_->close().has_value(), "the folder can be written");
    recorder_.reset();
    fs::remove_all(folder_);
  }

  /// One event of 1.9 KB, for one of those that are open.
  void log_event(std::size_t caller) {
    CHECK(recorder_->log_prompt(open_id(caller % num_open_), prompt_).has_value(),
          "there is space");
  }

  /// Six events, which become one record.
  void log_generation(const std::string& id) {
    bool is_done = recorder_->start(new_generation(id)).has_value();
    is_done &= recorder_->log_timing(id, kTiming).has_value();
    is_done &=
        recorder_->log_output(id, {.output = std::string(kOutput), .ply = {}, .ply_file = {}})
            .has_value();
    is_done &= recorder_->log_submission(id, std::nullopt).has_value();
    is_done &=
        recorder_->log_feedback(id, {.validator_uid = 57, .validator_hotkey = {}, .score = 0.65})
            .has_value();
    is_done &= recorder_->finish(id).has_value();
    CHECK(is_done, "there is space");
  }

  std::uint64_t num_syncs() const { return recorder_->status().journal.num_syncs; }

  /// What an event of log_event() is in the journal, with its frame.
  std::size_t event_size() const {
    constexpr std::size_t kFrameSize = 24;
    return kFrameSize + assay::records::encode_event({.sequence = 1,
                                                      .time = assay::system_clock().now(),
                                                      .generation_id = open_id(0),
                                                      .idempotency_key = {},
                                                      .body = prompt_})
                            .size();
  }

 private:
  static constexpr std::string_view kTiming =
      R"({"total_time": 21.45, "sdxl_time": 8.62, "trellis_time": 12.15, "validation_time": 0.4})";
  static constexpr std::string_view kOutput =
      R"({"num_gaussians": 398234, "file_size_mb": 35.3, "quality_metrics": {"clip_score": 0.189},)"
      R"( "gaussian_stats": {"opacity_mean": 4.84, "opacity_std": 1.7, "scale_mean": 0.012}})";

  fs::path folder_;
  std::size_t num_open_;
  assay::records::EnhancedPrompt prompt_{.enhanced_prompt = std::string(kPromptSize, 'x'),
                                         .negative_prompt = std::string()};
  std::unique_ptr<Recorder> recorder_;
};

struct Pair {
  Figures bare;
  Figures one_caller;
};

/// Write and fdatasync with nothing around it, and one caller of a recorder, in turns call by call:
/// both meet the same disk and the same neighbours.
Pair measure_one_caller(const fs::path& folder, double duration_us) {
  auto file =
      assay::files::posix_file_system().open(folder / "bare", assay::files::OpenMode::kCreateNew);
  CHECK(file.has_value(), "the folder can be written");
  Pair pair;
  {
    Desk desk(folder / "data", Durability::kAlways, kFewOpen);
    const std::string written(desk.event_size(), 'x');
    std::vector<double> bare_us;
    std::vector<double> recorder_us;
    double bare_total_us = 0;
    double recorder_total_us = 0;
    const std::uint64_t num_syncs_before = desk.num_syncs();
    const double start = now_us();
    for (double before = start; before - start < duration_us;) {
      CHECK((*file)->append(assay::as_bytes(written)).has_value(), "there is space");
      CHECK((*file)->sync().has_value(), "the disk works");
      const double between = now_us();
      desk.log_event(0);
      const double after = now_us();
      bare_us.push_back(between - before);
      recorder_us.push_back(after - between);
      bare_total_us += between - before;
      recorder_total_us += after - between;
      before = after;
    }
    const std::uint64_t num_syncs = desk.num_syncs() - num_syncs_before;
    const std::size_t num_bare = bare_us.size();
    pair.bare = figures_of(std::move(bare_us), bare_total_us, num_bare);
    pair.one_caller = figures_of(std::move(recorder_us), recorder_total_us, num_syncs);
  }
  fs::remove(folder / "bare");
  return pair;
}

/// `call(desk, caller, number)` from so many threads at once.
template <typename Call>
Figures measure_callers(Desk& desk, std::size_t num_callers, double duration_us, const Call& call) {
  const std::uint64_t num_syncs_before = desk.num_syncs();
  auto calls =
      call_from_many(num_callers, duration_us,
                     [&](std::size_t caller, std::size_t number) { call(desk, caller, number); });
  return std::move(calls).figures(desk.num_syncs() - num_syncs_before);
}

struct Setting {
  Durability durability = Durability::kAlways;
  std::size_t num_callers = kNumCallers;
  std::size_t num_open = kFewOpen;
};

Figures measure_events(const fs::path& folder, double duration_us, const Setting& setting) {
  Desk desk(folder / "data", setting.durability, setting.num_open);
  return measure_callers(desk, setting.num_callers, duration_us,
                         [](Desk& at, std::size_t caller, std::size_t) { at.log_event(caller); });
}

Figures measure_generations(const fs::path& folder, double duration_us, const Setting& setting) {
  Desk desk(folder / "data", setting.durability, setting.num_open);
  return measure_callers(desk, setting.num_callers, duration_us,
                         [](Desk& at, std::size_t caller, std::size_t number) {
                           at.log_generation(fmt::format("{}-{}", caller, number));
                         });
}

using Round = std::vector<std::pair<std::string_view, Figures>>;

/// 5 and 500 open take turns in going first.
template <typename Measure>
void add_few_and_many_open(Round& round, std::size_t number, const Measure& measure) {
  Figures few;
  if (number % 2 == 0) few = measure(kFewOpen);
  const Figures many = measure(kManyOpen);
  if (number % 2 != 0) few = measure(kFewOpen);
  round.emplace_back("many_callers", few);
  round.emplace_back("many_callers_many_open", many);
}

Round measure_round_of_events(const fs::path& folder, double duration_us, std::size_t number) {
  Round round;
  const Pair pair = measure_one_caller(folder, 2 * duration_us);
  round.emplace_back("bare", pair.bare);
  round.emplace_back("one_caller", pair.one_caller);
  round.emplace_back("many_unsynced",
                     measure_events(folder, duration_us, {.durability = Durability::kNone}));
  add_few_and_many_open(round, number, [&](std::size_t num_open) {
    return measure_events(folder, duration_us, {.num_open = num_open});
  });
  return round;
}

Round measure_round_of_generations(const fs::path& folder, double duration_us, std::size_t number) {
  Round round;
  round.emplace_back("one_caller", measure_generations(folder, duration_us, {.num_callers = 1}));
  round.emplace_back("one_unsynced",
                     measure_generations(folder, duration_us,
                                         {.durability = Durability::kNone, .num_callers = 1}));
  round.emplace_back("one_unsynced_many_open", measure_generations(folder, duration_us,
                                                                   {.durability = Durability::kNone,
                                                                    .num_callers = 1,
                                                                    .num_open = kManyOpen}));
  add_few_and_many_open(round, number, [&](std::size_t num_open) {
    return measure_generations(folder, duration_us, {.num_open = num_open});
  });
  return round;
}

std::string json_of(const Round& round) {
  std::string text;
  for (const auto& [name, figures] : round) {
    text += fmt::format(
        R"({}"{}": {{"calls_per_s": {:.1f}, "p50_us": {:.0f}, "p99_us": {:.0f}, "max_us": {:.0f}, )"
        R"("syncs_per_s": {:.0f}}})",
        text.empty() ? "" : ",\n   ", name, figures.calls_per_s, figures.p50_us, figures.p99_us,
        figures.max_us, figures.syncs_per_s);
  }
  return "{" + text + "}";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view work = argc > 2 ? argv[2] : "";
  if (work != "events" && work != "generations") {
    std::fputs("usage: bench_recorder FOLDER events|generations [ROUNDS] [SECONDS]\n", stderr);
    return 2;
  }
  const fs::path folder = fs::path(argv[1]) / "bench-recorder";
  const auto num_rounds = argc > 3 ? std::stoul(argv[3]) : 7UL;
  const double duration_us = 1e6 * (argc > 4 ? std::stod(argv[4]) : 1.0);
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::string text;
  for (std::size_t i = 0; i < num_rounds; ++i) {
    const Round round = work == "events" ? measure_round_of_events(folder, duration_us, i)
                                         : measure_round_of_generations(folder, duration_us, i);
    text += (text.empty() ? "\n  " : ",\n  ") + json_of(round);
  }
  fs::remove_all(folder);
  fmt::print("{{\"rounds\": [{}]}}\n", text);
  return 0;
}
