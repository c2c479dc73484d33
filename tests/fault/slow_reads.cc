// Preloaded into the program under test: files become as slow as on a share far away, and may be
// lost on the way.
//
// SLOW_READS_PATH          what the paths of those files hold
// SLOW_READS_MILLISECONDS  how long each of their reads waits
// SLOW_READS_FAIL_AT       the first of their reads that fails, as all do from then on; 0: none

#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace {

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

long number_setting(const char* name) { return std::strtol(setting(name).c_str(), nullptr, 10); }

bool is_slow(int descriptor) {
  static const std::string kPart = setting("SLOW_READS_PATH");
  std::array<char, 4096> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = readlink(link.c_str(), path.data(), path.size());
  return size > 0 && !kPart.empty() &&
         std::string_view(path.data(), static_cast<std::size_t>(size)).contains(kPart);
}

bool is_lost() {
  static const long kFailAt = number_setting("SLOW_READS_FAIL_AT");
  static std::atomic<long> num_reads = 0;
  return ++num_reads >= kFailAt && kFailAt > 0;
}

}  // namespace

// The system's names of the parameters are reserved ones.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)

extern "C" ssize_t pread(int descriptor, void* into, std::size_t size, off_t offset) {
  using Pread = ssize_t (*)(int, void*, std::size_t, off_t);
  static const auto real = reinterpret_cast<Pread>(dlsym(RTLD_NEXT, "pread"));
  static const std::chrono::milliseconds kWait(number_setting("SLOW_READS_MILLISECONDS"));
  if (is_slow(descriptor)) {
    std::this_thread::sleep_for(kWait);
    if (is_lost()) {
      errno = EIO;
      return -1;
    }
  }
  return real(descriptor, into, size, offset);
}

extern "C" ssize_t pread64(int descriptor, void* into, std::size_t size, off_t offset) {
  return pread(descriptor, into, size, offset);
}

// NOLINTEND(readability-inconsistent-declaration-parameter-name)
