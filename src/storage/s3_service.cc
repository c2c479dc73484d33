#include "core/hex.h"
#include "core/parse_number.h"
#include "crypto/base64.h"
#include "net/percent.h"
#include "net/retry_policy.h"
#include "storage/s3_service_internal.h"
#include "storage/xml_scan_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::storage {
namespace {

// The most that the service gives in one page.
constexpr int kS3PageSize = 1000;
constexpr ByteCount kMaxS3PageBytes{16U << 20};
constexpr ByteCount kMaxS3AnswerBytes{1U << 20};

// A bucket of another form (dots, capitals) has no host name that its certificate covers.
bool is_host_label(std::string_view bucket) {
  return !bucket.empty() && bucket.size() <= 63 && std::ranges::all_of(bucket, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// An ETag that is an MD5, in base64 as other stores give it. That of an object uploaded in parts is
// none, and has a dash.
std::string md5_of_etag(std::string_view etag) {
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) {
    etag = etag.substr(1, etag.size() - 2);
  }
  if (etag.size() != 32) return "";
  const auto bytes = parse_hex(etag);
  return bytes ? crypto::base64_encode(*bytes) : "";
}

std::optional<std::uint64_t> size_of(std::string_view text) {
  const auto value = parse_integer(text);
  if (!value || *value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

ObjectDetails details_of(const net::HttpResponse& response) {
  ObjectDetails details;
  if (const auto length = response.header("content-length")) details.size_bytes = size_of(*length);
  if (const auto modified = response.header("last-modified")) {
    // An HTTP date as the time from the epoch; objects are never changed, only written anew.
    if (const auto since = net::parse_retry_after(*modified, Timestamp{})) {
      details.created = Timestamp(*since);
    }
  }
  if (const auto etag = response.header("etag")) details.md5_base64 = md5_of_etag(*etag);
  return details;
}

// The names come percent-encoded, with a plus sign for a blank: XML cannot hold all that they may.
std::optional<std::string> key_of(std::string_view contents) {
  const auto inner = take_element(contents, "Key");
  auto text = inner ? xml_text(*inner) : std::nullopt;
  if (!text) return std::nullopt;
  std::ranges::replace(*text, '+', ' ');
  auto name = net::percent_decode(*text);
  if (!name) return std::nullopt;
  return *std::move(name);
}

ObjectDetails details_of_contents(std::string_view contents) {
  ObjectDetails details;
  std::string_view rest = contents;
  if (const auto size = take_element(rest, "Size")) details.size_bytes = size_of(*size);
  rest = contents;
  if (const auto modified = take_element(rest, "LastModified")) {
    if (const auto instant = parse_timestamp(*modified)) details.created = *instant;
  }
  rest = contents;
  if (const auto etag = take_element(rest, "ETag")) {
    details.md5_base64 = md5_of_etag(xml_text(*etag).value_or(""));
  }
  return details;
}

}  // namespace

S3Service::S3Service(std::optional<net::Url> endpoint, const ExistenceOptions& options,
                     const AwsKeys* keys, const Clock& clock)
    : endpoint_(std::move(endpoint)),
      region_(options.s3_region),
      details_(options.details),
      timeout_(options.timeout),
      keys_(keys),
      clock_(clock) {}

Status S3Service::prepare(std::stop_token /*stop*/) { return {}; }

Status S3Service::renew_access(std::uint64_t /*generation*/) { return {}; }

Result<S3Service::Bucket> S3Service::locate(std::string_view name,
                                            const std::string& region) const {
  const std::string quoted = net::percent_encode(name);
  if (endpoint_) return Bucket{*endpoint_, fmt::format("/{}/", quoted), region};
  if (is_host_label(name)) {
    ASSIGN_OR_RETURN(net::Url url,
                     net::Url::parse(fmt::format("https://{}.s3.{}.amazonaws.com/", name, region)));
    return Bucket{std::move(url), "/", region};
  }
  ASSIGN_OR_RETURN(net::Url url,
                   net::Url::parse(fmt::format("https://s3.{}.amazonaws.com/", region)));
  return Bucket{std::move(url), fmt::format("/{}/", quoted), region};
}

Result<S3Service::Bucket*> S3Service::find_bucket(std::string_view name) {
  auto found = buckets_.find(name);
  if (found == buckets_.end()) {
    ASSIGN_OR_RETURN(Bucket bucket, locate(name, region_));
    found = buckets_.emplace(std::string(name), std::move(bucket)).first;
  }
  return &found->second;
}

Result<ServiceRequest> S3Service::request(const Bucket& bucket, net::HttpMethod method,
                                          std::string_view target) {
  ASSIGN_OR_RETURN(net::Url url, bucket.url.with_target(target));
  ServiceRequest asked{.request = {.method = method, .url = std::move(url)}};
  asked.request.timeout = timeout_;
  asked.request.max_body = kMaxS3AnswerBytes;
  if (keys_ == nullptr) return asked;
  auto signer = signers_.find(bucket.region);
  if (signer == signers_.end()) {
    net::SigV4Credentials credentials{.access_key_id = keys_->access_key_id,
                                      .secret_access_key = keys_->secret_access_key.copy(),
                                      .session_token = keys_->session_token.copy()};
    signer =
        signers_
            .emplace(bucket.region, net::SigV4Signer(std::move(credentials), bucket.region, "s3"))
            .first;
  }
  ASSIGN_OR_RETURN(
      asked.request.headers,
      signer->second.sign({.method = method, .url = asked.request.url, .time = clock_.now()}));
  return asked;
}

Result<ServiceRequest> S3Service::ask(const ObjectAddress& address, AskManner /*manner*/) {
  ASSIGN_OR_RETURN(const Bucket* bucket, find_bucket(address.bucket));
  std::string target = bucket->path;
  net::append_percent_encoded(target, address.name, net::PercentKeep::kUnreservedAndSlash);
  return request(*bucket, net::HttpMethod::kHead, target);
}

ObjectReading S3Service::read(const ObjectAddress& address, AskManner /*manner*/,
                              const net::HttpResponse& response) {
  ObjectReading reading = reading_of_status(response.status);
  if (learn_region(address.bucket, response)) {
    reading.next = NextStep::kAskAnother;
  } else if (response.status == 200) {
    reading.verdict.presence = Presence::kPresent;
    reading.verdict.doubt = Doubt::kNone;
    if (details_ == DetailUse::kAsk) reading.verdict.details = details_of(response);
  }
  return reading;
}

bool S3Service::learn_region(std::string_view bucket, const net::HttpResponse& response) {
  if (endpoint_ || (response.status != 301 && response.status != 307 && response.status != 400)) {
    return false;
  }
  const auto region = response.header("x-amz-bucket-region");
  const auto known = buckets_.find(bucket);
  if (!region || !is_host_label(*region) || known == buckets_.end()) return false;
  // Requests that were under way at the old place learn the same; they are asked again, too.
  if (known->second.region == *region) return true;
  auto moved = locate(bucket, std::string(*region));
  if (!moved) return false;
  known->second = *std::move(moved);
  return true;
}

Result<ServiceRequest> S3Service::ask_page(std::string_view bucket, std::string_view prefix,
                                           std::string_view page) {
  ASSIGN_OR_RETURN(const Bucket* place, find_bucket(bucket));
  // Of `/bucket/` the last slash belongs to names.
  std::string target = place->path.size() > 1 ? place->path.substr(0, place->path.size() - 1) : "/";
  target += '?';
  if (!page.empty()) {
    target += "continuation-token=";
    net::append_percent_encoded(target, page);
    target += '&';
  }
  target += fmt::format("encoding-type=url&list-type=2&max-keys={}&prefix=", kS3PageSize);
  net::append_percent_encoded(target, prefix);
  ASSIGN_OR_RETURN(ServiceRequest asked, request(*place, net::HttpMethod::kGet, target));
  asked.request.max_body = kMaxS3PageBytes;
  return asked;
}

PageReading S3Service::read_page(std::string_view bucket, const net::HttpResponse& response) {
  PageReading reading;
  if (response.status != 200) {
    reading.next = learn_region(bucket, response) ? NextStep::kAskAnother
                                                  : reading_of_status(response.status).next;
    return reading;
  }
  std::string_view xml = response.body;
  const auto result_start = xml.find("<ListBucketResult");
  if (result_start == std::string_view::npos || !xml.contains("</ListBucketResult>")) {
    reading.next = NextStep::kRetry;
    return reading;
  }
  std::string_view rest = xml;
  const auto is_truncated = take_element(rest, "IsTruncated");
  rest = xml;
  if (const auto token = take_element(rest, "NextContinuationToken");
      token && is_truncated == "true") {
    reading.next_page = xml_text(*token).value_or("");
  }
  if (is_truncated == "true" && reading.next_page.empty()) return reading;
  while (const auto contents = take_element(xml, "Contents")) {
    auto name = key_of(*contents);
    if (!name) return reading;
    ListedObject listed{.name = *std::move(name)};
    if (details_ == DetailUse::kAsk) listed.details = details_of_contents(*contents);
    reading.objects.push_back(std::move(listed));
  }
  reading.is_page = true;
  return reading;
}

}  // namespace assay::storage
