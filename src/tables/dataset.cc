#include "tables/dataset.h"

#include "files/path.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

namespace assay::tables {

namespace {

constexpr std::string_view kFileScheme = "file://";
constexpr std::string_view kHiveNull = "__HIVE_DEFAULT_PARTITION__";
// Deeper than any export; ends a walk around a link that leads back up.
constexpr int kMaxFolderDepth = 64;

bool is_hidden(std::string_view name) { return name.starts_with('.') || name.starts_with('_'); }

int hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

// What is not a valid escape stays as it is.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      decoded.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

// Adds the constant column of a folder named `key=value`.
void add_constant(std::string_view folder, std::vector<ConstantColumn>& constants) {
  const std::size_t equals = folder.find('=');
  if (equals == std::string_view::npos || equals == 0) return;
  const std::string_view value = folder.substr(equals + 1);
  constants.push_back({percent_decoded(folder.substr(0, equals)),
                       value == kHiveNull ? std::nullopt : std::optional(percent_decoded(value))});
}

Status walk(files::FileSystem& file_system, const std::filesystem::path& folder,
            const std::vector<ConstantColumn>& constants, int depth,
            std::vector<DatasetFile>& found) {
  if (depth > kMaxFolderDepth) {
    return invalid_input(fmt::format("{}: more than {} folders deep; does a link lead back up?",
                                     folder.native(), kMaxFolderDepth));
  }
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder));
  for (const std::string& name : names) {
    if (is_hidden(name)) continue;
    const std::filesystem::path path = folder / name;
    ASSIGN_OR_RETURN(const auto info, file_system.info(path));
    if (!info) continue;
    if (info->kind == files::FileKind::kFolder) {
      auto below = constants;
      add_constant(name, below);
      RETURN_IF_ERROR(walk(file_system, path, below, depth + 1, found));
    } else if (name.ends_with(".parquet")) {
      found.push_back({path.native(), constants});
    }
  }
  return {};
}

Status expand_local(files::FileSystem& file_system, const std::string& path,
                    std::vector<DatasetFile>& found) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return not_found("Parquet file not found: " + path);
  if (info->kind != files::FileKind::kFolder) {
    found.push_back({path, {}});
    return {};
  }
  const std::size_t before = found.size();
  RETURN_IF_ERROR(walk(file_system, path, {}, 0, found));
  if (found.size() == before) {
    return invalid_input(path + ": no *.parquet files in this folder");
  }
  return {};
}

Status expand_glob(files::FileSystem& file_system, const std::string& pattern,
                   std::vector<DatasetFile>& found) {
  ASSIGN_OR_RETURN(const auto paths, files::glob(file_system, pattern));
  if (paths.empty()) return not_found("Parquet file not found: no file matches " + pattern);
  for (const auto& path : paths) {
    RETURN_IF_ERROR(expand_local(file_system, path.native(), found));
  }
  return {};
}

Result<RemoteSources*> require_remote(const DatasetSources& sources, std::string_view address) {
  if (sources.remote != nullptr) return sources.remote;
  return invalid_input(fmt::format("{}: remote addresses are not supported here", address));
}

// Adds an object that a listing of `folder` found, if it is one of the files that a folder stands
// for.
void add_object_below(std::string_view folder, std::string object,
                      std::vector<DatasetFile>& found) {
  if (!object.starts_with(folder) || !object.ends_with(".parquet")) return;
  DatasetFile file;
  std::string_view rest = std::string_view(object).substr(folder.size());
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos;
       slash = rest.find('/')) {
    if (is_hidden(rest.substr(0, slash))) return;
    add_constant(rest.substr(0, slash), file.constants);
    rest.remove_prefix(slash + 1);
  }
  if (is_hidden(rest)) return;
  file.address = std::move(object);
  found.push_back(std::move(file));
}

// The folder of `object` that `pattern` matches, the outermost; nothing when none does.
std::optional<std::string> matching_folder(std::string_view pattern, std::string_view object) {
  for (std::size_t slash = object.find('/'); slash != std::string_view::npos;
       slash = object.find('/', slash + 1)) {
    if (files::matches_glob(pattern, object.substr(0, slash))) {
      return std::string(object.substr(0, slash + 1));
    }
  }
  return std::nullopt;
}

Status expand_remote_glob(RemoteSources& remote, const std::string& pattern,
                          std::vector<DatasetFile>& found) {
  const std::size_t wildcard = pattern.find_first_of("*?[");
  if (pattern.find('/', pattern.find("://") + 3) > wildcard) {
    return invalid_input(pattern + ": a pattern is for keys; name the bucket as it is");
  }
  ASSIGN_OR_RETURN(auto objects, remote.list(pattern.substr(0, wildcard)));
  if (std::ranges::find(objects, pattern, &RemoteObject::address) != objects.end()) {
    found.push_back({pattern, {}});
    return {};
  }
  std::ranges::sort(objects, {}, &RemoteObject::address);
  const std::size_t before = found.size();
  for (auto& [address, version] : objects) {
    if (files::matches_glob(pattern, address)) {
      found.push_back({std::move(address), {}});
    } else if (const auto folder = matching_folder(pattern, address)) {
      add_object_below(*folder, std::move(address), found);
    }
  }
  if (found.size() > before) return {};
  return not_found("Parquet file not found: no object matches " + pattern);
}

Status expand_remote(RemoteSources& remote, const std::string& address,
                     std::vector<DatasetFile>& found) {
  if (files::is_glob(address)) return expand_remote_glob(remote, address, found);
  if (address.ends_with(".parquet")) {
    found.push_back({address, {}});
    return {};
  }
  const std::string folder = address.ends_with('/') ? address : address + '/';
  ASSIGN_OR_RETURN(auto objects, remote.list(folder));
  std::ranges::sort(objects, {}, &RemoteObject::address);
  const std::size_t before = found.size();
  for (RemoteObject& object : objects) add_object_below(folder, std::move(object.address), found);
  if (found.size() > before) return {};
  return not_found(address + ": no *.parquet objects below this address");
}

std::string local_path(std::string_view address) {
  if (address.starts_with(kFileScheme)) address.remove_prefix(kFileScheme.size());
  return std::string(address);
}

}  // namespace

bool is_remote_address(std::string_view address) {
  const std::size_t colon = address.find("://");
  return colon != std::string_view::npos && colon > 0 && !address.starts_with(kFileScheme) &&
         address.substr(0, colon).find_first_of("/*?[") == std::string_view::npos;
}

Result<std::vector<DatasetFile>> expand_dataset(const DatasetSources& sources,
                                                std::span<const std::string> arguments) {
  std::vector<DatasetFile> found;
  for (const std::string& argument : arguments) {
    if (is_remote_address(argument)) {
      ASSIGN_OR_RETURN(RemoteSources * remote, require_remote(sources, argument));
      RETURN_IF_ERROR(expand_remote(*remote, argument, found));
      continue;
    }
    const std::string path = files::normal_form(local_path(argument));
    ASSIGN_OR_RETURN(const auto info, sources.file_system->info(path));
    if (!info && files::is_glob(path)) {
      RETURN_IF_ERROR(expand_glob(*sources.file_system, path, found));
    } else {
      RETURN_IF_ERROR(expand_local(*sources.file_system, path, found));
    }
  }
  return found;
}

Result<std::unique_ptr<files::ByteSource>> open_source(const DatasetSources& sources,
                                                       const std::string& address) {
  if (is_remote_address(address)) {
    ASSIGN_OR_RETURN(RemoteSources * remote, require_remote(sources, address));
    return remote->open(address);
  }
  return files::open_byte_source(*sources.file_system, address);
}

}  // namespace assay::tables
