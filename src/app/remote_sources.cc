#include "app/remote_sources.h"

#include "storage/open_store.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace assay::app {
namespace {

class StoreSources final : public tables::RemoteSources {
 public:
  StoreSources(files::FileSystem& file_system, const storage::Credentials& credentials)
      : file_system_(file_system), credentials_(credentials) {}

  Result<std::vector<std::string>> list(std::string_view address) override {
    ASSIGN_OR_RETURN(const Located located, locate(address));
    std::vector<std::string> addresses;
    RETURN_IF_ERROR(located.store->list(located.key,
                                        [&](std::span<const storage::ObjectInfo> page) -> Status {
                                          for (const storage::ObjectInfo& object : page) {
                                            addresses.push_back(located.store->name() + "/" +
                                                                object.key);
                                          }
                                          return {};
                                        },
                                        {}));
    return addresses;
  }

  Result<std::unique_ptr<files::ByteSource>> open(const std::string& address) override {
    ASSIGN_OR_RETURN(const Located located, locate(address));
    return located.store->open(located.key);
  }

 private:
  struct Located {
    storage::ObjectStore* store = nullptr;
    std::string key;
  };

  /// Each bucket is opened once.
  Result<Located> locate(std::string_view address) {
    ASSIGN_OR_RETURN(const storage::StoreAddress parsed, storage::parse_store_address(address));
    const std::string bucket =
        (parsed.kind == storage::StoreKind::kS3 ? "s3://" : "gs://") + parsed.bucket;
    const std::scoped_lock guard(mutex_);
    auto& store = stores_[bucket];
    if (store == nullptr) {
      ASSIGN_OR_RETURN(storage::OpenedStore opened,
                       storage::open_object_store(file_system_, bucket, credentials_, {}));
      store = std::move(opened.store);
    }
    return Located{.store = store.get(), .key = parsed.key};
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
