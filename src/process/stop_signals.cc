#include "process/stop_signals.h"

#include "core/check.h"
#include "core/exit_code.h"

#include <fmt/format.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <system_error>

// A signal handler may not ask a stop_source: that runs callbacks and takes locks. So the handler
// only notes the signal and wakes a thread by an eventfd, and the thread asks.

namespace assay::process {
namespace {

// What the handler touches: lock-free, and nothing else.
std::atomic<int> event_descriptor = -1;
std::atomic<int> first_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free);

constexpr std::array kHandled = {SIGINT, SIGTERM, SIGPIPE, SIGXFSZ};

void wake_waiter() {
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then the waiter is awake.
  [[maybe_unused]] const auto written = write(event_descriptor.load(), &one, sizeof one);
}

extern "C" void note_signal(int signal) {
  const int saved_errno = errno;
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, signal)) {
    _exit(static_cast<int>(ExitCode::kCancelled));
  }
  wake_waiter();
  errno = saved_errno;
}

Error signal_error(std::string_view action) {
  return internal(fmt::format("{}: {}", action, std::strerror(errno)));
}

void wait_and_ask(int descriptor, const std::stop_source& stop) {
  std::uint64_t count = 0;
  while (read(descriptor, &count, sizeof count) < 0 && errno == EINTR) {
  }
  if (first_signal != 0) stop.request_stop();
}

}  // namespace

struct StopSignals::SavedHandlers {
  std::array<struct sigaction, kHandled.size()> actions{};
  std::size_t num_saved = 0;

  ~SavedHandlers() {
    for (std::size_t i = 0; i < num_saved; ++i) sigaction(kHandled[i], &actions[i], nullptr);
  }

  Status replace() {
    for (; num_saved < kHandled.size(); ++num_saved) {
      const int signal = kHandled[num_saved];
      struct sigaction& before = actions[num_saved];
      if (sigaction(signal, nullptr, &before) != 0)
        return signal_error("cannot read a signal handler");
      struct sigaction wanted{};
      sigemptyset(&wanted.sa_mask);
      wanted.sa_flags = SA_RESTART;
      // The call that causes them fails, and says more than an end of the program.
      const bool is_told_by_call = signal == SIGPIPE || signal == SIGXFSZ;
      wanted.sa_handler = is_told_by_call ? SIG_IGN : note_signal;
      if (signal == SIGINT && before.sa_handler == SIG_IGN) wanted.sa_handler = SIG_IGN;
      if (sigaction(signal, &wanted, nullptr) != 0)
        return signal_error("cannot set a signal handler");
    }
    return {};
  }
};

StopSignals::StopSignals() : saved_(std::make_unique<SavedHandlers>()) {}

Result<std::unique_ptr<StopSignals>> StopSignals::install() {
  const int descriptor = eventfd(0, EFD_CLOEXEC);
  if (descriptor < 0) return signal_error("cannot wait for signals");
  const int before = event_descriptor.exchange(descriptor);
  CHECK(before == -1, "one StopSignals at a time");
  first_signal = 0;
  // From here on the destructor cleans up.
  std::unique_ptr<StopSignals> signals(new StopSignals());
  try {
    signals->waiter_ = std::jthread(wait_and_ask, descriptor, signals->stop_);
  } catch (const std::system_error& error) {
    return internal(fmt::format("cannot start a thread: {}", error.what()));
  }
  RETURN_IF_ERROR(signals->saved_->replace());
  return signals;
}

StopSignals::~StopSignals() {
  saved_.reset();
  if (waiter_.joinable()) {
    wake_waiter();
    waiter_.join();
  }
  close(event_descriptor.exchange(-1));
}

std::optional<int> StopSignals::received() const {
  return stop_.stop_requested() ? std::optional(first_signal.load()) : std::nullopt;
}

}  // namespace assay::process
