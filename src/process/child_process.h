/// \file
/// Another program, run beside this one, which never outlives it.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "process/descriptor.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::process {

/// Where one of the child's three streams leads.
enum class ChildStream : std::uint8_t {
  kNull,     ///< /dev/null.
  kInherit,  ///< Where ours leads.
  kPipe,     ///< To us: write(), read_output_line(), read_error_line().
};

enum class ChildErrors : std::uint8_t {
  kNull,
  kInherit,
  kPipe,
  kWithOutput,  ///< The same place as the output, in the order of writing.
};

struct ChildOptions {
  /// Absolute, or relative to `folder`; $PATH is not searched.
  std::filesystem::path program = {};
  /// Without the program's own name.
  std::vector<std::string> arguments = {};
  /// NAME=VALUE: all that the child sees. Nothing is passed on by itself; see kept_environment().
  std::vector<std::string> environment = {};
  /// Where it works; empty: where we do.
  std::filesystem::path folder = {};
  ChildStream input = ChildStream::kNull;
  ChildStream output = ChildStream::kInherit;
  ChildErrors errors = ChildErrors::kInherit;
  /// A child that writes a longer line is not listened to any more.
  ByteCount max_line{std::uint64_t{16} << 20};
};

/// Those of our environment variables that are set, as ChildOptions takes them.
std::vector<std::string> kept_environment(std::span<const std::string_view> names);

/// How a child ended: by its own exit code, or by a signal.
struct ChildExit {
  int code = 0;
  int signal = 0;  ///< 0: it exited.

  bool operator==(const ChildExit&) const = default;
};

/// `exit code 3`, `signal 9 (Killed)`.
std::string to_text(const ChildExit& exit);

/// A child process, in a process group of its own: Ctrl-C on the terminal does not reach it. It
/// gets no descriptor of ours but its three streams, no signal mask and no ignored signal. It is
/// killed when we die, however that happens, and what it left running in its group is killed when
/// it ends. The destructor kills it.
///
/// Threads: one thread at a time; but one may write while others read, each a stream of its own.
///          The system counts the thread that started a child as its parent: that thread must live
///          as long as the child shall.
class ChildProcess {
 public:
  /// Returns once the program runs.
  /// Errors: kNotFound (no such program or folder), kDenied (it may not be run), kInvalidInput (it
  ///         is no program; a NUL within a text), kUnavailable (no process or descriptor left).
  static Result<std::unique_ptr<ChildProcess>> start(const ChildOptions& options);

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  int id() const { return id_; }

  /// How it ended, or nothing while it runs. Does not wait.
  std::optional<ChildExit> ended();
  /// Wait for its end; `wait.timeout` is for the whole call. Errors: kTimeout (it runs),
  /// kCancelled.
  Result<ChildExit> wait(const LocalWait& wait);
  /// Ask it to end (SIGTERM); fine when it has ended.
  void terminate();
  /// Kill it and its group (SIGKILL); fine when it has ended.
  void kill();
  /// Ask it to end, kill it after `grace`, and wait for that.
  /// Errors: kTimeout (even SIGKILL did not end it: it hangs in the system).
  Result<ChildExit> stop(std::chrono::milliseconds grace);

  /// Write all of `text` to its input; `wait.timeout` is for the whole call.
  /// Errors: kUnavailable (it has closed its input, or ended), kTimeout, kCancelled; part of the
  ///         text may have been written. Pre: the input is a pipe.
  Status write(std::string_view text, const LocalWait& wait = {});
  /// Its input comes to an end. Fine when it has already.
  void close_input();

  /// The next line, without its end; nothing at the end of the stream. `wait.timeout` is for the
  /// whole call, and 0 takes what is there; after kTimeout or kCancelled it may be called again.
  /// Errors: kTimeout, kCancelled, kExhausted (a line over `max_line`; the rest is not read).
  /// Pre: the stream is a pipe.
  Result<std::optional<std::string>> read_output_line(const LocalWait& wait = {});
  Result<std::optional<std::string>> read_error_line(const LocalWait& wait = {});

 private:
  /// The lines that come out of one of its streams.
  struct LineStream {
    std::optional<LocalDescriptor> pipe = {};
    std::string buffer = {};
    std::size_t num_searched = 0;  // of the buffer, without a line end
    bool is_over = false;
  };
  struct Pipes;

  ChildProcess(int id, Pipes pipes, ByteCount max_line);
  Result<std::optional<std::string>> read_line(LineStream& stream, const LocalWait& wait) const;

  const int id_;
  const ByteCount max_line_;
  std::optional<ChildExit> exit_;
  std::optional<LocalDescriptor> input_;
  LineStream output_;
  LineStream errors_;
};

}  // namespace assay::process
