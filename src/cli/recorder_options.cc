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
constexpr std::string_view kFeedbackTimeout = "history.feedback_timeout";
constexpr std::string_view kPlyMinScore = "history.ply_min_score";
constexpr std::string_view kMaxPlyFiles = "history.max_ply_files";
constexpr std::string_view kNever = "never";

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

/// Nothing for `never`.
Result<std::optional<std::chrono::milliseconds>> parse_feedback_timeout(std::string_view text) {
  using Timeout = std::optional<std::chrono::milliseconds>;
  if (text == kNever) return Timeout();
  const auto timeout = parse_duration(text);
  if (timeout) return Timeout(*timeout);
  return invalid_input(
      fmt::format("expected never, or a span of time like 24h or 90m, not '{}'", text));
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
  add_option(command, "--feedback-timeout", feedback_timeout,
             "PLY files without feedback count as rejected after this long; never keeps them "
             "[setting history.feedback_timeout, 24h].")
      ->type_name("DURATION")
      ->check([](const std::string& text) { return problem_of(parse_feedback_timeout(text)); });
  add_option(command, "--ply-min-score", ply_min_score,
             "PLY files that were accepted with a lower score count as rejected [setting "
             "history.ply_min_score, 0].")
      ->type_name("SCORE")
      ->check([](const std::string& text) { return problem_of(parse_real(text)); });
  add_option(command, "--max-ply-files", max_ply_files,
             "Raise an alert when the PLY files take more [setting history.max_ply_files, 300GB].")
      ->type_name("SIZE")
      ->check(check_size);
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
  // What nobody says is as the folder's recorder before had it.
  const auto source_of = [&](const std::string& flag, std::string_view key) {
    return flag.empty() && !settings.is_given(key) ? recorder::OptionSource::kAsBefore
                                                   : recorder::OptionSource::kGiven;
  };
  chosen.feedback_timeout_source = source_of(feedback_timeout, kFeedbackTimeout);
  chosen.ply_min_score_source = source_of(ply_min_score, kPlyMinScore);
  ASSIGN_OR_RETURN(
      chosen.feedback_timeout,
      with_context(parse_feedback_timeout(chosen_text(feedback_timeout, kFeedbackTimeout)),
                   kFeedbackTimeout));
  ASSIGN_OR_RETURN(
      chosen.max_ply_files,
      with_context(parse_size(chosen_text(max_ply_files, kMaxPlyFiles)), kMaxPlyFiles));
  chosen.ply_min_score = settings.get_number(kPlyMinScore);
  if (!ply_min_score.empty()) {
    ASSIGN_OR_RETURN(chosen.ply_min_score, parse_real(ply_min_score));
  }
  chosen.min_free_share = settings.get_number("history.min_free_share");
  return chosen;
}

}  // namespace assay::cli
