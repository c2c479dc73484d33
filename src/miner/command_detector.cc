#include "miner/command_detector.h"

#include "core/bytes.h"
#include "core/check.h"
#include "core/config.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "crypto/base64.h"
#include "json/value.h"
#include "json/writer.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <future>
#include <optional>
#include <string_view>
#include <utility>

namespace assay::miner {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kKept = {"PATH", "HOME", "LANG", "LD_LIBRARY_PATH",
                                                   "CUDA_VISIBLE_DEVICES"};
constexpr ByteCount kMaxAnswerLine(64U << 10);
/// What a program gets to end by itself.
constexpr std::chrono::seconds kGrace{2};

std::optional<fs::path> find_program(std::string_view name) {
  if (name.contains('/')) {
    std::error_code ignored;
    return fs::absolute(name, ignored);
  }
  const NamedTexts environment = process_environment();
  const auto found = std::ranges::find(environment, "PATH", &NamedTexts::value_type::first);
  std::string_view rest = "/usr/bin:/bin";
  if (found != environment.end()) rest = found->second;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    fs::path candidate = fs::path(rest.substr(0, colon)) / name;
    if (::access(candidate.c_str(), X_OK) == 0 && !fs::is_directory(candidate)) return candidate;
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return std::nullopt;
}

Result<double> answer_to(std::uint64_t id, std::string_view line) {
  const auto value = json::parse(line, {.max_depth = 4, .max_size = kMaxAnswerLine});
  const json::Value* number = value ? value->find("id") : nullptr;
  if (number == nullptr || number->integer() != static_cast<std::int64_t>(id)) {
    return corrupt(fmt::format("the detector's answer is no JSON object with the id {}", id));
  }
  const auto answer = protocol::read_image_answer(line, kMaxAnswerLine);
  if (answer.kind == protocol::AnswerKind::kPrediction) return answer.prediction;
  return corrupt(fmt::format("the detector gave no \"prediction\" from 0 to 1: {}",
                             protocol::to_string(answer.kind)));
}

}  // namespace

/// Shared by who asks and the thread: either may be the last to look at it.
struct CommandDetector::Question {
  explicit Question(std::string base64) : image(std::move(base64)) {}

  std::string image;
  std::mutex mutex;  // guards what follows
  std::condition_variable_any changed;
  bool is_abandoned = false;
  std::optional<Result<double>> answer;
};

Result<std::unique_ptr<CommandDetector>> CommandDetector::start(std::vector<std::string> command,
                                                                CommandDetectorOptions options) {
  if (command.empty() || command.front().empty()) return invalid_input("no program is named");
  const auto program = find_program(command.front());
  if (!program) return not_found(fmt::format("no program {} is in $PATH", command.front()));
  process::ChildOptions child{.program = *program,
                              .environment = process::kept_environment(kKept),
                              .input = process::ChildStream::kPipe,
                              .output = process::ChildStream::kPipe,
                              .max_line = kMaxAnswerLine};
  child.arguments.assign(std::next(command.begin()), command.end());
  std::unique_ptr<CommandDetector> detector(new CommandDetector(std::move(child), options));
  std::promise<Status> started;
  auto outcome = started.get_future();
  detector->thread_ = std::jthread(
      [self = detector.get(), started = std::move(started)](const std::stop_token& stop) mutable {
        Status status = self->start_child();
        const bool runs = status.has_value();
        started.set_value(std::move(status));
        if (runs) self->work(stop);
      });
  RETURN_IF_ERROR(outcome.get());
  return detector;
}

CommandDetector::CommandDetector(process::ChildOptions child, CommandDetectorOptions options)
    : child_options_(std::move(child)), options_(options), pause_(options.first_pause) {}

CommandDetector::~CommandDetector() = default;

// Arguments may hold a key.
std::string CommandDetector::name() const {
  return "command " + child_options_.program.filename().native();
}

Status CommandDetector::start_child() {
  ASSIGN_OR_RETURN(child_, process::ChildProcess::start(child_options_));
  return {};
}

Result<double> CommandDetector::judge(const DetectorInput& input, std::stop_token stop) {
  const auto question = std::make_shared<Question>(crypto::base64_encode(input.encoded));
  {
    const std::scoped_lock guard(mutex_);
    if (questions_.size() >= options_.max_waiting) {
      return exhausted("too many images wait for the detector");
    }
    questions_.push_back(question);
  }
  asked_.notify_one();
  std::unique_lock lock(question->mutex);
  question->changed.wait_for(lock, stop, options_.timeout,
                             [&] { return question->answer.has_value(); });
  if (question->answer) return std::move(*question->answer);
  question->is_abandoned = true;
  if (stop.stop_requested()) return cancelled("stopped before the detector answered");
  return timed_out(
      fmt::format("the detector did not answer within {}", assay::to_string(options_.timeout)));
}

void CommandDetector::work(const std::stop_token& stop) {
  while (true) {
    std::shared_ptr<Question> question;
    {
      std::unique_lock lock(mutex_);
      if (!asked_.wait(lock, stop, [this] { return !questions_.empty(); })) break;
      question = std::move(questions_.front());
      questions_.pop_front();
    }
    {
      const std::scoped_lock guard(question->mutex);
      if (question->is_abandoned) continue;
    }
    Result<double> answer = ask(question->image, stop);
    const bool has_failed = child_ == nullptr;
    {
      const std::scoped_lock guard(question->mutex);
      question->answer = std::move(answer);
    }
    question->changed.notify_all();
    if (has_failed) rest(stop);
  }
  if (child_ == nullptr) return;
  child_->close_input();
  if (const auto ended = child_->stop(kGrace); !ended) log_warning(ended.error().message);
}

void CommandDetector::rest(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  asked_.wait_for(lock, stop, pause_, [] { return false; });
  pause_ = std::min(pause_ * 2, options_.longest_pause);
}

Result<double> CommandDetector::ask(const std::string& image, const std::stop_token& stop) {
  if (child_ == nullptr) RETURN_IF_ERROR(start_child());
  const std::uint64_t id = next_id_++;
  json::Writer writer;
  writer.begin_object().name("id").unsigned_integer(id).name("image").text(image).end_object();
  const process::LocalWait wait{.timeout = options_.timeout, .stop = stop};
  const auto answer = [&] -> Result<double> {
    RETURN_IF_ERROR(child_->write(writer.take() + "\n", wait));
    ASSIGN_OR_RETURN(const auto line, child_->read_output_line(wait));
    if (!line) return unavailable("the detector has closed its output");
    return answer_to(id, *line);
  }();
  if (answer) {
    pause_ = options_.first_pause;
    return answer;
  }
  // Whatever it was: what it says next may be the answer to this.
  log_warning("the detector is ended and will be started again",
              {{"program", child_options_.program.native()}, {"why", answer.error().message}});
  child_->kill();
  child_ = nullptr;
  return answer;
}

}  // namespace assay::miner
