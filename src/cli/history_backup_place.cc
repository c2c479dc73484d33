#include "cli/history_backup_place_internal.h"
#include "cli/option_check_internal.h"
#include "files/file_system.h"
#include "storage/credentials.h"
#include "storage/open_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

/// A backup within what it backs up would hold itself.
Status refuse_within(const fs::path& place, const fs::path& data_folder) {
  files::FileSystem& file_system = files::posix_file_system();
  // Of a place that is not there yet the existing part is resolved.
  fs::path existing = place;
  while (true) {
    ASSIGN_OR_RETURN(const auto info, file_system.info(existing.empty() ? "." : existing));
    if (info || existing.empty() || existing == existing.parent_path()) break;
    existing = existing.parent_path();
  }
  ASSIGN_OR_RETURN(const fs::path outer, file_system.resolve(data_folder));
  ASSIGN_OR_RETURN(fs::path inner, file_system.resolve(existing.empty() ? "." : existing));
  for (;; inner = inner.parent_path()) {
    if (inner == outer) {
      return invalid_input(
          fmt::format("{} lies within the data folder {}; a backup there would "
                      "back itself up: name another place",
                      place.native(), data_folder.native()));
    }
    if (inner == inner.parent_path()) return {};
  }
}

}  // namespace

std::string check_backup_place(const std::string& address) {
  return problem_of(storage::parse_store_address(address));
}

Result<OpenedPlace> open_backup_place(const std::string& address, const std::string& key_file,
                                      const std::string& data_folder) {
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(const storage::StoreAddress parsed, storage::parse_store_address(address));
  if (parsed.kind == storage::StoreKind::kLocal) {
    RETURN_IF_ERROR(refuse_within(parsed.key, data_folder));
    OpenedPlace opened{.store = storage::open_local_store(file_system, parsed.key), .place = {}};
    opened.place.store = opened.store.get();
    return opened;
  }
  storage::CredentialRequest request;
  if (!key_file.empty()) request.gcs_key_file = key_file;
  const storage::Credentials credentials =
      storage::resolve_credentials(file_system, storage::process_environment(), request);
  ASSIGN_OR_RETURN(storage::OpenedStore store,
                   storage::open_object_store(file_system, address, credentials, {}));
  while (store.key.ends_with('/')) store.key.pop_back();
  if (!store.key.empty()) RETURN_IF_ERROR(storage::check_object_key(store.key));
  OpenedPlace opened{.store = std::move(store.store), .place = {}};
  opened.place = {.store = opened.store.get(), .prefix = std::move(store.key)};
  return opened;
}

}  // namespace assay::cli
