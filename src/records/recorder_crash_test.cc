// Random work, power lost or the process killed at a random operation, and again while recovering:
// what was acknowledged is there, nothing is there twice, and the derived files agree.

#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "records/json_members_internal.h"
#include "records/recorder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace assay::records {
namespace {

using files::testing::SimulatedFileSystem;

constexpr std::array<std::string_view, 2> kIdPath = {"metadata", "generation_id"};
constexpr std::array<std::string_view, 3> kStepPath = {"generation", "timing", "step"};
constexpr std::array<std::string_view, 3> kPlyPath = {"generation", "output", "ply_file_path"};
constexpr std::array<std::string_view, 2> kScorePath = {"validator_feedback", "score"};

// What may be in the record of a generation: one value after an acknowledgement, more after calls
// that failed, of which nobody knows.
struct Expected {
  std::set<std::string> steps = {"(none)"};
  std::set<std::string> scores = {"null"};
  bool must_be_started = false;
  bool must_be_finished = false;
  bool may_be_finished = false;
};

struct Found {
  std::string step;
  std::string score;
  bool is_finished = false;
};

class World {
 public:
  World(std::uint64_t seed, files::Durability durability)
      : random_(seed), durability_(durability) {}

  // One life of the recorder, ended by a crash or in peace.
  void live() {
    const bool is_cut = random_.below(8) != 0;
    if (is_cut) {
      file_system_.cut_power_at(file_system_.num_operations() + 1 + random_.below(220));
    }
    if (auto recorder = open()) {
      const std::uint64_t num_steps = random_.below(70);
      for (std::uint64_t i = 0; i < num_steps && step(*recorder); ++i) {
        clock_.advance(std::chrono::milliseconds(random_.below(700)));
      }
      if (random_.below(3) == 0) static_cast<void>(recorder->close());
    }
    if (random_.below(4) == 0) {
      file_system_.kill();
    } else {
      file_system_.crash(random_);
    }
    if (random_.below(4) == 0) append_as_another_program();
  }

  void check() {
    {
      const auto recorder = open();
      ASSERT_NE(recorder, nullptr) << open_error_;
      ASSERT_TRUE(recorder->close());
    }
    const std::string history = content("generation_history.jsonl");
    // A second opening finds nothing to do and changes nothing.
    {
      const auto recorder = open();
      ASSERT_NE(recorder, nullptr) << open_error_;
      EXPECT_EQ(recorder->recovery().to_text(), "");
      ASSERT_TRUE(recorder->close());
    }
    EXPECT_EQ(content("generation_history.jsonl"), history);
    read_files();
    if (!is_lasting()) return;
    for (const auto& [id, expected] : expected_) check_generation(id, expected);
    for (const auto& [id, found] : found_) {
      EXPECT_TRUE(expected_.contains(id) || foreign_.contains(id)) << id << " was never started";
    }
    for (const std::string& id : foreign_) {
      EXPECT_TRUE(found_.contains(id) && found_[id].is_finished) << id << " of another program";
    }
    for (const std::string& reason : reasons_) {
      EXPECT_EQ(config_reasons_.count(reason), 1U) << reason;
    }
  }

  // Names of files that were seen to be there.
  int num_ply_files() const { return num_ply_files_; }

 private:
  bool is_lasting() const { return durability_ == files::Durability::kAlways; }

  std::unique_ptr<Recorder> open() {
    RecorderOptions options;
    options.derive_interval = std::chrono::milliseconds(0);
    options.hand_over = HandOver::kNever;
    options.journal.durability = durability_;
    options.journal.segment_size = ByteCount(2000);
    // A power loss never looks like damage.
    options.journal.when_damaged = files::WhenDamaged::kRefuse;
    auto recorder = Recorder::open(file_system_, clock_, random_, "/data", options);
    if (recorder) return std::move(*recorder);
    open_error_ = recorder.error().message;
    return nullptr;
  }

  // False once the power is off.
  bool step(Recorder& recorder) {
    const std::uint64_t choice = random_.below(100);
    if (choice < 25 || open_.empty()) return start(recorder);
    if (choice < 45) return log_step(recorder, pick(open_));
    if (choice < 52) return log_ply(recorder, pick(open_));
    if (choice < 60) return finish(recorder);
    if (choice < 80) return give_feedback(recorder);
    if (choice < 85) return change_config(recorder);
    if (choice < 95) return recorder.flush().has_value();
    return recorder.checkpoint().has_value();
  }

  std::string pick(const std::vector<std::string>& from) {
    return from[static_cast<std::size_t>(random_.below(from.size()))];
  }

  bool start(Recorder& recorder) {
    const std::string id = fmt::format("g{}", expected_.size());
    Expected& expected = expected_[id];
    NewGeneration generation;
    generation.generation_id = id;
    generation.task_type = "TEXT-TO-3D";
    generation.prompt = std::string(static_cast<std::size_t>(random_.below(900)), 'p');
    const auto receipt = recorder.start(generation);
    if (!receipt) return false;
    EXPECT_EQ(receipt->verdict, Verdict::kApplied);
    expected.must_be_started = true;
    open_.push_back(id);
    all_.push_back(id);
    return true;
  }

  bool log_step(Recorder& recorder, const std::string& id) {
    const std::string value = fmt::to_string(++counter_);
    const auto receipt = recorder.log_timing(id, fmt::format("{{\"step\": {}}}", value));
    if (receipt) expected_[id].steps.clear();
    expected_[id].steps.insert(value);
    return receipt.has_value();
  }

  bool log_ply(Recorder& recorder, const std::string& id) {
    const std::string bytes = fmt::format("bytes {}", ++counter_ % 5);
    return recorder.log_output(id, {.output = "{}", .ply = as_bytes(bytes), .ply_file = {}})
        .has_value();
  }

  bool finish(Recorder& recorder) {
    const std::string id = pick(open_);
    std::erase(open_, id);
    expected_[id].may_be_finished = true;
    const auto receipt = recorder.finish(id);
    expected_[id].must_be_finished = receipt.has_value();
    return receipt.has_value();
  }

  bool give_feedback(Recorder& recorder) {
    const std::string id = pick(all_);
    const auto score = static_cast<double>(++counter_) / 10'000;
    const auto receipt =
        recorder.log_feedback(id, {.validator_uid = {}, .validator_hotkey = {}, .score = score});
    if (receipt) expected_[id].scores.clear();
    expected_[id].scores.insert(fmt::to_string(score));
    if (!receipt) return false;
    EXPECT_TRUE(receipt->verdict != Verdict::kUnknownGeneration || !is_lasting()) << id;
    return true;
  }

  bool change_config(Recorder& recorder) {
    const std::string reason = fmt::format("reason {}", ++counter_);
    if (!recorder.log_config_change(R"({"a": {"old": 1, "new": 2}})", reason)) return false;
    reasons_.insert(reason);
    return true;
  }

  void append_as_another_program() {
    const std::string id = fmt::format("foreign{}", ++counter_);
    auto file = file_system_.open("/data/generation_history.jsonl", files::OpenMode::kAppend);
    if (!file) return;  // the folder is not there yet
    const std::string line = fmt::format("{{\"metadata\": {{\"generation_id\": \"{}\"}}}}\n", id);
    // As a program that looks whether the last line has ended.
    ASSERT_TRUE((*file)->append(as_bytes("\n" + line)));
    ASSERT_TRUE((*file)->sync());
    ASSERT_TRUE(file_system_.sync_folder("/data"));
    foreign_.insert(id);
  }

  std::string content(std::string_view name) {
    return file_system_.content(std::filesystem::path("/data") / name).value_or("");
  }

  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> result;
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t end = text.find('\n', start);
      EXPECT_NE(end, std::string::npos) << "a line without its end";
      if (end == std::string::npos) break;
      result.push_back(text.substr(start, end - start));
      start = end + 1;
    }
    return result;
  }

  // What a record or a line of feedback names is there.
  void check_ply(const std::optional<std::string>& path) {
    if (!path) return;
    EXPECT_NE(content(decode_json_text(*path).value_or("")), "") << *path;
    ++num_ply_files_;
  }

  Found found_in(const JsonMembers& record) {
    check_ply(json_at(record, kPlyPath));
    return {.step = json_at(record, kStepPath).value_or("(none)"),
            .score = json_at(record, kScorePath).value_or("null"),
            .is_finished = false};
  }

  void read_files() {
    for (const std::string& line : lines(content("generation_history.jsonl"))) {
      const auto record = JsonMembers::parse(line);
      const auto id = record ? json_at(*record, kIdPath) : std::nullopt;
      // What another program's append behind a torn line made of it.
      if (!id) continue;
      Found found = found_in(*record);
      found.is_finished = true;
      const std::string name = decode_json_text(*id).value_or("");
      EXPECT_TRUE(found_.emplace(name, found).second) << name << " is there twice";
    }
    const auto pending = JsonMembers::parse(content("pending_generations.json"));
    ASSERT_TRUE(pending);
    for (const auto& member : pending->all()) {
      const auto record = JsonMembers::parse(member.value);
      ASSERT_TRUE(record);
      EXPECT_TRUE(found_.emplace(member.name, found_in(*record)).second)
          << member.name << " is both open and finished";
    }
    for (const std::string& line : lines(content("generation_feedback.jsonl"))) {
      const auto feedback = JsonMembers::parse(line);
      ASSERT_TRUE(feedback) << line;
      const std::string id = decode_json_text(*feedback->find("generation_id")).value_or("");
      EXPECT_TRUE(found_.contains(id) || !is_lasting()) << id;
      found_[id].score = *feedback->find("score");
      if (const std::string* path = feedback->find("ply_file_path")) check_ply(*path);
    }
    for (const std::string& line : lines(content("miner_config_history.jsonl"))) {
      const auto change = JsonMembers::parse(line);
      ASSERT_TRUE(change) << line;
      config_reasons_.insert(decode_json_text(*change->find("reason")).value_or(""));
    }
  }

  void check_generation(const std::string& id, const Expected& expected) {
    const auto found = found_.find(id);
    if (found == found_.end()) {
      EXPECT_FALSE(expected.must_be_started) << id << " is lost";
      return;
    }
    EXPECT_TRUE(found->second.is_finished || !expected.must_be_finished) << id;
    EXPECT_TRUE(!found->second.is_finished || expected.may_be_finished) << id;
    EXPECT_TRUE(expected.steps.contains(found->second.step)) << id << " " << found->second.step;
    EXPECT_TRUE(expected.scores.contains(found->second.score)) << id << " " << found->second.score;
  }

  SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_;
  SeededRandom random_;
  const files::Durability durability_;
  std::uint64_t counter_ = 0;
  std::string open_error_;
  std::map<std::string, Expected> expected_;
  std::vector<std::string> open_;
  std::vector<std::string> all_;
  std::set<std::string> foreign_;
  std::set<std::string> reasons_;
  std::map<std::string, Found> found_;
  int num_ply_files_ = 0;
  std::multiset<std::string> config_reasons_;
};

void run_worlds(std::uint64_t num_worlds, files::Durability durability) {
  const char* only = std::getenv("ASSAY_TEST_SEED");
  const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const std::uint64_t last = only != nullptr ? first : num_worlds;
  int num_ply_files = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    World world(seed, durability);
    for (int life = 0; life < 4; ++life) world.live();
    world.check();
    num_ply_files += world.num_ply_files();
    ASSERT_FALSE(::testing::Test::HasFailure()) << "ASSAY_TEST_SEED=" << seed;
  }
  EXPECT_TRUE(num_ply_files > 0 || only != nullptr);
}

bool is_full_run() { return std::getenv("ASSAY_TEST_FULL") != nullptr; }

TEST(RecorderCrash, LosesNothingThatWasAcknowledgedAndRepeatsNothing) {
  run_worlds(is_full_run() ? 50'000 : 1'000, files::Durability::kAlways);
}

// What was acknowledged may be lost then; but what the files hold is whole and there once.
TEST(RecorderCrash, RepeatsNothingWhereNothingIsSynced) {
  run_worlds(is_full_run() ? 10'000 : 300, files::Durability::kNone);
}

}  // namespace
}  // namespace assay::records
