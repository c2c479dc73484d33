/// \file
/// A file of numbers that several processes change at once.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace assay::files {

/// 64-bit words in a file that is mapped into memory: what one process writes, the others see at
/// once. They last when a process dies; a crash of the machine may lose the latest. Every access is
/// by std::atomic_ref.
/// Threads: all calls are safe from any thread. Unmapped by the destructor.
class SharedWords {
 public:
  /// Map `path`, made when absent, with at least `min_words`: a shorter file grows by zeros, which
  /// are reserved on disk, so that a full disk is an error here and never later. It never shrinks.
  /// Others that have it mapped keep what they see.
  /// Errors: kDenied, kNoSpace, kInvalidInput (a folder), kUnavailable; each names the file.
  static Result<SharedWords> open(const std::filesystem::path& path, std::size_t min_words);

  SharedWords(SharedWords&& other) noexcept;
  SharedWords& operator=(SharedWords&& other) noexcept;
  SharedWords(const SharedWords&) = delete;
  SharedWords& operator=(const SharedWords&) = delete;
  ~SharedWords();

  std::span<std::uint64_t> words() const { return {words_, num_words_}; }

  /// Touch every page, so that no later change waits for the kernel to map one: some microseconds
  /// each. Changes no word, but the file is written back once. Cost: a microsecond a page of 4 KiB.
  void touch() const;

 private:
  SharedWords(std::uint64_t* words, std::size_t num_words) : words_(words), num_words_(num_words) {}

  std::uint64_t* words_;  // null once moved from
  std::size_t num_words_;
};

}  // namespace assay::files
