/// \file
/// Request headers in the form that curl sends.

#pragma once

#include "net/http_message.h"

#include <curl/curl.h>

#include <string>
#include <vector>

namespace assay::net {

class HttpHeaders::Prebuilt {
 public:
  explicit Prebuilt(std::vector<HttpHeader> headers);
  ~Prebuilt();
  Prebuilt(const Prebuilt&) = delete;
  Prebuilt& operator=(const Prebuilt&) = delete;

  const std::vector<HttpHeader>& headers() const { return headers_; }
  /// curl only reads it, though it takes no pointer to const.
  curl_slist* list() const { return first_; }

 private:
  std::vector<HttpHeader> headers_;
  std::vector<std::string> lines_;
  std::vector<curl_slist> nodes_;  // each with a line
  curl_slist* first_ = nullptr;
};

}  // namespace assay::net
