#include "files/shared_words.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

namespace assay::files {
namespace {

Error map_error(int number, std::string_view action, const std::filesystem::path& path) {
  ErrorCode code = ErrorCode::kUnavailable;
  if (number == EACCES || number == EPERM || number == EROFS) code = ErrorCode::kDenied;
  if (number == ENOSPC || number == EDQUOT || number == EFBIG) code = ErrorCode::kNoSpace;
  if (number == EISDIR || number == ENOTDIR) code = ErrorCode::kInvalidInput;
  return {code, fmt::format("cannot {} {}: {}", action, path.native(),
                            std::generic_category().message(number))};
}

Result<std::size_t> grow(int descriptor, std::size_t min_words, const std::filesystem::path& path) {
  struct stat status{};
  if (fstat(descriptor, &status) != 0) return map_error(errno, "look at", path);
  const std::size_t present = static_cast<std::size_t>(status.st_size) / sizeof(std::uint64_t);
  if (present >= min_words && present > 0) return present;
  const std::size_t wanted = std::max<std::size_t>(min_words, 1);
  int failure = 0;
  do {
    failure = posix_fallocate(descriptor, 0, static_cast<off_t>(wanted * sizeof(std::uint64_t)));
  } while (failure == EINTR);
  if (failure != 0) return map_error(failure, "reserve space for", path);
  return wanted;
}

}  // namespace

Result<SharedWords> SharedWords::open(const std::filesystem::path& path, std::size_t min_words) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return map_error(errno, "open", path);
  const Result<std::size_t> num_words = grow(descriptor, min_words, path);
  void* memory = MAP_FAILED;
  int failure = 0;
  if (num_words) {
    memory = mmap(nullptr, *num_words * sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
                  descriptor, 0);
    failure = errno;
  }
  close(descriptor);
  if (!num_words) return num_words.error();
  if (memory == MAP_FAILED) return map_error(failure, "map", path);
  return SharedWords(static_cast<std::uint64_t*>(memory), *num_words);
}

void SharedWords::touch() const {
  const auto page_words = static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / sizeof(std::uint64_t);
  for (std::size_t i = 0; i < num_words_; i += page_words) std::atomic_ref(words_[i]).fetch_add(0);
}

SharedWords::SharedWords(SharedWords&& other) noexcept
    : words_(std::exchange(other.words_, nullptr)),
      num_words_(std::exchange(other.num_words_, 0)) {}

SharedWords& SharedWords::operator=(SharedWords&& other) noexcept {
  std::swap(words_, other.words_);
  std::swap(num_words_, other.num_words_);
  return *this;
}

SharedWords::~SharedWords() {
  if (words_ != nullptr) munmap(words_, num_words_ * sizeof(std::uint64_t));
}

}  // namespace assay::files
