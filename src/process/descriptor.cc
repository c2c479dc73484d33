#include "process/descriptor.h"

#include "process/descriptor_internal.h"

#include <fmt/format.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

namespace assay::process {

LocalDescriptor::LocalDescriptor(LocalDescriptor&& other) noexcept
    : number_(std::exchange(other.number_, -1)) {}

LocalDescriptor::~LocalDescriptor() {
  if (number_ >= 0) close(number_);
}

Status wait_for(int descriptor, short events, const LocalWait& wait) {
  const LocalDescriptor wakes(wait.stop.stop_possible() ? eventfd(0, EFD_CLOEXEC) : -1);
  if (wait.stop.stop_possible() && wakes.get() < 0) {
    return unavailable(fmt::format("cannot wait: {}", std::strerror(errno)));
  }
  const std::stop_callback on_stop(wait.stop, [&wakes] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wakes.get(), &one, sizeof one);
  });
  const auto timeout =
      std::clamp<std::int64_t>(wait.timeout.count(), 0, std::numeric_limits<int>::max());
  // poll() passes over negative descriptors.
  std::array<pollfd, 2> watched = {{{.fd = descriptor, .events = events, .revents = 0},
                                    {.fd = wakes.get(), .events = POLLIN, .revents = 0}}};
  const int ready = uninterrupted(
      [&] { return poll(watched.data(), watched.size(), static_cast<int>(timeout)); });
  if (wait.stop.stop_requested()) return cancelled("stopped while waiting for another process");
  if (ready < 0) return unavailable(fmt::format("cannot wait: {}", std::strerror(errno)));
  if (ready == 0) {
    return timed_out(fmt::format("another process did not answer within {} ms", timeout));
  }
  return {};
}

}  // namespace assay::process
