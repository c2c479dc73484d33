#include "core/log.h"
#include "json/python_repr.h"
#include "recorder/hand_over_internal.h"
#include "recorder/local_recorder_internal.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace assay::recorder {
namespace {

constexpr std::chrono::milliseconds kRetryPause{20};
constexpr std::chrono::seconds kPatience{20};
// Begins the message of what kept the call from the other process, or its answer from this one:
// the call is asked again. With the second, the other may have carried it out, or do so yet.
constexpr std::string_view kCut = "hand over: ";
constexpr std::string_view kUnanswered = "hand over: no answer: ";

records::JsonMembers request(std::string_view call, std::string_view generation_id) {
  records::JsonMembers members;
  members.set_text("call", call);
  members.set_text("generation_id", generation_id);
  return members;
}

Result<Receipt> receipt_of(std::string_view answer) {
  const auto members = records::JsonMembers::parse(answer);
  const auto integer = [&](std::string_view name) -> std::optional<std::int64_t> {
    const std::string* value = members ? members->find(name) : nullptr;
    return value == nullptr ? std::nullopt : records::decode_json_integer(*value);
  };
  const auto text = [&](std::string_view name) {
    const std::string* value = members ? members->find(name) : nullptr;
    return value == nullptr ? std::string() : records::decode_json_text(*value).value_or("");
  };
  if (members) {
    if (auto error = error_of(*members)) return std::move(*error);
  }
  const auto verdict = integer("verdict");
  const auto sequence = integer("sequence");
  if (!verdict || *verdict < 0 || std::cmp_greater_equal(*verdict, records::kNumVerdicts) ||
      !sequence) {
    return corrupt("an answer of no known form from the process that has the history");
  }
  return Receipt{.generation_id = text("generation_id"),
                 .sequence = static_cast<std::uint64_t>(*sequence),
                 .verdict = static_cast<records::Verdict>(*verdict)};
}

}  // namespace

Status HandedOverRecorder::connect() {
  ASSIGN_OR_RETURN(auto connection, process::LocalConnection::connect(hand_over_path(folder_)));
  const std::scoped_lock guard(mutex_);
  idle_.push_back(std::make_unique<process::LocalConnection>(std::move(connection)));
  return {};
}

std::string HandedOverRecorder::new_key() {
  const std::scoped_lock guard(mutex_);
  return fmt::format("retry-{:016x}{:016x}", random_->next(), random_->next());
}

std::shared_ptr<Recorder> HandedOverRecorder::local() const {
  const std::scoped_lock guard(mutex_);
  return local_;
}

Result<std::string> HandedOverRecorder::answer_of_other(const std::string& request) {
  Connection connection;
  {
    const std::scoped_lock guard(mutex_);
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection == nullptr) {
    ASSIGN_OR_RETURN(auto made, process::LocalConnection::connect(hand_over_path(folder_)));
    connection = std::make_unique<process::LocalConnection>(std::move(made));
  }
  RETURN_IF_ERROR(connection->send(as_bytes(request)));
  const auto answer = connection->receive();
  if (!answer) return unavailable(fmt::format("{}{}", kUnanswered, answer.error().message));
  if (!*answer) {
    return unavailable(fmt::format("{}the process that has the history is gone", kUnanswered));
  }
  const std::scoped_lock guard(mutex_);
  idle_.push_back(std::move(connection));
  return std::string(as_text(**answer));
}

// One thread tries; the lock of the folder decides among the processes.
void HandedOverRecorder::take_over() {
  const std::scoped_lock guard(mutex_);
  if (local_ != nullptr || is_closed_) return;
  auto recorder =
      std::make_unique<LocalRecorder>(*file_system_, *clock_, *random_, folder_, options_);
  if (!recorder->start_up()) return;
  local_ = std::move(recorder);
  idle_.clear();
  log_info("this process has the history now", {{"folder", folder_.native()}});
}

Result<Receipt> HandedOverRecorder::ask_once(const std::string& request) {
  if (const auto recorder = local()) return receipt_of(carry_out(*recorder, request));
  auto answer = answer_of_other(request);
  if (!answer) {
    // Whatever it was, the way to the other process is cut: the message says so to ask().
    if (answer.error().message.starts_with(kUnanswered)) return std::move(answer.error());
    return unavailable(fmt::format("{}{}", kCut, answer.error().message));
  }
  auto receipt = receipt_of(*answer);
  if (!receipt && receipt.error().message == "the recorder is closed") {
    return unavailable(fmt::format("{}the process that had the history has closed it", kCut));
  }
  return receipt;
}

Result<Receipt> HandedOverRecorder::ask(records::JsonMembers request, std::string_view key) {
  if (::getpid() != process_) {
    // Its connections are the parent's.
    return unavailable(
        "the recorder was opened before this process was forked; open it again in this one");
  }
  {
    const std::scoped_lock guard(mutex_);
    if (is_closed_) return unavailable("the recorder is closed");
  }
  request.set_text("key", key.empty() ? new_key() : std::string(key));
  const std::string text = request.to_text();
  const auto start = clock_->monotonic();
  bool may_be_recorded = false;
  for (int attempt = 0;; ++attempt) {
    auto receipt = ask_once(text);
    if (receipt) {
      // The first attempt was recorded, and only its answer lost.
      const bool was_ours =
          attempt > 0 && key.empty() && receipt->verdict == records::Verdict::kRepeated;
      if (was_ours) receipt->verdict = records::Verdict::kApplied;
      return receipt;
    }
    const bool is_cut = receipt.error().message.starts_with(kCut);
    if (!is_cut) return receipt;
    may_be_recorded = may_be_recorded || receipt.error().message.starts_with(kUnanswered);
    if (clock_->monotonic() - start > kPatience) {
      if (!may_be_recorded) return receipt;
      return unavailable(fmt::format(
          "{}; whether the event is recorded, or will be, is not known: the same call again, with "
          "the same generation id or idempotency key, is safe and records it once",
          receipt.error().message));
    }
    take_over();
    std::this_thread::sleep_for(kRetryPause);
  }
}

Result<Receipt> HandedOverRecorder::start(const NewGeneration& generation, std::string_view key) {
  records::JsonMembers members = request("start", generation.generation_id);
  members.set_text("task_type", generation.task_type);
  members.set_text("prompt", generation.prompt);
  members.set_optional_integer("validator_uid", generation.validator_uid);
  members.set_text("validator_hotkey", generation.validator_hotkey);
  members.set_text("miner_config", generation.miner_config);
  members.set_optional_integer("miner_uid", options_.miner_uid);
  members.set_text("miner_version", options_.miner_version);
  members.set_text("network", options_.network);
  return ask(std::move(members), key);
}

Result<Receipt> HandedOverRecorder::log_prompt(std::string_view generation_id,
                                               const records::EnhancedPrompt& prompt,
                                               std::string_view key) {
  records::JsonMembers members = request("prompt", generation_id);
  members.set_optional_text("enhanced_prompt", prompt.enhanced_prompt);
  members.set_optional_text("negative_prompt", prompt.negative_prompt);
  return ask(std::move(members), key);
}

Result<Receipt> HandedOverRecorder::log_timing(std::string_view generation_id,
                                               std::string_view timing, std::string_view key) {
  records::JsonMembers members = request("timing", generation_id);
  members.set_text("timing", timing);
  return ask(std::move(members), key);
}

Status HandedOverRecorder::append_to(const std::filesystem::path& path,
                                     std::span<const std::byte> bytes) {
  ASSIGN_OR_RETURN(const auto file, file_system_->open(path, files::OpenMode::kAppend));
  return file->append(bytes);
}

// The bytes go by a file: they are larger than a message.
Result<Receipt> HandedOverRecorder::log_output(std::string_view generation_id,
                                               const NewOutput& output, std::string_view key) {
  records::JsonMembers members = request("output", generation_id);
  members.set_text("output", output.output);
  std::filesystem::path bytes_file;
  std::unique_ptr<files::FileLock> lock;
  if (!output.ply_file.empty()) {
    ASSIGN_OR_RETURN(const auto path, file_system_->resolve(output.ply_file));
    members.set_text("ply_file", path.native());
  } else if (!output.ply.empty()) {
    RETURN_IF_ERROR(file_system_->create_folders(incoming_folder(folder_)));
    ASSIGN_OR_RETURN(const auto path, file_system_->resolve(incoming_folder(folder_) /
                                                            (new_key().substr(6) + ".ply")));
    // Held until the answer is there: what nobody holds is removed at the next opening. The bytes
    // need not last: they are on disk when the other process has stored them.
    ASSIGN_OR_RETURN(lock, file_system_->lock(path));
    bytes_file = path;
    members.set_text("ply_file", path.native());
  }
  Result<Receipt> receipt = Receipt();
  const Status written = bytes_file.empty() ? Status() : append_to(bytes_file, output.ply);
  if (written) {
    receipt = ask(std::move(members), key);
  } else {
    receipt = written.error();
  }
  if (!bytes_file.empty()) static_cast<void>(file_system_->remove(bytes_file));
  return receipt;
}

Result<Receipt> HandedOverRecorder::log_submission(
    std::string_view generation_id, const std::optional<std::string>& rejection_reason,
    std::string_view key) {
  records::JsonMembers members = request("submission", generation_id);
  members.set_optional_text("rejection_reason", rejection_reason);
  return ask(std::move(members), key);
}

Result<Receipt> HandedOverRecorder::log_feedback(std::string_view generation_id,
                                                 const records::FeedbackReceived& feedback,
                                                 std::string_view key) {
  if (!std::isfinite(feedback.score)) return invalid_input("score: expected a finite number");
  records::JsonMembers members = request("feedback", generation_id);
  members.set_optional_integer("validator_uid", feedback.validator_uid);
  members.set_optional_text("validator_hotkey", feedback.validator_hotkey);
  members.set("score", json::python_repr(feedback.score));
  return ask(std::move(members), key);
}

Result<Receipt> HandedOverRecorder::log_failure(std::string_view generation_id,
                                                const records::Failed& failure,
                                                std::string_view key) {
  records::JsonMembers members = request("failure", generation_id);
  members.set_text("error_type", failure.error_type);
  members.set_text("error_message", failure.error_message);
  members.set_optional_text("stack_trace", failure.stack_trace);
  return ask(std::move(members), key);
}

Result<Receipt> HandedOverRecorder::finish(std::string_view generation_id, std::string_view key) {
  return ask(request("finish", generation_id), key);
}

Result<Receipt> HandedOverRecorder::log_config_change(std::string_view changes,
                                                      std::string_view reason,
                                                      std::string_view key) {
  records::JsonMembers members = request("config", "");
  members.set_text("changes", changes);
  members.set_text("reason", reason);
  return ask(std::move(members), key);
}

// Asked once: a rotation that was cut off is run again by whoever wants it.
Result<rotation::RotateReport> HandedOverRecorder::rotate(Timestamp now,
                                                          const rotation::RotateOptions& options) {
  if (::getpid() != process_)
    return unavailable("this process was forked; open the recorder again");
  if (const auto recorder = local()) return recorder->rotate(now, options);
  return ask_to_rotate(folder_, now, options, {});
}

Status HandedOverRecorder::flush() {
  RETURN_IF_ERROR(ask(request("flush", ""), ""));
  return {};
}

Status HandedOverRecorder::checkpoint() {
  RETURN_IF_ERROR(ask(request("checkpoint", ""), ""));
  return {};
}

Status HandedOverRecorder::close() {
  std::shared_ptr<Recorder> recorder;
  {
    const std::scoped_lock guard(mutex_);
    is_closed_ = true;
    idle_.clear();
    recorder = std::move(local_);
    local_.reset();
  }
  return recorder == nullptr ? Status() : recorder->close();
}

RecorderStatus HandedOverRecorder::status() const {
  if (const auto recorder = local()) return recorder->status();
  RecorderStatus status;
  status.is_handed_over = true;
  return status;
}

}  // namespace assay::recorder
