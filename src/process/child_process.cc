#include "process/child_process.h"

#include "core/check.h"
#include "process/child_start_internal.h"
#include "process/descriptor_internal.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>

namespace assay::process {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How long a killed process may take to be gone.
constexpr milliseconds kKillTime{10'000};
/// Between two looks whether it has ended: the first, and the longest.
constexpr milliseconds kShortestPause{1};
constexpr milliseconds kLongestPause{20};
constexpr std::size_t kReadSize = std::size_t{64} << 10;

class Deadline {
 public:
  explicit Deadline(milliseconds timeout)
      : end_(steady_clock::now() + std::clamp(timeout, milliseconds(0), milliseconds(kMax))) {}

  milliseconds left() const {
    return std::max(std::chrono::ceil<milliseconds>(end_ - steady_clock::now()), milliseconds(0));
  }

 private:
  static constexpr std::int64_t kMax = 1'000'000'000;
  steady_clock::time_point end_;
};

/// SIGPIPE of this thread is not delivered while it lives, and one that a write caused is taken.
class BrokenPipeHeld {
 public:
  BrokenPipeHeld() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~BrokenPipeHeld() {
    const timespec none{};
    if (!was_pending_) {
      while (sigtimedwait(&pipe_, nullptr, &none) == -1 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BrokenPipeHeld(const BrokenPipeHeld&) = delete;
  BrokenPipeHeld& operator=(const BrokenPipeHeld&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

/// A descriptor for the child, 3 or more, and what we keep of it.
struct Stream {
  LocalDescriptor child;
  std::optional<LocalDescriptor> ours = {};
};

Error no_descriptor(std::string_view what) {
  return unavailable(
      fmt::format("cannot open {}: {}", what, std::generic_category().message(errno)));
}

Result<Stream> duplicate(int descriptor) {
  LocalDescriptor copy(fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  if (copy.get() < 0 && errno == EBADF) {  // closed here: it gets none
    const LocalDescriptor nothing(
        uninterrupted([] { return open("/dev/null", O_RDWR | O_CLOEXEC); }));
    if (nothing.get() < 0) return no_descriptor("/dev/null");
    return duplicate(nothing.get());
  }
  if (copy.get() < 0) return no_descriptor("a stream");
  return Stream{.child = std::move(copy)};
}

Result<Stream> open_stream(ChildStream use, int number) {
  if (use == ChildStream::kInherit) return duplicate(number);
  if (use == ChildStream::kNull) {
    const LocalDescriptor nothing(
        uninterrupted([] { return open("/dev/null", O_RDWR | O_CLOEXEC); }));
    if (nothing.get() < 0) return no_descriptor("/dev/null");
    return duplicate(nothing.get());
  }
  ASSIGN_OR_RETURN(PipeEnds ends, make_pipe());
  const bool is_input = number == STDIN_FILENO;
  LocalDescriptor& ours = is_input ? ends.write : ends.read;
  if (fcntl(ours.get(), F_SETFL, O_NONBLOCK) != 0) return no_descriptor("a pipe");
  return Stream{.child = std::move(is_input ? ends.read : ends.write), .ours = std::move(ours)};
}

Result<Stream> open_errors(ChildErrors use, int output) {
  switch (use) {
    case ChildErrors::kNull:
      return open_stream(ChildStream::kNull, STDERR_FILENO);
    case ChildErrors::kInherit:
      return open_stream(ChildStream::kInherit, STDERR_FILENO);
    case ChildErrors::kPipe:
      return open_stream(ChildStream::kPipe, STDERR_FILENO);
    case ChildErrors::kWithOutput:
      return duplicate(output);
  }
  return internal("unknown use of the error stream");
}

}  // namespace

struct ChildProcess::Pipes {
  std::optional<LocalDescriptor> input;
  std::optional<LocalDescriptor> output;
  std::optional<LocalDescriptor> errors;
};

std::vector<std::string> kept_environment(std::span<const std::string_view> names) {
  std::vector<std::string> kept;
  for (const std::string_view name : names) {
    const char* const value = std::getenv(std::string(name).c_str());
    if (value != nullptr) kept.push_back(fmt::format("{}={}", name, value));
  }
  return kept;
}

std::string to_text(const ChildExit& exit) {
  if (exit.signal == 0) return fmt::format("exit code {}", exit.code);
  return fmt::format("signal {} ({})", exit.signal, strsignal(exit.signal));
}

ChildProcess::ChildProcess(pid_t id, Pipes pipes, ByteCount max_line)
    : id_(id),
      max_line_(max_line),
      input_(std::move(pipes.input)),
      output_{.pipe = std::move(pipes.output)},
      errors_{.pipe = std::move(pipes.errors)} {}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const ChildOptions& options) {
  ASSIGN_OR_RETURN(Stream input, open_stream(options.input, STDIN_FILENO));
  ASSIGN_OR_RETURN(Stream output, open_stream(options.output, STDOUT_FILENO));
  ASSIGN_OR_RETURN(Stream errors, open_errors(options.errors, output.child.get()));
  ASSIGN_OR_RETURN(const pid_t id, start_program(options, {.input = input.child.get(),
                                                           .output = output.child.get(),
                                                           .errors = errors.child.get()}));
  return std::unique_ptr<ChildProcess>(new ChildProcess(id,
                                                        {.input = std::move(input.ours),
                                                         .output = std::move(output.ours),
                                                         .errors = std::move(errors.ours)},
                                                        options.max_line));
}

ChildProcess::~ChildProcess() {
  kill();
  [[maybe_unused]] const auto end = wait({.timeout = kKillTime});
}

std::optional<ChildExit> ChildProcess::ended() {
  if (exit_) return exit_;
  siginfo_t info{};
  // Looked at, but left there: while it is a zombie nobody else can get its number.
  const int found = uninterrupted(
      [&] { return waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT); });
  if (found == 0 && info.si_pid == 0) return std::nullopt;
  if (found == 0) ::kill(-id_, SIGKILL);  // what it left running
  int status = 0;
  const pid_t reaped = uninterrupted([&] { return waitpid(id_, &status, 0); });
  if (reaped != id_) {
    // Somebody else waits for all children of this process: how it ended is lost.
    exit_ = ChildExit{.code = -1};
  } else if (WIFSIGNALED(status)) {
    exit_ = ChildExit{.signal = WTERMSIG(status)};
  } else {
    exit_ = ChildExit{.code = WEXITSTATUS(status)};
  }
  return exit_;
}

Result<ChildExit> ChildProcess::wait(const LocalWait& wait) {
  const Deadline deadline(wait.timeout);
  milliseconds pause = kShortestPause;
  while (true) {
    if (const auto end = ended()) return *end;
    const milliseconds left = deadline.left();
    if (left == milliseconds(0)) {
      return timed_out(fmt::format("process {} still runs after {} ms", id_, wait.timeout.count()));
    }
    const auto paused = wait_for(-1, 0, {.timeout = std::min(pause, left), .stop = wait.stop});
    if (!paused && paused.error().code != ErrorCode::kTimeout) return paused.error();
    pause = std::min(pause * 2, kLongestPause);
  }
}

void ChildProcess::terminate() {
  if (!ended()) ::kill(id_, SIGTERM);
}

void ChildProcess::kill() {
  if (!ended()) ::kill(-id_, SIGKILL);
}

Result<ChildExit> ChildProcess::stop(milliseconds grace) {
  terminate();
  auto end = wait({.timeout = grace});
  if (end) return end;
  kill();
  return wait({.timeout = kKillTime});
}

Status ChildProcess::write(std::string_view text, const LocalWait& wait) {
  if (!input_) return unavailable(fmt::format("the input of process {} is closed", id_));
  const BrokenPipeHeld held;
  const Deadline deadline(wait.timeout);
  while (!text.empty()) {
    const ssize_t written =
        uninterrupted([&] { return ::write(input_->get(), text.data(), text.size()); });
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(wait_for(input_->get(), POLLOUT, {deadline.left(), wait.stop}));
    } else {
      input_.reset();
      return unavailable(fmt::format("process {} has closed its input", id_));
    }
  }
  return {};
}

void ChildProcess::close_input() { input_.reset(); }

Result<std::optional<std::string>> ChildProcess::read_output_line(const LocalWait& wait) {
  return read_line(output_, wait);
}

Result<std::optional<std::string>> ChildProcess::read_error_line(const LocalWait& wait) {
  return read_line(errors_, wait);
}

Result<std::optional<std::string>> ChildProcess::read_line(LineStream& stream,
                                                           const LocalWait& wait) const {
  CHECK(stream.pipe || stream.is_over, "the stream is a pipe");
  const Deadline deadline(wait.timeout);
  while (true) {
    const std::size_t end = stream.buffer.find('\n', stream.num_searched);
    if (end != std::string::npos) {
      std::string line = stream.buffer.substr(0, end);
      stream.buffer.erase(0, end + 1);
      stream.num_searched = 0;
      return std::optional(std::move(line));
    }
    stream.num_searched = stream.buffer.size();
    if (stream.is_over || !stream.pipe) {
      if (stream.buffer.empty()) return std::optional<std::string>();
      stream.num_searched = 0;
      return std::optional(std::exchange(stream.buffer, {}));
    }
    if (stream.buffer.size() > max_line_.count()) {
      stream.is_over = true;
      stream.buffer.clear();
      stream.num_searched = 0;
      stream.pipe.reset();
      return exhausted(
          fmt::format("process {} wrote a line of over {}", id_, to_string(max_line_)));
    }
    std::array<char, kReadSize> bytes;
    const ssize_t got =
        uninterrupted([&] { return ::read(stream.pipe->get(), bytes.data(), bytes.size()); });
    if (got > 0) {
      stream.buffer.append(bytes.data(), static_cast<std::size_t>(got));
    } else if (got < 0 && errno == EAGAIN) {
      RETURN_IF_ERROR(wait_for(stream.pipe->get(), POLLIN, {deadline.left(), wait.stop}));
    } else {
      stream.is_over = true;
      stream.pipe.reset();
    }
  }
}

}  // namespace assay::process
