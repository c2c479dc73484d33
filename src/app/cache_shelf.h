/// \file
/// The images of challenges, drawn from a cache.

#pragma once

#include "cache/rescan.h"
#include "cache/sampler.h"
#include "cache/store.h"
#include "core/thread_pool.h"
#include "files/folder_watch.h"
#include "validator/image_shelf.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace assay::app {

struct CacheShelfOptions {
  /// No image comes again within this time while another one of its kind is free.
  std::chrono::milliseconds cool_down = std::chrono::hours(1);
  /// What others put into the folders is noticed soon where the system tells of it; this often the
  /// folders are looked at all the same.
  std::chrono::milliseconds rescan_interval = std::chrono::seconds(10);
};

/// Adapts a cache to what the validator asks for. Names are paths below the cache's folder.
/// Errors: as validator::ImageShelf.
class CacheShelf final : public validator::ImageShelf {
 public:
  /// The folder is made when it is not there. Errors: as cache::Store and cache::rescan().
  static Result<std::unique_ptr<CacheShelf>> open(const std::filesystem::path& folder,
                                                  const CacheShelfOptions& options,
                                                  const std::stop_token& stop);

  Result<validator::PerCell<std::uint64_t>> stock() override;
  Result<std::optional<validator::ShelfImage>> draw(const validator::Cell& cell) override;
  Result<validator::ShelfImage> read(std::string_view name) override;
  std::string why_empty() override;

 private:
  CacheShelf(std::filesystem::path folder, const CacheShelfOptions& options, std::stop_token stop);
  /// Errors of all: as open().
  Status reopen();
  Status look_at(cache::ScanDepth depth);
  Result<validator::PerCell<std::uint64_t>> count();
  cache::DrawOptions draw_options(const validator::Cell& cell) const;

  std::filesystem::path folder_;
  CacheShelfOptions options_;
  std::stop_token stop_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<cache::Store> store_;
  std::unique_ptr<cache::Sampler> sampler_;
  files::FolderWatch watch_;
  std::chrono::nanoseconds next_rescan_{0};
  std::chrono::nanoseconds earliest_rescan_{0};
  std::chrono::nanoseconds next_diagnosis_{0};
  std::string diagnosis_;
};

}  // namespace assay::app
