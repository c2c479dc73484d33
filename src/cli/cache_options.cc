#include "cli/cache_options_internal.h"
#include "cli/option_check_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "core/timestamp.h"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace assay::cli {

Result<std::string> setting_path(const std::string& text) {
  if (text != "~" && !text.starts_with("~/")) return text;
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return invalid_input("there is no home folder");
  return home + text.substr(1);
}

void CacheFolderFlag::add_to(CLI::App& command) {
  add_option(command, "--cache-dir", given,
             "The folder of the caches [setting cache.dir, else ~/.cache/natix].")
      ->type_name("DIR");
}

Result<std::filesystem::path> CacheFolderFlag::folder(const Session& session) const {
  if (!given.empty()) return std::filesystem::path(given);
  const std::string& setting = session.config.get_text("cache.dir");
  const auto path = setting_path(setting.empty() ? "~/.cache/natix" : setting);
  if (!path)
    return invalid_input(path.error().message + ": say where the caches are by --cache-dir");
  return std::filesystem::path(*path);
}

void CacheKindFlag::add_to(CLI::App& command, const std::string& help) {
  add_option(command, "--cache", given, help)
      ->type_name("CACHE")
      ->check([](const std::string& text) { return problem_of(cache::parse_cache_kind(text)); });
}

std::optional<cache::CacheKind> CacheKindFlag::kind() const {
  const auto kind = cache::parse_cache_kind(given);
  return kind ? std::optional(*kind) : std::nullopt;
}

CLI::Option* CacheLabelFlag::add_to(CLI::App& command, const std::string& help) {
  return add_option(command, "--label", given, help)
      ->type_name("LABEL")
      ->check([](const std::string& text) { return problem_of(cache::parse_label(text)); });
}

std::optional<cache::Label> CacheLabelFlag::label() const {
  const auto label = cache::parse_label(given);
  return label ? std::optional(*label) : std::nullopt;
}

Result<ByteCount> parse_size(std::string_view text) {
  struct Unit {
    std::string_view name;
    double bytes;
  };
  constexpr auto kUnits = std::to_array<Unit>({{"KiB", 1024.0},
                                               {"MiB", 1048576.0},
                                               {"GiB", 1073741824.0},
                                               {"TiB", 1099511627776.0},
                                               {"kB", 1e3},
                                               {"KB", 1e3},
                                               {"MB", 1e6},
                                               {"GB", 1e9},
                                               {"TB", 1e12},
                                               {"B", 1.0}});
  constexpr double kMaxBytes = 1e18;
  double factor = 1;
  std::string_view number = text;
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    number = text.substr(0, text.size() - unit.name.size());
    factor = unit.bytes;
    break;
  }
  while (number.ends_with(' ')) number.remove_suffix(1);
  const auto value = parse_real(number);
  if (!value || *value < 0 || *value * factor > kMaxBytes) {
    return invalid_input(fmt::format(
        "expected a size like 500MB, 10GB or 1.5GiB, at most 1000000 TB, not '{}'", text));
  }
  return ByteCount(static_cast<std::uint64_t>(*value * factor));
}

std::string check_size(const std::string& text) { return problem_of(parse_size(text)); }

void CacheBudgetFlags::add_to(CLI::App& command) {
  const auto add_size = [&](const char* name, std::string& target, const char* help) {
    add_option(command, name, target, help)->type_name("SIZE")->check(check_size);
  };
  add_size("--max-size", max_size,
           "Of each cache: beyond it images make room until nine tenths are left [setting "
           "cache.max_size, 10GB].");
  add_size("--max-total", max_total,
           "Of all three and the kept tables together [setting cache.max_total].");
  add_size("--max-quarantine", max_quarantine,
           "Of the folder quarantine: beyond it the oldest are removed, though one may be the only "
           "copy; with 0 nothing is put there [setting cache.max_quarantine, 1GB].");
  add_option(command, "--evict", evict,
             "Which make room: oldest, least-used or random, but none served in the last 15 "
             "minutes [setting cache.evict].")
      ->type_name("ORDER")
      ->check(
          [](const std::string& text) { return problem_of(cache::parse_eviction_order(text)); });
}

void NearDuplicateFlags::add_to(CLI::App& command) {
  command.add_flag_callback(
      "--near-duplicates", [this] { near_duplicates = cache::NearDuplicates::kTaken; },
      "Also take images that look like another one of the same source.");
  add_option(command, "--near-distance", max_distance,
             "In how many of 64 bits of their looks near duplicates may differ, 0 to 7.")
      ->type_name("N")
      ->capture_default_str()
      ->check([](const std::string& text) {
        const auto number = parse_integer(text);
        return number && *number >= 0 && *number <= cache::NearIndex::kMaxDistance
                   ? std::string()
                   : fmt::format("expected a number from 0 to {}: {}",
                                 cache::NearIndex::kMaxDistance, text);
      });
}

Result<cache::Budget> CacheBudgetFlags::budget(const Session& session) const {
  const auto text_of = [&](const std::string& given, const char* key) -> std::string {
    return given.empty() ? session.config.get_text(key) : given;
  };
  cache::Budget budget;
  ASSIGN_OR_RETURN(budget.max_cache_bytes,
                   with_context(parse_size(text_of(max_size, "cache.max_size")), "cache.max_size"));
  const std::string total = text_of(max_total, "cache.max_total");
  if (!total.empty()) {
    ASSIGN_OR_RETURN(budget.max_total_bytes, with_context(parse_size(total), "cache.max_total"));
  }
  const std::string quarantine = text_of(max_quarantine, "cache.max_quarantine");
  budget.max_quarantine_bytes.reset();
  if (!quarantine.empty()) {
    ASSIGN_OR_RETURN(budget.max_quarantine_bytes,
                     with_context(parse_size(quarantine), "cache.max_quarantine"));
  }
  ASSIGN_OR_RETURN(budget.order, cache::parse_eviction_order(text_of(evict, "cache.evict")));
  return budget;
}

Result<OpenedCache> open_cache(const CacheFolderFlag& flag, Session& session, cache::Access access,
                               cache::ScanDepth depth, const CacheBudgetFlags& budget) {
  ASSIGN_OR_RETURN(std::filesystem::path folder, flag.folder(session));
  ASSIGN_OR_RETURN(const cache::Budget limits, budget.budget(session));
  OpenedCache opened{.pool = std::make_unique<ThreadPool>()};
  const cache::StoreTools tools{.file_system = files::posix_file_system(),
                                .clock = system_clock(),
                                .random = system_random(),
                                .pool = *opened.pool};
  ASSIGN_OR_RETURN(opened.store,
                   cache::Store::open(tools, cache::CacheLayout(std::move(folder)),
                                      {.access = access, .budget = limits}, session.stop));
  ASSIGN_OR_RETURN(opened.rescan, cache::rescan(*opened.store, depth, session.stop));
  for (const cache::FolderFailure& failure : opened.rescan.failures) {
    log_warning("a folder of the cache cannot be read", {{"reason", failure.error.message}});
  }
  return opened;
}

Result<OpenedCache> open_cache_to_look(const CacheFolderFlag& flag, Session& session,
                                       cache::ScanDepth depth) {
  ASSIGN_OR_RETURN(const std::filesystem::path folder, flag.folder(session));
  ASSIGN_OR_RETURN(const auto info, files::posix_file_system().info(folder));
  // Looking must not make a cache where there is none.
  if (!info) return open_cache(flag, session, cache::Access::kRead, depth);
  auto opened = open_cache(flag, session, cache::Access::kWrite, depth);
  if (opened ||
      (opened.error().code != ErrorCode::kDenied && opened.error().code != ErrorCode::kNoSpace)) {
    return opened;
  }
  return open_cache(flag, session, cache::Access::kRead, depth);
}

Status require_cache(const CacheFolderFlag& flag, const Session& session) {
  ASSIGN_OR_RETURN(const std::filesystem::path folder, flag.folder(session));
  ASSIGN_OR_RETURN(const auto info, files::posix_file_system().info(folder));
  if (info) return {};
  return missing(
      fmt::format("there is no folder {}: no image was ever put there, or the cache is elsewhere "
                  "(--cache-dir, or the setting cache.dir)",
                  folder.native()));
}

Result<cache::WorkLock> take_work_lock(const std::filesystem::path& folder, cache::Work work,
                                       std::string_view command) {
  const std::string holder = fmt::format("process {} on {}, assay cache {}, since {}", ::getpid(),
                                         host_name(), command, to_rfc3339(system_clock().now()));
  return cache::WorkLock::take(files::posix_file_system(), cache::CacheLayout(folder), work,
                               holder);
}

void pause_for(std::chrono::microseconds span, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any waiting;
  std::unique_lock lock(mutex);
  waiting.wait_for(lock, stop, span, [] { return false; });
}

}  // namespace assay::cli
