#include "recorder/testing/recorder_world.h"

#include "record_files/data_folder.h"
#include "record_files/testing/sample_history.h"
#include "recorder/rotate_folder.h"
#include "records/json_members.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

namespace assay::recorder::testing {
namespace {

constexpr std::array<std::string_view, 2> kIdPath = {"metadata", "generation_id"};
constexpr std::array<std::string_view, 3> kStepPath = {"generation", "timing", "step"};
constexpr std::array<std::string_view, 3> kPlyPath = {"generation", "output", "ply_file_path"};
constexpr std::array<std::string_view, 2> kScorePath = {"validator_feedback", "score"};

Status status_of(const Result<Receipt>& receipt) {
  return receipt ? Status() : Status(receipt.error());
}

}  // namespace

void RecorderWorld::live() {
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
  if (is_alone_) return;
  if (random_.below(4) == 0) append_as_another_program();
  if (months_ == Months::kPass && random_.below(3) == 0) rotate_as_a_command();
}

std::uint64_t RecorderWorld::live_with_fault(const Error& error, std::uint64_t operation) {
  constexpr int kNumSteps = 40;
  const std::uint64_t before = file_system_.num_operations();
  SeededRandom of_fault(operation);
  if (operation > 0) {
    file_system_.inject({.operation = before + operation,
                         .error = error,
                         .num_bytes_kept = static_cast<std::size_t>(of_fault.below(300))});
  }
  if (auto recorder = open()) {
    for (int i = 0; i < kNumSteps; ++i) {
      static_cast<void>(step(*recorder));
      clock_.advance(std::chrono::milliseconds(random_.below(700)));
    }
    if (operation % 3 == 0) static_cast<void>(recorder->close());
  }
  const std::uint64_t num_operations = file_system_.num_operations() - before;
  file_system_.inject({});
  if (operation % 2 == 0) {
    file_system_.kill();
  } else {
    file_system_.crash(random_);
  }
  return num_operations;
}

void RecorderWorld::check_told(const Recorder& recorder, const Status& outcome) {
  if (outcome) return;
  EXPECT_TRUE(recorder.status().is_refusing) << outcome.error().message;
  EXPECT_GT(recorder.status().journal.num_refused, 0U) << outcome.error().message;
}

void RecorderWorld::check() {
  {
    const auto recorder = open();
    ASSERT_NE(recorder, nullptr) << open_error_;
    // What a rotation that was cut off left in two files is then in one.
    if (months_ == Months::kPass) {
      ASSERT_TRUE(recorder->rotate(clock_.now(), {}));
    }
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

std::unique_ptr<Recorder> RecorderWorld::open() {
  RecorderOptions options;
  options.derive_interval = std::chrono::milliseconds(0);
  options.hand_over = HandOver::kNever;
  options.journal.durability = durability_;
  options.journal.segment_size = ByteCount(2000);
  // A power loss never looks like damage.
  options.journal.when_damaged = files::WhenDamaged::kRefuse;
  // Ages would expire PLY files otherwise.
  if (months_ == Months::kPass) options.feedback_timeout.reset();
  auto recorder = Recorder::open(file_system_, clock_, random_, "/data", options);
  if (recorder) return std::move(*recorder);
  open_error_ = recorder.error().message;
  return nullptr;
}

bool RecorderWorld::step(Recorder& recorder) {
  if (months_ == Months::kPass && random_.below(12) == 0) {
    clock_.advance(std::chrono::days(random_.below(40)));
    if (random_.below(2) == 0) return recorder.rotate(clock_.now(), {}).has_value();
  }
  const std::uint64_t choice = random_.below(100);
  if (choice < 25 || open_.empty()) return start(recorder);
  if (choice < 45) return log_step(recorder, pick(open_));
  if (choice < 52) return log_ply(recorder, pick(open_));
  if (choice < 60) return finish(recorder);
  if (choice < 80) return give_feedback(recorder);
  if (choice < 85) return change_config(recorder);
  const Status followed = choice < 95 ? recorder.flush() : recorder.checkpoint();
  EXPECT_TRUE(followed.has_value() || !recorder.status().trouble.empty());
  // A rotation behind a checkpoint may meet trouble of its own.
  EXPECT_TRUE(!followed || recorder.status().trouble.empty() || months_ == Months::kPass);
  return followed.has_value();
}

std::string RecorderWorld::pick(const std::vector<std::string>& from) {
  return from[static_cast<std::size_t>(random_.below(from.size()))];
}

bool RecorderWorld::start(Recorder& recorder) {
  const std::string id = fmt::format("g{}", expected_.size());
  Expected& expected = expected_[id];
  NewGeneration generation;
  generation.generation_id = id;
  generation.task_type = "TEXT-TO-3D";
  generation.prompt = std::string(static_cast<std::size_t>(random_.below(900)), 'p');
  const auto receipt = recorder.start(generation);
  check_told(recorder, status_of(receipt));
  if (!receipt) return false;
  EXPECT_EQ(receipt->verdict, records::Verdict::kApplied);
  expected.must_be_started = true;
  open_.push_back(id);
  all_.push_back(id);
  return true;
}

bool RecorderWorld::log_step(Recorder& recorder, const std::string& id) {
  const std::string value = fmt::to_string(++counter_);
  const auto receipt = recorder.log_timing(id, fmt::format("{{\"step\": {}}}", value));
  check_told(recorder, status_of(receipt));
  if (receipt) expected_[id].steps.clear();
  expected_[id].steps.insert(value);
  return receipt.has_value();
}

bool RecorderWorld::log_ply(Recorder& recorder, const std::string& id) {
  const std::string bytes = fmt::format("bytes {}", ++counter_ % 5);
  return recorder.log_output(id, {.output = "{}", .ply = as_bytes(bytes), .ply_file = {}})
      .has_value();
}

bool RecorderWorld::finish(Recorder& recorder) {
  const std::string id = pick(open_);
  std::erase(open_, id);
  expected_[id].may_be_finished = true;
  const auto receipt = recorder.finish(id);
  check_told(recorder, status_of(receipt));
  expected_[id].must_be_finished = receipt.has_value();
  return receipt.has_value();
}

bool RecorderWorld::give_feedback(Recorder& recorder) {
  const std::string id = pick(all_);
  const auto score = static_cast<double>(++counter_) / 10'000;
  const auto receipt =
      recorder.log_feedback(id, {.validator_uid = {}, .validator_hotkey = {}, .score = score});
  check_told(recorder, status_of(receipt));
  if (receipt) expected_[id].scores.clear();
  expected_[id].scores.insert(fmt::to_string(score));
  if (!receipt) return false;
  EXPECT_TRUE(receipt->verdict != records::Verdict::kUnknownGeneration || !is_lasting()) << id;
  return true;
}

bool RecorderWorld::change_config(Recorder& recorder) {
  const std::string reason = fmt::format("reason {}", ++counter_);
  const auto receipt = recorder.log_config_change(R"({"a": {"old": 1, "new": 2}})", reason);
  check_told(recorder, status_of(receipt));
  if (!receipt) return false;
  reasons_.insert(reason);
  return true;
}

void RecorderWorld::append_as_another_program() {
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

void RecorderWorld::rotate_as_a_command() {
  was_rotated_by_command_ = true;
  if (random_.below(2) == 0) {
    file_system_.cut_power_at(file_system_.num_operations() + 1 + random_.below(60));
    static_cast<void>(rotate_folder(file_system_, "/data", clock_, {}, {}));
    file_system_.crash(random_);
    return;
  }
  // A crash may have left nothing yet.
  const auto rotated = rotate_folder(file_system_, "/data", clock_, {}, {});
  ASSERT_TRUE(rotated || rotated.error().code == ErrorCode::kNotFound) << rotated.error().message;
}

std::string RecorderWorld::history_lines() {
  std::string text = content("generation_history.jsonl");
  const auto months = record_files::find_month_files(file_system_, "/data");
  EXPECT_TRUE(months);
  if (!months) return text;
  for (const auto& [month, paths] : *months) {
    EXPECT_EQ(paths.size(), 1U) << record_files::to_text(month);
    ++num_months_;
    for (const auto& path : paths) {
      text +=
          record_files::testing::file_content(file_system_, std::filesystem::path("/data") / path);
    }
  }
  return text;
}

std::string RecorderWorld::content(std::string_view name) {
  return file_system_.content(std::filesystem::path("/data") / name).value_or("");
}

std::vector<std::string> RecorderWorld::lines(const std::string& text) {
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

void RecorderWorld::check_ply(const std::optional<std::string>& path) {
  if (!path) return;
  EXPECT_NE(content(records::decode_json_text(*path).value_or("")), "") << *path;
  ++num_ply_files_;
}

Found RecorderWorld::found_in(const records::JsonMembers& record) {
  check_ply(records::json_at(record, kPlyPath));
  return {.step = records::json_at(record, kStepPath).value_or("(none)"),
          .score = records::json_at(record, kScorePath).value_or("null"),
          .is_finished = false};
}

void RecorderWorld::read_files() {
  found_.clear();
  config_reasons_.clear();
  for (const std::string& line : lines(history_lines())) {
    const auto record = records::JsonMembers::parse(line);
    const auto id = record ? records::json_at(*record, kIdPath) : std::nullopt;
    // What another program's append behind a torn line made of it, or a rotation before the
    // recorder could mend it.
    if (!id) {
      EXPECT_TRUE(!foreign_.empty() || was_rotated_by_command_ || !is_lasting()) << line;
      continue;
    }
    Found found = found_in(*record);
    found.is_finished = true;
    const std::string name = records::decode_json_text(*id).value_or("");
    EXPECT_TRUE(found_.emplace(name, found).second) << name << " is there twice";
  }
  const auto pending = records::JsonMembers::parse(content("pending_generations.json"));
  ASSERT_TRUE(pending);
  for (const auto& member : pending->all()) {
    const auto record = records::JsonMembers::parse(member.value);
    ASSERT_TRUE(record);
    EXPECT_TRUE(found_.emplace(member.name, found_in(*record)).second)
        << member.name << " is both open and finished";
  }
  for (const std::string& line : lines(content("generation_feedback.jsonl"))) {
    const auto feedback = records::JsonMembers::parse(line);
    ASSERT_TRUE(feedback) << line;
    const std::string id = records::decode_json_text(*feedback->find("generation_id")).value_or("");
    EXPECT_TRUE(found_.contains(id) || !is_lasting()) << id;
    found_[id].score = *feedback->find("score");
    if (const std::string* path = feedback->find("ply_file_path")) check_ply(*path);
  }
  for (const std::string& line : lines(content("miner_config_history.jsonl"))) {
    const auto change = records::JsonMembers::parse(line);
    ASSERT_TRUE(change) << line;
    config_reasons_.insert(records::decode_json_text(*change->find("reason")).value_or(""));
  }
}

void RecorderWorld::check_generation(const std::string& id, const Expected& expected) {
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

}  // namespace assay::recorder::testing
