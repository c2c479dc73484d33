#include "app/remote_sources.h"
#include "cli/cache_options_internal.h"
#include "cli/cache_sources_internal.h"
#include "core/setting_lists.h"
#include "files/file_system.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <string>
#include <utility>

namespace assay::cli {
namespace {

constexpr std::string_view kSourceList = "cache.source";

/// A path of assay.toml as one name, however it was written.
std::string plain_path(const std::string& text) {
  if (tables::is_remote_address(text)) return text;
  std::string path = std::filesystem::absolute(text).lexically_normal().native();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

/// Errors: kInvalidInput.
Result<updater::SourceSetup> read_source(const Config& config, std::size_t number,
                                         const updater::UpdateOptions& common) {
  const auto text = [&](std::string_view name) -> const std::string& {
    return config.get_text(list_key(kSourceList, number, name));
  };
  updater::SourceSetup setup{.options = common,
                             .weight = config.get_number(list_key(kSourceList, number, "weight"))};
  updater::UpdateOptions& options = setup.options;
  const int num_places = (text("dataset").empty() ? 0 : 1) + (text("tables").empty() ? 0 : 1) +
                         (text("folder").empty() ? 0 : 1);
  if (num_places != 1) {
    return invalid_input("give one of dataset, tables and folder, to say where its images are");
  }
  if (!text("dataset").empty()) {
    ASSIGN_OR_RETURN(options.repo, hub::parse_repo(text("dataset"), hub::RepoKind::kDataset));
    options.source = options.repo.name;
  } else if (!text("tables").empty()) {
    ASSIGN_OR_RETURN(const std::string path, setting_path(text("tables")));
    options.tables = {path};
    options.source = plain_path(path);
  } else {
    ASSIGN_OR_RETURN(const std::string path, setting_path(text("folder")));
    options.folder = plain_path(path);
    options.source = options.folder;
  }
  if (!text("labels").empty() && options.folder.empty()) {
    return invalid_input("labels is a file for the images of a folder: a table has label_column");
  }
  ASSIGN_OR_RETURN(options.labels_file, setting_path(text("labels")));
  options.pattern = text("files");
  options.columns = {.image = text("image_column"),
                     .label = text("label_column"),
                     .description = text("description_column")};
  if (!text("label").empty()) {
    ASSIGN_OR_RETURN(options.label, cache::parse_label(text("label")));
  }
  if (!text("name").empty()) options.source = text("name");
  options.intake.source = options.source;
  ASSIGN_OR_RETURN(options.intake.cache, cache::parse_cache_kind(text("cache")));
  const auto cap = config.get_integer(list_key(kSourceList, number, "cap"));
  if (cap > 0) setup.cap = static_cast<std::uint64_t>(cap);
  return setup;
}

}  // namespace

std::unique_ptr<RemoteAccess> open_remote_access() {
  files::FileSystem& file_system = files::posix_file_system();
  auto access = std::make_unique<RemoteAccess>(
      RemoteAccess{.credentials = storage::resolve_credentials(
                       file_system, storage::process_environment(), {})});
  access->sources = app::make_remote_sources(file_system, access->credentials);
  return access;
}

Result<std::vector<updater::SourceSetup>> configured_sources(const Config& config,
                                                             const updater::UpdateOptions& common) {
  std::vector<updater::SourceSetup> sources;
  std::set<std::string> names;
  const std::size_t count = count_tables(config, kSourceList);
  for (std::size_t number = 1; number <= count; ++number) {
    const std::string where = fmt::format("assay.toml: [[cache.source]] number {}", number);
    ASSIGN_OR_RETURN(updater::SourceSetup setup,
                     with_context(read_source(config, number, common), where));
    if (!names.insert(setup.options.source).second) {
      return invalid_input(fmt::format("{}: another one is called '{}' already: give it a name",
                                       where, setup.options.source));
    }
    sources.push_back(std::move(setup));
  }
  return sources;
}

std::set<std::string> named_sources(const Config& config) {
  std::set<std::string> names;
  for (std::size_t number = 1; number <= count_tables(config, kSourceList); ++number) {
    const std::string& name = config.get_text(list_key(kSourceList, number, "name"));
    if (!name.empty()) names.insert(name);
  }
  return names;
}

}  // namespace assay::cli
