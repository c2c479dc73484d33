#include "cli/cache_update_options_internal.h"
#include "cli/option_check_internal.h"
#include "core/parse_number.h"
#include "tables/dataset.h"

#include <filesystem>
#include <tuple>

namespace assay::cli {
namespace {

using updater::UpdateGoal;
using updater::UpdateOptions;
using updater::UpdateTime;

constexpr std::uint64_t kDefaultUpdateTarget = 500;

std::string check_duration(const std::string& text) { return problem_of(parse_duration(text)); }

std::string check_repo(const std::string& text) {
  return problem_of(hub::parse_repo(text, hub::RepoKind::kDataset));
}

/// Errors: kInvalidInput.
Status set_place(UpdateOptions& options, const UpdateFlags& flags, const Session& session) {
  if (!flags.from.empty()) {
    options.tables = flags.from;
    options.source = flags.from.front();
    if (!tables::is_remote_address(options.source)) {
      options.source = std::filesystem::absolute(options.source).lexically_normal().native();
    }
    while (options.source.size() > 1 && options.source.ends_with('/')) options.source.pop_back();
  } else {
    const std::string& name =
        flags.repo.empty() ? session.config.get_text("cache.dataset") : flags.repo;
    ASSIGN_OR_RETURN(options.repo, hub::parse_repo(name, hub::RepoKind::kDataset));
    options.source = options.repo.name;
  }
  if (!flags.source.empty()) options.source = flags.source;
  return {};
}

void add_source_options(CLI::App& command, const std::shared_ptr<UpdateFlags>& flags) {
  CLI::Option* const repo =
      add_option(command, "--dataset", flags->repo,
                 "The data set on the hub, with a revision if wanted [setting cache.dataset].")
          ->type_name("OWNER/NAME[@REVISION]")
          ->check(check_repo);
  command
      .add_option(
          "--from", flags->from,
          "Parquet files, folders or patterns on this disk, s3:// or gs:// addresses, in place of "
          "the hub.")
      ->type_name("PATH")
      ->excludes(repo);
  const auto add_own = [&](const char* name, auto& target, const char* help, const char* type) {
    CLI::Option* const option =
        add_option(command, name, target, help)->type_name(type)->capture_default_str();
    flags->of_one_source.push_back(option);
    return option;
  };
  add_own("--files", flags->files, "Which tables of the data set.", "PATTERN");
  add_own("--source", flags->source, "Where they come from [the data set, or PATH].", "NAME");
  add_own("--image-column", flags->columns.image, "The column of the images [found by its type].",
          "NAME");
  add_own("--label-column", flags->columns.label, "1 or 0, true or false, or words.", "NAME");
  add_own("--description-column", flags->columns.description,
          "What works are seen, of rows with the label 1.", "NAME");
  add_own("--set-label", flags->set_label,
          "roadwork or none, for all of them, whatever their rows say.", "LABEL")
      ->check([](const std::string& text) { return problem_of(cache::parse_label(text)); });
  add_option(command, "--endpoint", flags->endpoint,
             "The hub [HF_ENDPOINT, else https://huggingface.co].")
      ->type_name("URL");
  add_option(command, "--token-file", flags->token_file,
             "For data sets that are not public [HF_TOKEN, else the hub's usual files].")
      ->type_name("FILE");
}

void add_amount_options(CLI::App& command, const std::shared_ptr<UpdateFlags>& flags) {
  CLI::Option* const target =
      add_option(command, "--target", flags->target,
                 "Until so many of each label can be served; above four fifths nothing is done "
                 "[500].")
          ->type_name("N")
          ->check(whole_number(std::uint64_t{1}, kMaxCacheCount));
  add_option(command, "--count", flags->count, "Add so many, whatever is there.")
      ->type_name("N")
      ->check(whole_number(std::uint64_t{1}, kMaxCacheCount))
      ->excludes(target);
  flags->label.add_to(command, "roadwork or none [both].");
  add_option(command, "--rows-per-table", flags->rows_per_table,
             "Rows of one table before the next has its turn.")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(std::uint64_t{1}, kMaxCacheCount));
  add_option(command, "--max-downloads", flags->max_downloads, "Tables fetched in one round.")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(std::uint64_t{1}, kMaxCacheCount));
  flags->near.add_to(command);
  flags->budget.add_to(command);
  for (const auto& [name, size, help] :
       {std::tuple("--keep-tables", &flags->keep_tables, "Of tables kept for the next round."),
        std::tuple("--keep-free", &flags->keep_free, "What has to stay free on the disk.")}) {
    add_option(command, name, *size, help)
        ->type_name("SIZE")
        ->capture_default_str()
        ->check(check_size);
  }
}

}  // namespace

Result<UpdateOptions> update_options(const UpdateFlags& flags, const Session& session) {
  UpdateOptions options{.pattern = flags.files,
                        .columns = flags.columns,
                        .goal = flags.count ? UpdateGoal::kCount : UpdateGoal::kStock,
                        .number = flags.count.value_or(flags.target.value_or(kDefaultUpdateTarget)),
                        .rows_per_table = flags.rows_per_table,
                        .max_downloads = static_cast<std::size_t>(flags.max_downloads)};
  RETURN_IF_ERROR(set_place(options, flags, session));
  if (const auto label = flags.label.label()) options.wanted = {*label};
  if (!flags.set_label.empty()) {
    ASSIGN_OR_RETURN(options.label, cache::parse_label(flags.set_label));
  }
  ASSIGN_OR_RETURN(options.interval, parse_duration(flags.interval));
  ASSIGN_OR_RETURN(options.max_tables_bytes, parse_size(flags.keep_tables));
  ASSIGN_OR_RETURN(options.download.total, parse_duration(flags.timeout));
  ASSIGN_OR_RETURN(options.download.min_free_bytes, parse_size(flags.keep_free));
  options.intake = {.cache = flags.kind.kind().value_or(cache::CacheKind::kReal),
                    .source = options.source,
                    .near_duplicates = flags.near.near_duplicates,
                    .max_near_distance = flags.near.max_distance,
                    .min_free_bytes = options.download.min_free_bytes};
  return options;
}

void add_update_options(CLI::App& command, const std::shared_ptr<UpdateFlags>& flags) {
  flags->folder.add_to(command);
  flags->kind.add_to(command, "real (default), t2i or i2i.");
  flags->of_one_source.push_back(command.get_option("--cache"));
  add_source_options(command, flags);
  add_amount_options(command, flags);
  CLI::Option* const watches = command.add_flag_callback(
      "--watch", [flags] { flags->watches = true; },
      "Go on: a round each interval, until it is stopped.");
  CLI::Option* const once =
      command.add_flag_callback("--once", [] {}, "One round; so it is without --watch, too.");
  once->excludes(watches);
  flags->metrics.add_to(command);
  command.get_option("--metrics.port")->needs(watches);
  add_option(command, "--interval", flags->interval, "Between two rounds of --watch.")
      ->type_name("TIME")
      ->capture_default_str()
      ->check(check_duration);
  command.add_flag_callback(
      "--now", [flags] { flags->time = UpdateTime::kNow; },
      "Ask although the last try failed and the next is not due.");
  add_option(command, "--timeout", flags->timeout, "For one table to come.")
      ->type_name("TIME")
      ->capture_default_str()
      ->check(check_duration);
  flags->label_check.add_to(command);
}

}  // namespace assay::cli
