/// \file
/// Opens the store behind an address.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "storage/credentials.h"
#include "storage/object_store.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace assay::storage {

enum class StoreKind : std::uint8_t { kLocal, kS3, kGcs };

/// Where an object, or all below a prefix, lies.
struct StoreAddress {
  StoreKind kind = StoreKind::kLocal;
  std::string bucket;  ///< Empty for kLocal.
  std::string key;     ///< Perhaps empty; for kLocal the path.

  bool operator==(const StoreAddress&) const = default;
};

/// Read `s3://bucket/key`, `gs://bucket/key`, `file:///path` or a path. The key stands as it is,
/// without percent-encoding. Errors: kInvalidInput (another scheme, a bucket no store allows, a
/// user name or password in the address: that is not shown).
Result<StoreAddress> parse_store_address(std::string_view text);

/// Whether a store may be opened without credentials for it: only public objects can be seen then.
enum class WithoutCredentials : std::uint8_t { kRefuse, kAnonymous };

/// What bounds each call to a remote store, and how it is entered.
struct StoreOptions {
  /// How long to wait for a connection.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  /// How long a try may stand still before it is given up. S3 only: the GCS library takes 2
  /// minutes.
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);
  /// How long to go on starting tries of what fails for a while. The GCS library waits 1 to 2 s
  /// after the first try, then 2 to 4, then 4 to 8, and goes on doubling; it ends only after a
  /// wait. So these are three tries and at most 14 s, while 60 s can become 120.
  std::chrono::milliseconds retry_limit = std::chrono::seconds(7);
  /// How often to try at most, the first time included. S3 only: GCS counts time.
  int max_tries = 5;
  WithoutCredentials without_credentials = WithoutCredentials::kRefuse;
};

struct OpenedStore {
  std::unique_ptr<ObjectStore> store;
  /// The rest of the address within the store; empty for all of it.
  std::string key;
};

/// Open the store that `address` names; a local folder is a store of its own, of a local file its
/// folder. Nothing is asked of a remote store yet.
/// Errors: kInvalidInput, kMissing (no credentials for it, or no S3 library), kDenied,
/// kUnavailable,
///         and what finding the credentials met.
Result<OpenedStore> open_object_store(files::FileSystem& file_system, std::string_view address,
                                      const Credentials& credentials, const StoreOptions& options);

/// The files below `root`, which need not exist yet. Lifetime: `file_system` outlives it.
std::unique_ptr<ObjectStore> open_local_store(files::FileSystem& file_system,
                                              std::filesystem::path root);

/// Errors: kMissing, kUnavailable.
Result<std::unique_ptr<ObjectStore>> open_s3_store(std::string bucket, const AwsAccess& access,
                                                   const StoreOptions& options);
Result<std::unique_ptr<ObjectStore>> open_gcs_store(std::string bucket, const GcsAccess& access,
                                                    const StoreOptions& options);

/// Stop the threads of the outside libraries. Once, at the end of the program, when every store and
/// source is gone: the S3 library crashes at exit without it, and no S3 store opens after it.
/// Threads: no other call of this module may be under way.
void shut_down_storage();

}  // namespace assay::storage
