#include "core/parse_number.h"
#include "storage/web_service_internal.h"

#include <string>
#include <utility>

namespace assay::storage {
namespace {

constexpr ByteCount kMaxBodyBytes{8U << 20};

}  // namespace

WebService::WebService(const ExistenceOptions& options)
    : details_(options.details), timeout_(options.timeout) {}

Status WebService::prepare(std::stop_token /*stop*/) { return {}; }

Result<ServiceRequest> WebService::ask(const ObjectAddress& address, AskManner manner) {
  std::string text(address.scheme == AddressScheme::kHttp ? "http://" : "https://");
  text += address.bucket;
  text += address.name;
  ASSIGN_OR_RETURN(net::Url url, net::Url::parse(text));
  ServiceRequest asked{.request = {.method = net::HttpMethod::kHead, .url = std::move(url)}};
  asked.request.timeout = timeout_;
  if (manner == AskManner::kOther) {
    asked.request.method = net::HttpMethod::kGet;
    ASSIGN_OR_RETURN(asked.request.headers, net::HttpHeaders::create({{"Range", "bytes=0-0"}}));
    asked.request.max_body = kMaxBodyBytes;
  }
  return asked;
}

ObjectReading WebService::read(const ObjectAddress& /*address*/, AskManner manner,
                               const net::HttpResponse& response) {
  const int status = response.status;
  ObjectReading reading = reading_of_status(status);
  // 416: there is an object, but it has no first byte.
  const bool is_there = status == 200 || status == 204 || status == 206 ||
                        (status == 416 && manner == AskManner::kOther);
  if (is_there) {
    reading.verdict.presence = Presence::kPresent;
    reading.verdict.doubt = Doubt::kNone;
    if (details_ == DetailUse::kAsk && manner == AskManner::kUsual) {
      reading.verdict.details.emplace();
      if (const auto length = response.header("content-length")) {
        const auto value = parse_integer(*length);
        if (value && *value >= 0)
          reading.verdict.details->size_bytes = static_cast<std::uint64_t>(*value);
      }
    }
  } else if (status == 410) {
    reading.verdict.presence = Presence::kAbsent;
    reading.verdict.doubt = Doubt::kNone;
  } else if (manner == AskManner::kUsual && (status == 403 || status == 405 || status == 501)) {
    reading.next = NextStep::kAskAnother;
  }
  return reading;
}

Result<ServiceRequest> WebService::ask_page(std::string_view /*bucket*/,
                                            std::string_view /*prefix*/,
                                            std::string_view /*page*/) {
  return internal("a listing of a web server");
}

PageReading WebService::read_page(std::string_view /*bucket*/,
                                  const net::HttpResponse& /*response*/) {
  return {};
}

Status WebService::renew_access(std::uint64_t /*generation*/) { return {}; }

}  // namespace assay::storage
