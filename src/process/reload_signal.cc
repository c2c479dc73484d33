#include "process/reload_signal.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace assay::process {
namespace {

// What the handler touches: lock-free, and nothing else.
std::atomic<bool> has_come = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void note_hangup(int /*signal*/) { has_come = true; }

}  // namespace

struct ReloadSignal::Saved {
  struct sigaction action{};
};

ReloadSignal::ReloadSignal(std::unique_ptr<Saved> saved) : saved_(std::move(saved)) {}

Result<std::unique_ptr<ReloadSignal>> ReloadSignal::install() {
  auto saved = std::make_unique<Saved>();
  if (sigaction(SIGHUP, nullptr, &saved->action) != 0) {
    return internal(fmt::format("cannot read the handler of SIGHUP: {}", std::strerror(errno)));
  }
  has_come = false;
  struct sigaction wanted{};
  sigemptyset(&wanted.sa_mask);
  wanted.sa_flags = SA_RESTART;
  wanted.sa_handler = saved->action.sa_handler == SIG_IGN ? SIG_IGN : note_hangup;
  if (sigaction(SIGHUP, &wanted, nullptr) != 0) {
    return internal(fmt::format("cannot set a handler of SIGHUP: {}", std::strerror(errno)));
  }
  return std::unique_ptr<ReloadSignal>(new ReloadSignal(std::move(saved)));
}

ReloadSignal::~ReloadSignal() { sigaction(SIGHUP, &saved_->action, nullptr); }

// NOLINTNEXTLINE(readability-convert-member-functions-to-static): only while one is installed.
bool ReloadSignal::take() { return has_come.exchange(false); }

}  // namespace assay::process
