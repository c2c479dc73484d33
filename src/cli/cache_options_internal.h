/// \file
/// Options that several cache commands share.

#pragma once

#include "cache/budget.h"
#include "cache/intake.h"
#include "cache/rescan.h"
#include "cache/store.h"
#include "cache/work_lock.h"
#include "cli/command_internal.h"
#include "core/thread_pool.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::cli {

/// A path of assay.toml, at which no shell has looked: `~` is the home folder, also in `~/a`.
/// Errors: kInvalidInput (there is no home folder).
Result<std::string> setting_path(const std::string& text);

/// `--cache-dir`.
struct CacheFolderFlag {
  std::string given;

  void add_to(CLI::App& command);
  /// The flag, else the setting `cache.dir`, else `~/.cache/natix`.
  /// Errors: kInvalidInput (there is no home folder to put it in).
  Result<std::filesystem::path> folder(const Session& session) const;
};

/// `--cache`, one of the three or all.
struct CacheKindFlag {
  std::string given;

  void add_to(CLI::App& command, const std::string& help);
  std::optional<cache::CacheKind> kind() const;
};

/// `--label`, if given.
struct CacheLabelFlag {
  std::string given;

  CLI::Option* add_to(CLI::App& command, const std::string& help);
  std::optional<cache::Label> label() const;
};

/// A size like `10GB`, `1.5GiB` or `500000`. Errors: kInvalidInput.
Result<ByteCount> parse_size(std::string_view text);
/// For CLI11: what is wrong with the text of a size, or nothing.
std::string check_size(const std::string& text);
/// Images, rows or tables that a command takes at most.
inline constexpr std::uint64_t kMaxCacheCount = 10'000'000;

/// `--max-size`, `--max-total`, `--max-quarantine`, `--evict`: how large the caches may be, and who
/// makes room.
struct CacheBudgetFlags {
  std::string max_size;
  std::string max_total;
  std::string max_quarantine;
  std::string evict;

  void add_to(CLI::App& command);
  /// The flags, else the settings. Errors: kInvalidInput (a setting that is no size).
  Result<cache::Budget> budget(const Session& session) const;
};

/// `--near-duplicates`, `--near-distance`: what becomes of images that look like others.
struct NearDuplicateFlags {
  cache::NearDuplicates near_duplicates = cache::ImportOptions().near_duplicates;
  int max_distance = cache::ImportOptions().max_near_distance;

  void add_to(CLI::App& command);
};

/// A cache with its index up to date, and what it works with.
struct OpenedCache {
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<cache::Store> store = {};
  cache::RescanSummary rescan = {};
};

/// Lifetime: in this process. Without flags the budget is that of the settings.
/// Errors: those of cache::Store, cache::rescan() and CacheBudgetFlags.
Result<OpenedCache> open_cache(const CacheFolderFlag& flag, Session& session, cache::Access access,
                               cache::ScanDepth depth, const CacheBudgetFlags& budget = {});

/// As open_cache(), only for reading where the cache may not be written.
Result<OpenedCache> open_cache_to_look(const CacheFolderFlag& flag, Session& session,
                                       cache::ScanDepth depth);

/// Of what does not make a cache: that there is one.
/// Errors: kMissing (there is no such folder), kInvalidInput.
Status require_cache(const CacheFolderFlag& flag, const Session& session);

/// `command` is the one of `assay cache` that does the work. Errors: as cache::WorkLock.
Result<cache::WorkLock> take_work_lock(const std::filesystem::path& folder, cache::Work work,
                                       std::string_view command);

/// Return after `span`, or when it is to stop.
void pause_for(std::chrono::microseconds span, const std::stop_token& stop);

void add_cache_contact_sheet_command(CommandTree& tree, CLI::App& group);
void add_cache_doctor_command(CommandTree& tree, CLI::App& group);
void add_cache_export_command(CommandTree& tree, CLI::App& group);
void add_cache_gc_command(CommandTree& tree, CLI::App& group);
void add_cache_generate_command(CommandTree& tree, CLI::App& group);
void add_cache_import_command(CommandTree& tree, CLI::App& group);
void add_cache_label_command(CommandTree& tree, CLI::App& group);
void add_cache_sample_command(CommandTree& tree, CLI::App& group);
void add_cache_status_command(CommandTree& tree, CLI::App& group);
void add_cache_update_command(CommandTree& tree, CLI::App& group);
void add_cache_verify_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli
