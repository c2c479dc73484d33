#include "app/history_alerts.h"
#include "cli/history_manage_options_internal.h"
#include "cli/history_options_internal.h"
#include "cli/recorder_options_internal.h"
#include "core/clock.h"
#include "core/random.h"
#include "files/file_system.h"
#include "json/writer.h"
#include "recorder/recorder.h"
#include "serve/history_view.h"
#include "serve/record_event.h"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace assay::cli {
namespace {

constexpr int kStopCheckMilliseconds = 100;

/// Lines of standard input, as they come.
class InputLines {
 public:
  explicit InputLines(std::stop_token stop) : stop_(std::move(stop)) {}

  /// The next line without its LF, or nothing at the end. A line over the limit is cut there: it is
  /// refused by whoever reads it. Errors: kCancelled, kUnavailable.
  Result<std::optional<std::string>> next() {
    std::string line;
    while (true) {
      const std::size_t end = buffer_.find('\n', position_);
      const std::size_t size = (end == std::string::npos ? buffer_.size() : end) - position_;
      const std::size_t room = serve::kMaxEventSize.count() + 1 - line.size();
      line.append(buffer_, position_, std::min(size, room));
      has_begun_ = has_begun_ || size > 0;
      if (end != std::string::npos) {
        position_ = end + 1;
        has_begun_ = false;
        return std::optional(std::move(line));
      }
      buffer_.clear();
      position_ = 0;
      ASSIGN_OR_RETURN(const bool has_more, read_more());
      if (has_more) continue;
      if (!has_begun_) return std::optional<std::string>();
      has_begun_ = false;
      return std::optional(std::move(line));
    }
  }

 private:
  Result<bool> read_more() {
    while (true) {
      if (stop_.stop_requested()) return cancelled("stopped");
      pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      const int ready = ::poll(&input, 1, kStopCheckMilliseconds);
      if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
      std::array<char, 65536> bytes;
      const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return unavailable("cannot read standard input");
      buffer_.assign(bytes.data(), static_cast<std::size_t>(got));
      return got > 0;
    }
  }

  std::stop_token stop_;
  std::string buffer_;
  std::size_t position_ = 0;
  bool has_begun_ = false;
};

struct AppendFlags {
  DataFolderFlag data;
  RecorderFlags recorder;
};

std::string error_json(const Error& error, std::uint64_t line_number) {
  json::Writer writer;
  writer.begin_object().name("line").unsigned_integer(line_number);
  writer.name("error").begin_object();
  writer.name("code").text(to_string(error.code)).name("message").text(error.message);
  writer.end_object().end_object();
  return writer.take();
}

bool changes_nothing(const recorder::Receipt& receipt) {
  return receipt.verdict == records::Verdict::kUnknownGeneration ||
         receipt.verdict == records::Verdict::kAlreadyStarted ||
         receipt.verdict == records::Verdict::kAlreadyFinished;
}

Result<ExitCode> append_lines(recorder::Recorder& recorder, const std::stop_token& stop) {
  InputLines lines(stop);
  ExitCode outcome = ExitCode::kOk;
  std::uint64_t line_number = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<std::string> line, lines.next());
    if (!line) return outcome;
    ++line_number;
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto receipt = serve::record_event_line(recorder, *line);
    RETURN_IF_ERROR(
        print((receipt ? serve::receipt_json(*receipt) : error_json(receipt.error(), line_number)) +
              "\n"));
    if (receipt) {
      if (changes_nothing(*receipt) && outcome == ExitCode::kOk) outcome = ExitCode::kPartial;
    } else if (receipt.error().code == ErrorCode::kInvalidInput ||
               receipt.error().code == ErrorCode::kExhausted) {
      if (outcome == ExitCode::kOk) outcome = ExitCode::kPartial;
    } else {
      outcome = exit_code_of(receipt.error().code);
    }
  }
}

Result<ExitCode> run_append(const AppendFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const recorder::RecorderOptions options,
                   flags.recorder.options_with(session.config));
  ASSIGN_OR_RETURN(const std::unique_ptr<recorder::Recorder> recorder,
                   recorder::Recorder::open(files::posix_file_system(), system_clock(),
                                            system_random(), flags.data.folder, options));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<app::AlertWatch> alerts,
      app::watch_recorder(session.config.get_text("alerts.webhook"), *recorder, flags.data.folder));
  Result<ExitCode> outcome = append_lines(*recorder, session.stop);
  if (alerts != nullptr) alerts->finish(session.stop);
  const Status closed = recorder->close();
  RETURN_IF_ERROR(outcome);
  RETURN_IF_ERROR(closed);
  return *outcome;
}

}  // namespace

void add_append_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<AppendFlags>();
  CLI::App& command = tree.add_command(
      group, "append",
      "Record the events on standard input, a JSON object a line, whose `event` is start, prompt, "
      "timing, output, submission, feedback, failure, finish or config_change.",
      {"assay history append --data-dir data < events.jsonl",
       R"(echo '{"event": "feedback", "generation_id": "4f2b", "score": 0.65}' | assay history append)"},
      [flags](Session& session) { return run_append(*flags, session); });
  flags->data.add_to(command);
  flags->recorder.add_to(command);
}

}  // namespace assay::cli
