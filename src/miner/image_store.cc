#include "miner/image_store.h"

#include "net/percent.h"
#include "storage/open_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace assay::miner {
namespace {

std::string as_prefix(std::string key) {
  if (!key.empty() && !key.ends_with('/')) key += '/';
  return key;
}

}  // namespace

Result<ImageStore> ImageStore::open(files::FileSystem& file_system, std::string_view address,
                                    const storage::Credentials& credentials) {
  ASSIGN_OR_RETURN(const storage::StoreAddress parsed, storage::parse_store_address(address));
  if (parsed.kind == storage::StoreKind::kLocal) {
    RETURN_IF_ERROR(file_system.create_folders(parsed.key));
    // As it was written: whoever was told the same folder compares texts, not what links lead to.
    std::error_code failure;
    const std::filesystem::path absolute =
        std::filesystem::absolute(parsed.key, failure).lexically_normal();
    if (failure) return unavailable("the current folder cannot be found: " + failure.message());
    std::string uri =
        "file://" + net::percent_encode(absolute.native(), net::PercentKeep::kUnreservedAndSlash);
    return ImageStore(storage::open_local_store(file_system, absolute), "",
                      as_prefix(std::move(uri)));
  }
  ASSIGN_OR_RETURN(storage::OpenedStore opened,
                   storage::open_object_store(file_system, address, credentials, {}));
  std::string prefix = as_prefix(std::move(opened.key));
  std::string base_uri = fmt::format("{}/{}", opened.store->name(), prefix);
  return ImageStore(std::move(opened.store), std::move(prefix), std::move(base_uri));
}

Status ImageStore::put(std::string_view name, std::span<const std::byte> image) {
  return store_->put(prefix_ + std::string(name), image);
}

std::string ImageStore::uri_of(std::string_view name) const {
  return base_uri_ + std::string(name);
}

}  // namespace assay::miner
