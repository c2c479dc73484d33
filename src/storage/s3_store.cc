#include "storage/arrow_status_internal.h"
#include "storage/arrow_store_internal.h"
#include "storage/open_store.h"
#include "storage/s3_library_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::storage {
namespace {

// Pauses of 100 ms, doubled each time, until the tries or the time are used up.
class BoundedRetries final : public arrow::fs::S3RetryStrategy {
 public:
  explicit BoundedRetries(const StoreOptions& options) : options_(options) {}

  bool ShouldRetry(const AWSErrorDetail& error, std::int64_t attempted_retries) override {
    return error.should_retry && attempted_retries + 1 < options_.max_tries;
  }

  std::int64_t CalculateDelayBeforeNextRetry(const AWSErrorDetail& /*error*/,
                                             std::int64_t attempted_retries) override {
    constexpr std::int64_t kFirstMilliseconds = 100;
    constexpr std::int64_t kMaxDoublings = 10;
    const std::int64_t delay = kFirstMilliseconds
                               << std::clamp<std::int64_t>(attempted_retries, 0, kMaxDoublings);
    return std::min<std::int64_t>(delay, options_.retry_limit.count() / options_.max_tries);
  }

 private:
  StoreOptions options_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_s3_store(std::string bucket, const AwsAccess& access,
                                                   const StoreOptions& options) {
  std::string name = "s3://" + bucket;
  if (access.access == Access::kAbsent &&
      options.without_credentials == WithoutCredentials::kRefuse) {
    return missing(fmt::format("{}: {}", name, kNoAwsCredentials));
  }
  ASSIGN_OR_RETURN(const S3Library* const library, load_s3_library());
  using FileSystem = std::shared_ptr<arrow::fs::FileSystem>;
  ASSIGN_OR_RETURN(
      FileSystem file_system,
      call_arrow<FileSystem>("open " + name, [&]() -> arrow::Result<FileSystem> {
        auto s3_options =
            access.access == Access::kKey
                ? library->from_access_key(access.keys.access_key_id,
                                           std::string(access.keys.secret_access_key.reveal()),
                                           std::string(access.keys.session_token.reveal()))
                : library->anonymous();
        // Always named: without a region the library asks the machine's metadata service for one.
        s3_options.region = access.region;
        if (!access.endpoint.empty()) {
          const std::size_t split = access.endpoint.find("://");
          s3_options.scheme = access.endpoint.substr(0, split);
          s3_options.endpoint_override = access.endpoint.substr(split + 3);
        }
        s3_options.connect_timeout = std::chrono::duration<double>(options.connect_timeout).count();
        s3_options.request_timeout = std::chrono::duration<double>(options.stall_timeout).count();
        s3_options.retry_strategy = std::make_shared<BoundedRetries>(options);
        // In this thread: a failed write is then known before the close.
        s3_options.background_writes = false;
        return library->make(s3_options, arrow::io::default_io_context());
      }));
  return make_arrow_store(std::move(file_system), std::move(name), std::move(bucket),
                          HalfUpload::kAbort);
}

}  // namespace assay::storage
