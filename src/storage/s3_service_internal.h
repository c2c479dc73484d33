/// \file
/// Amazon S3 by its REST API, and services that speak it.

#pragma once

#include "core/clock.h"
#include "net/sigv4.h"
#include "net/url.h"
#include "storage/credentials.h"
#include "storage/object_service_internal.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace assay::storage {

class S3Service final : public ObjectService {
 public:
  /// `endpoint` is nothing for Amazon's own; `keys` is null for unsigned requests.
  S3Service(std::optional<net::Url> endpoint, const ExistenceOptions& options, const AwsKeys* keys,
            const Clock& clock);

  Status prepare(std::stop_token stop) override;
  Result<ServiceRequest> ask(const ObjectAddress& address, AskManner manner) override;
  ObjectReading read(const ObjectAddress& address, AskManner manner,
                     const net::HttpResponse& response) override;
  Result<ServiceRequest> ask_page(std::string_view bucket, std::string_view prefix,
                                  std::string_view page) override;
  PageReading read_page(std::string_view bucket, const net::HttpResponse& response) override;
  Status renew_access(std::uint64_t generation) override;

 private:
  /// Where a bucket answers, and who signs for its region.
  struct Bucket {
    net::Url url;      // of the bucket, without a name
    std::string path;  // in front of the name: `/`, or `/bucket/`
    std::string region;
  };

  Result<Bucket*> find_bucket(std::string_view name);
  Result<Bucket> locate(std::string_view name, const std::string& region) const;
  Result<ServiceRequest> request(const Bucket& bucket, net::HttpMethod method,
                                 std::string_view target);
  /// Whether the answer says that the bucket is in another region than we thought.
  bool learn_region(std::string_view bucket, const net::HttpResponse& response);

  std::optional<net::Url> endpoint_;
  std::string region_;
  DetailUse details_;
  std::chrono::milliseconds timeout_;
  const AwsKeys* keys_;
  const Clock& clock_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  std::map<std::string, net::SigV4Signer, std::less<>> signers_;  // by region
};

}  // namespace assay::storage
