/// \file
/// Google Cloud Storage by its JSON API.

#pragma once

#include "net/url.h"
#include "storage/object_service_internal.h"

#include <stop_token>
#include <string>

namespace assay::storage {

class GcsService final : public ObjectService {
 public:
  GcsService(net::Url endpoint, const ExistenceOptions& options, net::GoogleTokenSource* token);

  Status prepare(std::stop_token stop) override;
  Result<ServiceRequest> ask(const ObjectAddress& address, AskManner manner) override;
  ObjectReading read(const ObjectAddress& address, AskManner manner,
                     const net::HttpResponse& response) override;
  Result<ServiceRequest> ask_page(std::string_view bucket, std::string_view prefix,
                                  std::string_view page) override;
  PageReading read_page(std::string_view bucket, const net::HttpResponse& response) override;
  Status renew_access(std::uint64_t generation) override;

 private:
  Result<ServiceRequest> request(std::string_view target);

  net::Url endpoint_;
  DetailUse details_;
  MessageUse messages_;
  std::chrono::milliseconds timeout_;
  net::GoogleTokenSource* token_;
  std::stop_token stop_;
};

}  // namespace assay::storage
