#include "core/settings.h"

#include "core/check.h"

#include <algorithm>
#include <array>

namespace assay {
namespace {

constexpr auto kSettings = std::to_array<Setting>({
    {.key = "alerts.webhook",
     .default_text = "",
     .help = "address that receives each alert once by POST; none when empty",
     .display = SettingDisplay::kHostOnly},
    {.key = "audit.concurrency",
     .kind = SettingKind::kInteger,
     .default_text = "256",
     .help = "requests in flight while objects are verified",
     .minimum = 1,
     .maximum = 65'536},
    {.key = "audit.fdr",
     .kind = SettingKind::kNumber,
     .default_text = "0.01",
     .help = "share of false suspects that the exact test allows",
     .minimum = 0,
     .maximum = 1},
    {.key = "audit.min_missing",
     .kind = SettingKind::kInteger,
     .default_text = "50",
     .help = "missing images below which a miner is not flagged",
     .minimum = 0,
     .maximum = 1e15},
    {.key = "audit.success_ratio",
     .kind = SettingKind::kNumber,
     .default_text = "0.5",
     .help = "share of successes among the missing at which a miner is flagged",
     .minimum = 0,
     .maximum = 1},
    {.key = "audit.tolerate",
     .kind = SettingKind::kNumber,
     .default_text = "0.03",
     .help = "share of false claims that an honest miner may have by accident",
     .minimum = 0,
     .maximum = 1},
    {.key = "cache.dataset",
     .default_text = "natix-network-org/roadwork",
     .help = "data set that the cache is updated from, with @REVISION if wanted"},
    {.key = "cache.dir",
     .default_text = "",
     .help = "folder of the image caches (~ is the home folder); ~/.cache/natix when empty"},
    {.key = "cache.evict",
     .default_text = "oldest",
     .help = "which images make room for others",
     .choices = "oldest|least-used|random"},
    {.key = "cache.max_quarantine",
     .default_text = "1GB",
     .help = "size of the quarantine beyond which the oldest in it are removed; no bound when "
             "empty"},
    {.key = "cache.max_size",
     .default_text = "10GB",
     .help = "size of each image cache beyond which images make room"},
    {.key = "cache.max_total",
     .default_text = "",
     .help = "the same of all image caches with kept tables; no bound when empty"},
    {.key = "chain.python",
     .default_text = "",
     .help = "Python with the SDK of Bittensor; when empty, that of `assay chain install`"},
    {.key = "history.durability",
     .default_text = "always",
     .help = "when a recorder acknowledges an event: on disk; or with the system, and synced after "
             "each history.sync_interval; or with the system",
     .choices = "always|interval|none"},
    {.key = "history.feedback_timeout",
     .default_text = "24h",
     .help = "PLY files without feedback count as rejected after this long; or never"},
    {.key = "history.max_ply_files",
     .default_text = "300GB",
     .help = "size of the PLY files beyond which a recorder raises an alert"},
    {.key = "history.max_queued_bytes",
     .default_text = "64MiB",
     .help = "size of the events that may wait for the disk"},
    {.key = "history.min_free_share",
     .kind = SettingKind::kNumber,
     .default_text = "0.2",
     .help = "share of the disk below which a recorder raises an alert, and doctor speaks of it",
     .minimum = 0,
     .maximum = 1},
    {.key = "history.ply_min_score",
     .kind = SettingKind::kNumber,
     .default_text = "0",
     .help = "PLY files that were accepted with a lower score count as rejected"},
    {.key = "history.sync_interval",
     .kind = SettingKind::kDuration,
     .default_text = "100ms",
     .help = "from one sync to the next when history.durability is interval"},
    {.key = "history.when_full",
     .default_text = "block",
     .help = "what becomes of an event when history.max_queued_bytes wait for the disk",
     .choices = "block|refuse"},
    {.key = "log.format",
     .default_text = "text",
     .help = "form of the log on stderr",
     .choices = "text|json"},
    {.key = "log.level",
     .default_text = "info",
     .help = "least important messages that are logged",
     .choices = "debug|info|warning|error|off"},
    {.key = "validator.copies",
     .default_text = "report",
     .help = "what becomes of miners whose answers go together; share: they are paid as one",
     .choices = "report|share"},
    {.key = "validator.formula",
     .default_text = "natix",
     .help = "what an answer earns",
     .choices = "natix|calibrated"},
    {.key = "validator.interval",
     .kind = SettingKind::kDuration,
     .default_text = "3s",
     .help = "from one round of challenges to the next"},
    {.key = "validator.mix",
     .default_text = "real=0.5,t2i=0.25,i2i=0.25",
     .help = "shares of photos, images from texts and changed photos among challenges"},
    {.key = "validator.sample_size",
     .kind = SettingKind::kInteger,
     .default_text = "10",
     .help = "miners that are asked in a round",
     .minimum = 1,
     .maximum = 65'535},
    {.key = "validator.small_weights",
     .default_text = "drop",
     .help = "what becomes of positive weights that are too small for 16 bits; keep: they become 1",
     .choices = "drop|keep"},
    {.key = "validator.timeout",
     .kind = SettingKind::kDuration,
     .default_text = "9s",
     .help = "how long a miner has to answer"},
});

// ASSAY_CONFIG names the settings file; keys are no settings, which are shown. The prefixes belong
// to the development script and the tests.
constexpr std::array<std::string_view, 3> kReservedVariables = {
    "ASSAY_CONFIG", "ASSAY_IMAGE_API_KEY", "ASSAY_PROMPT_API_KEY"};
constexpr std::array<std::string_view, 2> kReservedPrefixes = {"ASSAY_DEV_", "ASSAY_TEST_"};

}  // namespace

std::span<const Setting> settings() { return kSettings; }

bool is_reserved_variable(std::string_view name) {
  return std::ranges::find(kReservedVariables, name) != kReservedVariables.end() ||
         std::ranges::any_of(kReservedPrefixes,
                             [&](std::string_view prefix) { return name.starts_with(prefix); });
}

std::string_view to_string(SettingKind kind) {
  switch (kind) {
    case SettingKind::kText:
      return "a text";
    case SettingKind::kInteger:
      return "a whole number";
    case SettingKind::kNumber:
      return "a number";
    case SettingKind::kBoolean:
      return "true or false";
    case SettingKind::kDuration:
      return "a span of time";
  }
  CHECK(false, "a SettingKind outside its enumerators");
}

}  // namespace assay
