#include "app/remote_sources.h"

#include "storage/open_store.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace assay::app {
namespace {

/// Arrow's listing keeps no ETag. Who replaces an object gives it another time.
std::string version_of(const storage::ObjectInfo& object) {
  const std::int64_t time = object.modified ? object.modified->time_since_epoch().count() : 0;
  return fmt::format("{}-{}", object.size.count(), time);
}

class StoreSources final : public tables::RemoteSources {
 public:
  StoreSources(files::FileSystem& file_system, const storage::Credentials& credentials)
      : file_system_(file_system), credentials_(credentials) {}

  Result<std::vector<tables::RemoteObject>> list(std::string_view address) override {
    ASSIGN_OR_RETURN(const Located located, locate(address));
    std::vector<tables::RemoteObject> found;
    const auto take = [&](std::span<const storage::ObjectInfo> page) -> Status {
      for (const storage::ObjectInfo& object : page) {
        found.push_back(
            {.address = located.store->name() + "/" + object.key, .version = version_of(object)});
      }
      return {};
    };
    if (const Status listed = located.store->list(located.key, take, {}); !listed) {
      return advised(listed.error(), located.kind);
    }
    return found;
  }

  Result<std::unique_ptr<files::ByteSource>> open(const std::string& address) override {
    ASSIGN_OR_RETURN(const Located located, locate(address));
    auto source = located.store->open(located.key);
    if (!source) return advised(std::move(source.error()), located.kind);
    return source;
  }

 private:
  struct Located {
    storage::ObjectStore* store = nullptr;
    storage::StoreKind kind = storage::StoreKind::kLocal;
    std::string key;
  };

  /// Who was sent away without credentials is told how to give some.
  Error advised(Error error, storage::StoreKind kind) const {
    using storage::Access;
    if (error.code != ErrorCode::kDenied) return error;
    if (kind == storage::StoreKind::kS3 && credentials_.aws->access == Access::kAbsent) {
      error.message += fmt::format("; there are {}", storage::kNoAwsCredentials);
    } else if (kind == storage::StoreKind::kGcs && credentials_.gcs->access == Access::kAbsent) {
      error.message += fmt::format("; there are {}", storage::kNoGoogleCredentials);
    }
    return error;
  }

  /// Each bucket is opened once.
  Result<Located> locate(std::string_view address) {
    ASSIGN_OR_RETURN(const storage::StoreAddress parsed, storage::parse_store_address(address));
    const std::string bucket =
        (parsed.kind == storage::StoreKind::kS3 ? "s3://" : "gs://") + parsed.bucket;
    const std::scoped_lock guard(mutex_);
    auto& store = stores_[bucket];
    if (store == nullptr) {
      ASSIGN_OR_RETURN(storage::OpenedStore opened,
                       storage::open_object_store(
                           file_system_, bucket, credentials_,
                           {.without_credentials = storage::WithoutCredentials::kAnonymous}));
      store = std::move(opened.store);
    }
    return Located{.store = store.get(), .kind = parsed.kind, .key = parsed.key};
  }

  files::FileSystem& file_system_;
  const storage::Credentials& credentials_;
  std::mutex mutex_;  // guards stores_
  std::map<std::string, std::unique_ptr<storage::ObjectStore>> stores_;
};

}  // namespace

std::unique_ptr<tables::RemoteSources> make_remote_sources(
    files::FileSystem& file_system, const storage::Credentials& credentials) {
  return std::make_unique<StoreSources>(file_system, credentials);
}

}  // namespace assay::app
