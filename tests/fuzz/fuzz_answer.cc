/// \file
/// Fuzzes the answers of object stores: pages of a listing, what is said of one object, and why
/// not. The input is the body; its first line is also the value of every header that is read.

#include "core/check.h"
#include "core/clock.h"
#include "fuzz_target.h"
#include "net/http_message.h"
#include "net/retry_policy.h"
#include "net/url.h"
#include "storage/existence.h"
#include "storage/gcs_service_internal.h"
#include "storage/s3_service_internal.h"

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

namespace fuzz_answer {
namespace {

using namespace assay::storage;

void read_answers(ObjectService& service, const assay::net::HttpResponse& response) {
  const ObjectAddress address{
      .scheme = AddressScheme::kS3, .bucket = "bucket", .name = "folder/object.png"};
  (void)service.prepare(std::stop_token());
  (void)service.ask(address, AskManner::kUsual);
  const ObjectReading reading = service.read(address, AskManner::kUsual, response);
  CHECK(reading.verdict.presence != Presence::kPresent || response.status == 200,
        "only a good answer says that an object is there");
  const PageReading page = service.read_page(address.bucket, response);
  CHECK(!page.is_page || response.status == 200, "only a good answer has a page");
  if (page.is_page && !page.next_page.empty()) {
    (void)service.ask_page(address.bucket, "folder/", page.next_page);
  }
  // A region that was learnt is where it asks next.
  (void)service.ask(address, AskManner::kUsual);
}

}  // namespace

FUZZ_TARGET(answer) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  const std::string first_line = body.substr(0, body.find('\n'));
  const ExistenceOptions options{.details = DetailUse::kAsk, .messages = MessageUse::kKeep};
  const auto endpoint = assay::net::Url::parse("https://storage.example/");
  CHECK(endpoint.has_value(), "an address");
  for (const int status : {200, 301, 403}) {
    assay::net::HttpResponse response{.status = status, .body = body};
    for (const std::string_view name :
         {"content-length", "last-modified", "etag", "x-amz-bucket-region", "retry-after"}) {
      response.headers.push_back({.name = std::string(name), .value = first_line});
    }
    S3Service s3({}, options, nullptr, assay::system_clock());
    read_answers(s3, response);
    GcsService gcs(*endpoint, options, nullptr);
    read_answers(gcs, response);
  }
  if (const auto wait = assay::net::parse_retry_after(first_line, assay::Timestamp{})) {
    CHECK(wait->count() >= 0, "a wait is not in the past");
  }
  return 0;
}

}  // namespace fuzz_answer
