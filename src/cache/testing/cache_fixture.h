/// \file
/// A cache in a folder of its own, and pictures to fill it with.

#pragma once

#include "cache/store.h"
#include "core/testing/fake_clock.h"
#include "files/testing/temporary_folder.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace assay::cache::testing {

/// A JPEG file; another look for each seed.
std::string jpeg_picture(std::uint64_t seed, std::uint32_t width = 64, std::uint32_t height = 48);
/// The same look as jpeg_picture() of this seed, in other bytes.
std::string jpeg_again(std::uint64_t seed);
/// What a file holds; `none` when it cannot be read.
std::string content_of(const std::filesystem::path& path);

/// Each part may be used on its own.
struct CacheFixture {
  files::testing::TemporaryFolder folder;
  assay::testing::FakeClock clock;
  SeededRandom random{1};
  ThreadPool pool{{.num_threads = 2}};
  CacheLayout layout{folder.path() / "cache"};
  files::FileSystem& file_system = files::posix_file_system();

  StoreTools tools() {
    return {.file_system = file_system, .clock = clock, .random = random, .pool = pool};
  }
  /// Pre: it can be opened.
  std::unique_ptr<Store> open(Access access = Access::kWrite);
  /// Write a file below the fixture's folder; folders are made.
  std::filesystem::path put(std::string_view path, std::string_view content) const;
  /// The same below the cache's folder.
  std::filesystem::path drop(std::string_view path, std::string_view content) const;
};

}  // namespace assay::cache::testing
