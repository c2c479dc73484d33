#include "storage/arrow_status_internal.h"
#include "storage/arrow_store_internal.h"
#include "storage/open_store.h"

#include <arrow/filesystem/gcsfs.h>
#include <fmt/format.h>

#include <utility>

namespace assay::storage {
namespace {

// "http://host:port" as Arrow has it: two fields.
template <typename Options>
void set_endpoint(Options& options, const std::string& endpoint) {
  const std::size_t split = endpoint.find("://");
  options.scheme = endpoint.substr(0, split);
  options.endpoint_override = endpoint.substr(split + 3);
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_gcs_store(std::string bucket, const GcsAccess& access,
                                                    const StoreOptions& options) {
  std::string name = "gs://" + bucket;
  if (access.access == Access::kAbsent &&
      options.without_credentials == WithoutCredentials::kRefuse) {
    return missing(fmt::format("{}: {}", name, kNoGoogleCredentials));
  }
  using FileSystem = std::shared_ptr<arrow::fs::FileSystem>;
  ASSIGN_OR_RETURN(FileSystem file_system,
                   call_arrow<FileSystem>("open " + name, [&]() -> arrow::Result<FileSystem> {
                     // By its options, never by an address: addresses come back in error texts.
                     auto gcs_options = access.access == Access::kKey
                                            ? arrow::fs::GcsOptions::FromServiceAccountCredentials(
                                                  std::string(access.key_json.reveal()))
                                            : arrow::fs::GcsOptions::Anonymous();
                     if (!access.endpoint.empty()) set_endpoint(gcs_options, access.endpoint);
                     gcs_options.retry_limit_seconds =
                         std::chrono::duration<double>(options.retry_limit).count();
                     return arrow::fs::GcsFileSystem::Make(gcs_options);
                   }));
  return make_arrow_store(std::move(file_system), std::move(name), std::move(bucket),
                          HalfUpload::kDrop);
}

}  // namespace assay::storage
