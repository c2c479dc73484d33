/// \file
/// An HttpTransport that answers from a function and remembers what it was asked.

#pragma once

#include "net/http_client.h"

#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace assay::net::testing {

/// Threads: as the interface; the function is called by one thread at a time.
class FakeTransport final : public HttpTransport {
 public:
  using Answer = std::function<Result<HttpResponse>(const HttpRequest&)>;

  explicit FakeTransport(Answer answer) : answer_(std::move(answer)) {}

  Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop) override {
    const std::scoped_lock lock(mutex_);
    if (stop.stop_requested()) return cancelled("stopped");
    requests_.push_back(request);
    auto response = answer_(request);
    const bool is_taken = response && request.on_body && response->status / 100 == 2;
    if (!is_taken) return response;
    const std::string body = std::exchange(response->body, {});
    RETURN_IF_ERROR(request.on_body(*response, body));
    return response;
  }

  std::vector<HttpRequest> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  mutable std::mutex mutex_;  // guards requests_, and orders the calls of answer_
  Answer answer_;
  std::vector<HttpRequest> requests_;
};

}  // namespace assay::net::testing
