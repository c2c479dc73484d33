#include "net/http_client.h"

#include "core/check.h"
#include "net/curl_library_internal.h"
#include "net/curl_transfer_internal.h"
#include "net/net_runtime_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

namespace assay::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A handle and the multi handle that drives it, which unlike the handle alone can be woken.
class Line {
 public:
  explicit Line(const HttpOptions& options)
      : multi_(curl().multi_init()), transfer_(options, nullptr) {
    CHECK(multi_ != nullptr, "no memory for a curl handle");
  }

  Result<HttpResponse> send(const HttpRequest& request, const std::stop_token& stop) {
    RETURN_IF_ERROR(transfer_.prepare(request));
    const auto deadline = SteadyClock::now() + request.timeout;
    CHECK(curl().multi_add_handle(multi_.get(), transfer_.easy()) == CURLM_OK,
          "curl took no request");
    const std::stop_callback wake(stop, [this] { curl().multi_wakeup(multi_.get()); });
    Result<HttpResponse> response = drive(deadline, stop);
    curl().multi_remove_handle(multi_.get(), transfer_.easy());
    return response;
  }

 private:
  Result<HttpResponse> drive(SteadyClock::time_point deadline, const std::stop_token& stop) {
    while (true) {
      if (stop.stop_requested()) return transfer_.finish(CURLE_ABORTED_BY_CALLBACK);
      int num_running = 0;
      CHECK(curl().multi_perform(multi_.get(), &num_running) == CURLM_OK, "curl lost its way");
      int num_left = 0;
      if (const CURLMsg* message = curl().multi_info_read(multi_.get(), &num_left)) {
        return transfer_.finish(message->data.result);
      }
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
      if (left <= 0) return transfer_.finish_timed_out();
      const int wait = static_cast<int>(std::min<std::chrono::milliseconds::rep>(left, 60'000));
      CHECK(curl().multi_poll(multi_.get(), nullptr, 0, wait, nullptr) == CURLM_OK,
            "curl cannot wait");
    }
  }

  // First made, last gone: the handle must leave the multi handle before that goes.
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  CurlTransfer transfer_;
};

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(HttpOptions options)
      : options_(std::move(options)), started_(start_runtime()) {}

  Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop) override {
    RETURN_IF_ERROR(Status(started_));
    std::unique_ptr<Line> line = take_line();
    Result<HttpResponse> response = line->send(request, stop);
    const std::scoped_lock lock(mutex_);
    idle_lines_.push_back(std::move(line));
    return response;
  }

 private:
  std::unique_ptr<Line> take_line() {
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_lines_.empty()) {
        std::unique_ptr<Line> line = std::move(idle_lines_.back());
        idle_lines_.pop_back();
        return line;
      }
    }
    return std::make_unique<Line>(options_);
  }

  const HttpOptions options_;
  const Status started_;
  std::mutex mutex_;  // guards idle_lines_
  std::vector<std::unique_ptr<Line>> idle_lines_;
};

}  // namespace

HttpOptions HttpOptions::from_environment() {
  HttpOptions options;
  for (const char* const name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* const path = std::getenv(name);
    if (path != nullptr && *path != '\0') {
      options.ca_bundle = path;
      return options;
    }
  }
  options.ca_bundle = find_ca_bundle();
  return options;
}

std::filesystem::path find_ca_bundle(const std::filesystem::path& root) {
  for (const char* const place : {
           "etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch, Gentoo
           "etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
           "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
           "etc/ssl/ca-bundle.pem",  // openSUSE
           "etc/ssl/cert.pem",       // Alpine
       }) {
    std::error_code ignored;
    std::filesystem::path path = root / place;
    if (std::filesystem::exists(path, ignored)) return path;
  }
  return {};
}

std::unique_ptr<HttpTransport> make_http_transport(HttpOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace assay::net
