#include "cli/cache_options_internal.h"
#include "cli/command_internal.h"
#include "cli/option_check_internal.h"
#include "cli/recorder_options_internal.h"
#include "core/parse_number.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>

namespace assay::cli {
namespace {

constexpr std::string_view kMaxQueuedBytes = "history.max_queued_bytes";
constexpr std::string_view kSyncInterval = "history.sync_interval";

Result<std::chrono::milliseconds> parse_sync_interval(std::string_view text) {
  ASSIGN_OR_RETURN(const std::chrono::milliseconds interval, parse_duration(text));
  if (interval < std::chrono::milliseconds(1)) {
    return invalid_input(
        fmt::format("expected at least 1ms, not '{}'; --durability always syncs "
                    "before each answer",
                    text));
  }
  return interval;
}

}  // namespace

void RecorderFlags::add_to(CLI::App& command) {
  add_option(command, "--miner-uid", options.miner_uid, "The miner, for new generations.")
      ->type_name("UID");
  add_option(command, "--miner-version", options.miner_version, "Its version.")
      ->type_name("TEXT")
      ->capture_default_str();
  add_option(command, "--network", options.network, "Its network.")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_flag_callback(
      "--no-images", [this] { options.stores_images = false; },
      "Keep the hashes of image prompts, not the images.");
  command.add_flag_callback(
      "--no-ply-files", [this] { options.stores_ply_files = false; },
      "Keep the hashes of PLY files, not the files.");
  command.add_flag_callback(
      "--no-rotation", [this] { options.rotates_monthly = false; },
      "When the month changes, leave the records of earlier months where they are.");
  command.add_flag_callback(
      "--refuse-damaged", [this] { options.journal.when_damaged = files::WhenDamaged::kRefuse; },
      "Do not open a history whose journal is damaged, instead of salvaging what can be read.");
  add_option(
      command, "--durability", durability,
      "When an event is acknowledged: always (on disk), interval (with the system, and synced "
      "after each --sync-interval) or none (with the system) [setting history.durability, "
      "always].")
      ->type_name("MODE")
      ->check([](const std::string& text) { return problem_of(files::parse_durability(text)); });
  add_option(command, "--sync-interval", sync_interval,
             "From one sync to the next with --durability interval: what a loss of power costs "
             "[setting history.sync_interval, 100ms].")
      ->type_name("DURATION")
      ->check([](const std::string& text) { return problem_of(parse_sync_interval(text)); });
  add_option(command, "--max-queued-bytes", max_queued_bytes,
             "Events that may wait for the disk [setting history.max_queued_bytes, 64MiB].")
      ->type_name("SIZE")
      ->check(check_size);
  add_option(command, "--when-full", when_full,
             "Beyond that: block (an event waits for room) or refuse (it gets an error and is "
             "counted) [setting history.when_full, block].")
      ->type_name("CHOICE")
      ->check([](const std::string& text) { return problem_of(files::parse_when_full(text)); });
}

Result<recorder::RecorderOptions> RecorderFlags::options_with(const Config& settings) const {
  const auto chosen_text = [&](const std::string& flag, std::string_view key) {
    return flag.empty() ? settings.get_text(key) : flag;
  };
  recorder::RecorderOptions chosen = options;
  files::GroupJournalOptions& journal = chosen.journal;
  ASSIGN_OR_RETURN(journal.durability,
                   files::parse_durability(chosen_text(durability, "history.durability")));
  ASSIGN_OR_RETURN(journal.when_full,
                   files::parse_when_full(chosen_text(when_full, "history.when_full")));
  ASSIGN_OR_RETURN(
      journal.max_queued,
      with_context(parse_size(chosen_text(max_queued_bytes, kMaxQueuedBytes)), kMaxQueuedBytes));
  ASSIGN_OR_RETURN(
      journal.sync_interval,
      with_context(parse_sync_interval(chosen_text(sync_interval, kSyncInterval)), kSyncInterval));
  chosen.min_free_share = settings.get_number("history.min_free_share");
  return chosen;
}

}  // namespace assay::cli
