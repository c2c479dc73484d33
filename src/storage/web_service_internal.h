/// \file
/// Objects behind plain http and https addresses.

#pragma once

#include "storage/object_service_internal.h"

#include <chrono>

namespace assay::storage {

/// Asks by HEAD. An address signed for GET alone, or a server without HEAD, refuses that: then by
/// GET for the first byte.
class WebService final : public ObjectService {
 public:
  explicit WebService(const ExistenceOptions& options);

  Status prepare(std::stop_token stop) override;
  Result<ServiceRequest> ask(const ObjectAddress& address, AskManner manner) override;
  ObjectReading read(const ObjectAddress& address, AskManner manner,
                     const net::HttpResponse& response) override;
  /// Web servers have no listings: these are never called.
  Result<ServiceRequest> ask_page(std::string_view bucket, std::string_view prefix,
                                  std::string_view page) override;
  PageReading read_page(std::string_view bucket, const net::HttpResponse& response) override;
  Status renew_access(std::uint64_t generation) override;

 private:
  DetailUse details_;
  std::chrono::milliseconds timeout_;
};

}  // namespace assay::storage
