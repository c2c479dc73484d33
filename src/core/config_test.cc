#include "core/config.h"

#include "core/limits.h"
#include "core/setting_lists.h"
#include "core/settings.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace assay {
namespace {

/// Sources whose files are the given texts.
ConfigSources world(std::map<std::string, std::string> files, NamedTexts environment = {},
                    NamedTexts flags = {}) {
  return {.flags = std::move(flags),
          .environment = std::move(environment),
          .files = {"assay.toml", "/people/ann/.config/assay/assay.toml"},
          .read_file = [files = std::move(files)](const std::filesystem::path& path)
              -> Result<std::optional<std::string>> {
            const auto found = files.find(path.string());
            if (found == files.end()) return std::optional<std::string>();
            return std::optional(found->second);
          }};
}

std::string origin_of(const Config& config, std::string_view key) {
  const auto rows = config.origins();
  const auto row = std::ranges::find(rows, key, &ConfigOrigin::key);
  return row != rows.end() ? row->value + " from " + row->origin : "no such row";
}

std::string message_of(const ConfigSources& sources) {
  const auto config = Config::load(sources);
  return config ? "no error" : config.error().message;
}

TEST(Config, StartsFromTheDefaults) {
  const auto config = Config::load(world({}));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->get_text("alerts.webhook"), "");
  EXPECT_EQ(config->get_integer("audit.concurrency"), 256);
  EXPECT_EQ(config->get_number("audit.success_ratio"), 0.5);
  EXPECT_EQ(config->get_integer("audit.min_missing"), 50);
  EXPECT_EQ(config->get_number("audit.tolerate"), 0.03);
  EXPECT_EQ(config->get_number("audit.fdr"), 0.01);
  EXPECT_FALSE(config->is_given("audit.fdr"));
  EXPECT_EQ(origin_of(*config, "log.level"), "info from default");
}

TEST(Config, EachSourceWinsOverTheWeakerOnes) {
  const std::map<std::string, std::string> files = {
      {"assay.toml", "[audit]\ntolerate = 0.2\nfdr = 0.2\nconcurrency = 20\n"},
      {"/people/ann/.config/assay/assay.toml",
       "log.level = \"error\"\n[audit]\nconcurrency = 10\ntolerate = 0.1\nfdr = 0.1\n"}};
  const auto config =
      Config::load(world(files, {{"ASSAY_AUDIT_TOLERATE", "0.3"}, {"ASSAY_AUDIT_FDR", "0.3"}},
                         {{"audit.fdr", "0.4"}}));
  ASSERT_TRUE(config);
  EXPECT_EQ(origin_of(*config, "log.level"),
            "error from /people/ann/.config/assay/assay.toml line 1");
  EXPECT_EQ(origin_of(*config, "audit.concurrency"), "20 from assay.toml line 4");
  EXPECT_EQ(origin_of(*config, "audit.tolerate"), "0.3 from environment ASSAY_AUDIT_TOLERATE");
  EXPECT_EQ(origin_of(*config, "audit.fdr"), "0.4 from flag");
  EXPECT_EQ(config->get_number("audit.fdr"), 0.4);
}

TEST(Config, AnUnknownKeyNamesItsPlaceAndTheNearestKey) {
  EXPECT_EQ(message_of(world({{"assay.toml", "[alert]\nwebhook = \"x\"\n"}})),
            "assay.toml: line 2: unknown setting 'alert.webhook'; did you mean 'alerts.webhook'?");
  EXPECT_EQ(message_of(world({}, {{"ASSAY_LOG_LEVLE", "info"}})),
            "environment: unknown variable ASSAY_LOG_LEVLE; did you mean 'ASSAY_LOG_LEVEL'?");
  EXPECT_EQ(message_of(world({}, {}, {{"log.lvl", "info"}})),
            "unknown setting 'log.lvl'; did you mean 'log.level'?");
}

TEST(Config, VariablesOfOthersAndReservedOnesAreNoSettings) {
  EXPECT_TRUE(
      Config::load(world({}, {{"PATH", "/bin"}, {"ASSAY_CONFIG", "x"}, {"ASSAY_DEV_JOBS", "2"}})));
}

TEST(Config, AValueOfAnotherKindNamesItsPlace) {
  EXPECT_EQ(message_of(world({{"assay.toml", "\naudit.concurrency = \"many\""}})),
            "assay.toml: line 2: 'audit.concurrency' is a text, expected a whole number");
  EXPECT_EQ(message_of(world({{"assay.toml", "audit.fdr = [1]"}})),
            "assay.toml: line 1: 'audit.fdr' is a list or a date: no setting takes one");
  EXPECT_EQ(message_of(world({}, {{"ASSAY_AUDIT_FDR", "often"}})),
            "environment: ASSAY_AUDIT_FDR: 'often' is not a number");
}

TEST(Config, AValueOutOfBoundsIsRefused) {
  EXPECT_EQ(message_of(world({{"assay.toml", "audit.fdr = 1.5"}})),
            "assay.toml: line 1: 'audit.fdr': 1.5 is not between 0 and 1");
  EXPECT_EQ(message_of(world({}, {{"ASSAY_AUDIT_CONCURRENCY", "0"}})),
            "environment: ASSAY_AUDIT_CONCURRENCY: 0 is not between 1 and 65536");
  EXPECT_EQ(message_of(world({}, {}, {{"log.level", "inf"}})),
            "setting 'log.level': 'inf' is none of debug, info, warning, error, off; did you mean "
            "'info'?");
}

TEST(Config, AFileThatIsNotTomlNamesTheLine) {
  const std::string message = message_of(world({{"assay.toml", "[log]\nlevel = \n"}}));
  EXPECT_TRUE(message.starts_with("assay.toml: line 2: not TOML: ")) << message;
  EXPECT_FALSE(message_of(world({{"assay.toml", "a = 1\na = 2"}})).starts_with("no error"));
}

TEST(Config, AWholeNumberStandsForANumber) {
  const auto config = Config::load(world({{"assay.toml", "audit.success_ratio = 1"}}));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->get_number("audit.success_ratio"), 1.0);
}

TEST(Config, ARequiredFileMustBeThereAndIsReadAlone) {
  ConfigSources sources =
      world({{"assay.toml", "audit.fdr = 0.2"}, {"mine.toml", "log.level = \"off\""}});
  sources.required_file = "mine.toml";
  const auto config = Config::load(sources);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->get_text("log.level"), "off");
  EXPECT_EQ(config->get_number("audit.fdr"), 0.01);
  sources.required_file = "absent.toml";
  EXPECT_EQ(Config::load(sources).error().code, ErrorCode::kNotFound);
}

TEST(Config, RefusesAFileTooLargeToBeOne) {
  const std::string large(kMaxConfigFileSize.count() + 1, '\n');
  EXPECT_EQ(message_of(world({{"assay.toml", large}})),
            "assay.toml: 1.0 MiB is too large for a settings file");
}

TEST(Config, RefusesDeepNestingWithoutRunningOutOfStack) {
  for (const int num_dots : {10, 1024, 400'000}) {
    std::string dotted = "a";
    for (int i = 0; i < num_dots; ++i) dotted += ".a";
    EXPECT_FALSE(Config::load(world({{"assay.toml", dotted + " = 1"}})));
    EXPECT_FALSE(Config::load(world({{"assay.toml", "[" + dotted + "]\nx = 1"}})));
  }
  EXPECT_FALSE(Config::load(world({{"assay.toml", "a = " + std::string(400'000, '[')}})));
  EXPECT_FALSE(Config::load(world({{"assay.toml", std::string(400'000, '{')}})));
}

TEST(Config, ShowsOnlyTheHostOfAWebhook) {
  const auto shown = [](std::string address) {
    const auto config = Config::load(world({}, {}, {{"alerts.webhook", std::move(address)}}));
    return origin_of(*config, "alerts.webhook");
  };
  EXPECT_EQ(shown("https://hooks.example.com/services/T0/secret"),
            "https://hooks.example.com/... from flag");
  EXPECT_EQ(shown("https://ann:secret@example.com:8443?token=secret"),
            "https://example.com:8443/... from flag");
  EXPECT_EQ(shown("secret"), "(hidden) from flag");
}

TEST(Config, TablesOfAListHaveTheirDefaultsAndReplaceThoseOfAWeakerFile) {
  EXPECT_EQ(count_tables(*Config::load(world({})), "cache.source"), 0U);
  const std::map<std::string, std::string> files = {
      {"assay.toml",
       "[[cache.source]]\nfolder = \"a\"\nweight = 2\n[[cache.source]]\nfolder = \"b\"\n"},
      {"/people/ann/.config/assay/assay.toml",
       "[[cache.source]]\ncap = 1\n[[cache.source]]\n[[cache.source]]\ncap = 3\n"}};
  const auto config = Config::load(world(files));
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(count_tables(*config, "cache.source"), 2U);
  EXPECT_EQ(config->get_number(list_key("cache.source", 1, "weight")), 2);
  EXPECT_EQ(config->get_number(list_key("cache.source", 2, "weight")), 1);
  EXPECT_EQ(config->get_text(list_key("cache.source", 2, "folder")), "b");
  EXPECT_EQ(config->get_integer(list_key("cache.source", 1, "cap")), 0);
  EXPECT_EQ(origin_of(*config, "cache.source[1].weight"), "2 from assay.toml line 3");
  EXPECT_EQ(origin_of(*config, "cache.source[3].cap"), "no such row");
}

TEST(Config, MistakesInATableOfAListNameTheirPlace) {
  EXPECT_TRUE(message_of(world({{"assay.toml", "[[cache.source]]\nfoldr = \"a\""}}))
                  .starts_with("assay.toml: line 2: unknown setting 'cache.source[1].foldr'"));
  EXPECT_TRUE(message_of(world({{"assay.toml", "[[cache.sauce]]\nfolder = \"a\""}}))
                  .starts_with("assay.toml: line 2: unknown setting 'cache.sauce[1].folder'"));
  EXPECT_TRUE(message_of(world({{"assay.toml", "[cache.source]\nfolder = \"a\""}}))
                  .starts_with("assay.toml: line 2: unknown setting 'cache.source.folder'"));
  EXPECT_TRUE(message_of(world({{"assay.toml", "[cache.\"source[]\"]\nfolder = \"a\""}}))
                  .starts_with("assay.toml: line 2: unknown setting"));
  EXPECT_EQ(message_of(world({}, {{"ASSAY_CACHE_SOURCE", "a"}})).find("environment"), 0U);
}

TEST(ConfigFileCandidates, FollowXdg) {
  using Paths = std::vector<std::filesystem::path>;
  EXPECT_EQ(config_file_candidates({{"HOME", "/people/ann"}}),
            (Paths{"assay.toml", "/people/ann/.config/assay/assay.toml"}));
  EXPECT_EQ(config_file_candidates({{"HOME", "/people/ann"}, {"XDG_CONFIG_HOME", "/etc/ann"}}),
            (Paths{"assay.toml", "/etc/ann/assay/assay.toml"}));
  EXPECT_EQ(config_file_candidates({{"XDG_CONFIG_HOME", "relative"}}), Paths{"assay.toml"});
}

TEST(Settings, StandInOrderAndEachHasAValidDefault) {
  EXPECT_TRUE(std::ranges::is_sorted(settings(), {}, &Setting::key));
  NamedTexts defaults;
  for (const Setting& setting : settings()) {
    EXPECT_FALSE(setting.help.empty()) << setting.key;
    defaults.emplace_back(setting.key, setting.default_text);
  }
  EXPECT_TRUE(Config::load(world({}, {}, defaults)));
}

}  // namespace
}  // namespace assay
