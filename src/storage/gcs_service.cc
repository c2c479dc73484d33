#include "core/parse_number.h"
#include "json/value.h"
#include "net/google_token.h"
#include "net/percent.h"
#include "storage/gcs_service_internal.h"

#include <fmt/format.h>

#include <utility>

namespace assay::storage {
namespace {

constexpr std::string_view kBuckets = "/storage/v1/b/";
// The most that the service gives in one page.
constexpr int kGcsPageSize = 1000;
// A page of a thousand names of the longest kind, with details, is some 2 MB.
constexpr ByteCount kMaxGcsPageBytes{16U << 20};
constexpr ByteCount kMaxGcsAnswerBytes{1U << 20};

const std::string* text_of(const json::Value* value) {
  return value == nullptr ? nullptr : value->text();
}

std::optional<ObjectDetails> read_details(const json::Value& object) {
  ObjectDetails details;
  // The service writes 64-bit numbers as text.
  if (const std::string* size = text_of(object.find("size"))) {
    const auto value = parse_integer(*size);
    if (value && *value >= 0) details.size_bytes = static_cast<std::uint64_t>(*value);
  }
  if (const std::string* created = text_of(object.find("timeCreated"))) {
    if (const auto instant = parse_timestamp(*created)) details.created = *instant;
  }
  if (const std::string* md5 = text_of(object.find("md5Hash"))) details.md5_base64 = *md5;
  return details;
}

// The service's words about a failure: `error.message` of its JSON, or the body as it is.
std::string message_of(const std::string& body) {
  const auto parsed = json::parse(body);
  if (!parsed) return body;
  const json::Value* error = parsed->find("error");
  const std::string* message = error == nullptr ? nullptr : text_of(error->find("message"));
  return message == nullptr ? body : *message;
}

}  // namespace

GcsService::GcsService(net::Url endpoint, const ExistenceOptions& options,
                       net::GoogleTokenSource* token)
    : endpoint_(std::move(endpoint)),
      details_(options.details),
      messages_(options.messages),
      timeout_(options.timeout),
      token_(token) {}

Result<ServiceRequest> GcsService::ask(const ObjectAddress& address, AskManner /*manner*/) {
  std::string target(kBuckets);
  net::append_percent_encoded(target, address.bucket);
  target += "/o/";
  net::append_percent_encoded(target, address.name);
  target += details_ == DetailUse::kAsk ? "?fields=name,size,timeCreated,md5Hash&prettyPrint=false"
                                        : "?fields=name&prettyPrint=false";
  return request(target);
}

Result<ServiceRequest> GcsService::ask_page(std::string_view bucket, std::string_view prefix,
                                            std::string_view page) {
  std::string target(kBuckets);
  net::append_percent_encoded(target, bucket);
  target += fmt::format("/o?maxResults={}&prettyPrint=false&fields=nextPageToken,items(name",
                        kGcsPageSize);
  if (details_ == DetailUse::kAsk) target += ",size,timeCreated,md5Hash";
  target += ")&prefix=";
  net::append_percent_encoded(target, prefix);
  if (!page.empty()) {
    target += "&pageToken=";
    net::append_percent_encoded(target, page);
  }
  ASSIGN_OR_RETURN(ServiceRequest page_request, request(target));
  page_request.request.max_body = kMaxGcsPageBytes;
  return page_request;
}

ObjectReading GcsService::read(const ObjectAddress& /*address*/, AskManner /*manner*/,
                               const net::HttpResponse& response) {
  ObjectReading reading = reading_of_status(response.status);
  if (response.status == 401 && token_ != nullptr) reading.next = NextStep::kRenew;
  if (response.status != 200) {
    if (messages_ == MessageUse::kKeep) reading.verdict.message = message_of(response.body);
    return reading;
  }
  const auto parsed = json::parse(response.body);
  if (!parsed || text_of(parsed->find("name")) == nullptr) {
    reading.next = NextStep::kRetry;
    reading.verdict.doubt = Doubt::kBrokenAnswer;
    return reading;
  }
  reading.verdict.presence = Presence::kPresent;
  reading.verdict.doubt = Doubt::kNone;
  if (details_ == DetailUse::kAsk) reading.verdict.details = read_details(*parsed);
  return reading;
}

PageReading GcsService::read_page(std::string_view /*bucket*/, const net::HttpResponse& response) {
  PageReading reading;
  if (response.status != 200) {
    reading.next = reading_of_status(response.status).next;
    if (response.status == 401 && token_ != nullptr) reading.next = NextStep::kRenew;
    return reading;
  }
  const auto parsed = json::parse(response.body);
  if (!parsed || parsed->object() == nullptr) {
    reading.next = NextStep::kRetry;
    return reading;
  }
  if (const std::string* page = text_of(parsed->find("nextPageToken"))) reading.next_page = *page;
  // A page without objects has no items at all.
  if (const json::Value* items = parsed->find("items")) {
    const json::Value::List* list = items->list();
    if (list == nullptr) return reading;
    reading.objects.reserve(list->size());
    for (const json::Value& item : *list) {
      const std::string* name = text_of(item.find("name"));
      if (name == nullptr) return reading;
      ListedObject listed{.name = *name};
      if (details_ == DetailUse::kAsk) listed.details = read_details(item);
      reading.objects.push_back(std::move(listed));
    }
  }
  reading.is_page = true;
  return reading;
}

Status GcsService::prepare(std::stop_token stop) {
  stop_ = std::move(stop);
  if (token_ == nullptr) return {};
  const auto token = token_->token(stop_);
  if (!token) return Error(token.error());
  return {};
}

Status GcsService::renew_access(std::uint64_t generation) {
  const auto token = token_->renew(generation, stop_);
  if (!token) return Error(token.error());
  return {};
}

Result<ServiceRequest> GcsService::request(std::string_view target) {
  ASSIGN_OR_RETURN(net::Url url, endpoint_.with_target(target));
  ServiceRequest asked{.request = {.method = net::HttpMethod::kGet, .url = std::move(url)}};
  asked.request.timeout = timeout_;
  asked.request.max_body = kMaxGcsAnswerBytes;
  if (token_ != nullptr) {
    ASSIGN_OR_RETURN(const net::AccessToken token, token_->token(stop_));
    asked.request.headers = token.authorization;
    asked.access_generation = token.generation;
  }
  return asked;
}

}  // namespace assay::storage
