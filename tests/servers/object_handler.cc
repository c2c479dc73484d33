#include "object_handler.h"

#include "text.h"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <utility>

namespace servers {
namespace {

constexpr std::size_t kMaxPage = 1000;  // objects; as both services have it
// Bytes of a GET: the content itself means nothing.
constexpr std::uint64_t kMaxContent = 1024UL * 1024;

std::size_t number_or(std::optional<std::string> text, std::size_t otherwise) {
  if (!text) return otherwise;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  return error == std::errc{} ? value : otherwise;
}

// Whether a `fields` parameter asks for this field; without one it asks for all.
bool wants(std::string_view fields, std::string_view name) {
  if (fields.empty()) return true;
  for (std::size_t at = fields.find(name); at != std::string_view::npos;
       at = fields.find(name, at + 1)) {
    const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
    const std::size_t end = at + name.size();
    if ((at == 0 || !is_letter(fields[at - 1])) &&
        (end == fields.size() || !is_letter(fields[end])))
      return true;
  }
  return false;
}

void append_resource(std::string& out, const Object& object, std::string_view fields) {
  char separator = '{';
  const auto field = [&](std::string_view name, std::string_view value) {
    if (value.empty() || !wants(fields, name)) return;
    out += separator;
    append_json(out, name);
    out += ':';
    append_json(out, value);
    separator = ',';
  };
  field("name", object.name);
  field("bucket", object.bucket);
  field("size", std::to_string(object.size));
  field("timeCreated", object.created);
  field("md5Hash", object.md5);
  if (separator == '{') out += '{';
  out += '}';
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

ObjectHandler::ObjectHandler(HandlerOptions options) : options_(std::move(options)) {
  generic_.size = 1024;
  generic_.md5 = "1B2M2Y8AsgTpgAmY7PhCfg==";
  generic_.created = "2025-01-01T00:00:00Z";
  if (options_.log_path.empty()) return;
  log_.open(options_.log_path, std::ios::binary | std::ios::app);
  if (!log_) throw std::runtime_error(options_.log_path + ": cannot be written");
}

void ObjectHandler::handle(const Request& request, Reply& reply) {
  counts_ = true;
  route(request, reply);
  if (!counts_) return;
  ++num_requests_;
  const bool answered = reply.delivery == Delivery::kWhole;
  ++by_status_[answered ? reply.status : 0];
  if (!log_.is_open()) return;
  log_ << request.method << ' ' << request.path;
  if (!request.query.empty()) log_ << '?' << request.query;
  log_ << ' ' << (answered ? reply.status : 0) << '\n' << std::flush;
}

void ObjectHandler::route(const Request& request, Reply& reply) {
  constexpr std::string_view kGcs = "/storage/v1/b/";
  constexpr std::string_view kPlain = "/plain/";
  if (request.path == "/_stats") return answer_stats(request, reply);
  if (request.path == "/token") return answer_token(request, reply);
  reply.delay = options_.latency;
  if (request.path.starts_with(kGcs))
    return answer_gcs(request, request.path.substr(kGcs.size()), reply);
  if (request.path.starts_with(kPlain)) {
    reply.content_type = "text/plain";
    return answer_content(
        request, find("plain", percent_decoded(request.path.substr(kPlain.size())), reply), reply);
  }
  answer_s3(request, reply);
}

void ObjectHandler::fail(int status, std::string_view message, Reply& reply) {
  reply.status = status;
  reply.body = "{\"error\":{\"code\":" + std::to_string(status) + ",\"message\":";
  append_json(reply.body, message);
  reply.body += "}}";
  reply.head_length = reply.body.size();
}

std::uint32_t ObjectHandler::count(std::string_view kind, std::string_view what) {
  const auto kind_count = by_kind_.find(kind);
  if (kind_count == by_kind_.end()) {
    by_kind_.emplace(kind, 1);
  } else {
    ++kind_count->second;
  }
  const auto found = by_object_.find(what);
  if (found != by_object_.end()) return found->second++;
  by_object_.emplace(what, 1);
  return 0;
}

bool ObjectHandler::authorized(const Request& request) {
  constexpr std::string_view kBearer = "Bearer ";
  std::string_view token = request.authorization;
  token = token.starts_with(kBearer) ? token.substr(kBearer.size()) : std::string_view{};
  if (!options_.required_token.empty() && token != options_.required_token) return false;
  if (!options_.requires_issued_token) return true;
  const auto issued = tokens_.find(token);
  if (issued == tokens_.end() || issued->second.expires < std::chrono::steady_clock::now())
    return false;
  return options_.token_uses == 0 || issued->second.uses++ < options_.token_uses;
}

bool ObjectHandler::apply(const Fault& fault, std::uint32_t asked_before, std::string_view what,
                          Reply& reply) {
  if (fault.times > 0 && asked_before >= fault.times) return false;
  switch (fault.kind) {
    case FaultKind::kStatus:
      if (fault.status == 200) return false;
      fail(fault.status, "simulated failure of " + std::string(what), reply);
      if (fault.retry_after)
        reply.headers = "Retry-After: " + std::to_string(*fault.retry_after) + "\r\n";
      return true;
    case FaultKind::kHtml:
      reply.status = fault.status;
      reply.content_type = "text/html";
      reply.body = fault.status == 403 ? "<html>forbidden</html>\n" : "<html>failure</html>\n";
      reply.head_length = reply.body.size();
      return true;
    case FaultKind::kBadJson:
      reply.body = "{\"name\":\"broken";
      return true;
    case FaultKind::kDrop:
      reply.delivery = Delivery::kDrop;
      return true;
    case FaultKind::kSlow:
      reply.delay += fault.delay;
      return false;
    case FaultKind::kStall:
      reply.delivery = Delivery::kStall;
      return true;
    case FaultKind::kHalfBody:
      reply.delivery = Delivery::kHalfBody;
      reply.body = "{\"name\":\"half of this answer never comes\"}";
      reply.head_length = reply.body.size();
      return true;
  }
  return false;
}

ObjectHandler::Finding ObjectHandler::find(std::string_view bucket, std::string_view name,
                                           Reply& reply) {
  key_.assign(bucket).append("/").append(name);
  const std::uint32_t asked_before = count("object", key_);
  const Object* object = options_.catalog.find(bucket, name);
  const std::optional<Fault> fault =
      object != nullptr && object->fault ? object->fault : fault_of_name(name);
  if (fault && apply(*fault, asked_before, key_, reply))
    return {.object = nullptr, .answered = true};
  if (object == nullptr && (options_.all_exist || fault)) {
    generic_.bucket = bucket;
    generic_.name = name;
    object = &generic_;
  }
  return {.object = object, .answered = false};
}

void ObjectHandler::answer_gcs(const Request& request, std::string_view rest, Reply& reply) {
  if (!authorized(request)) return fail(401, "the token is absent, expired or wrong", reply);
  const std::size_t slash = rest.find('/');
  const std::string bucket = percent_decoded(rest.substr(0, slash));
  rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash);
  if (rest == "/o") return answer_gcs_list(request, bucket, reply);
  if (!rest.starts_with("/o/")) return fail(404, "no such address", reply);
  const Finding finding = find(bucket, percent_decoded(rest.substr(3)), reply);
  if (finding.answered) return;
  if (finding.object == nullptr) return fail(404, "No such object: " + key_, reply);
  if (query_value(request.query, "alt") == "media") return answer_content(request, finding, reply);
  append_resource(reply.body, *finding.object, query_value(request.query, "fields").value_or(""));
}

void ObjectHandler::answer_gcs_list(const Request& request, std::string_view bucket, Reply& reply) {
  const std::string prefix = query_value(request.query, "prefix").value_or("");
  const std::string what = std::string(bucket) + "?" + prefix;
  const std::uint32_t asked_before = count("list", what);
  if (options_.denies_lists || options_.all_exist)
    return fail(403, "listing is not allowed", reply);
  const std::optional<Fault> fault = fault_of_name(prefix);
  if (fault && apply(*fault, asked_before, what, reply)) return;
  if (!options_.all_exist && !options_.catalog.has_bucket(bucket))
    return fail(404, "No such bucket", reply);
  const std::size_t limit =
      std::min(number_or(query_value(request.query, "maxResults"), kMaxPage), kMaxPage);
  const std::size_t start = number_or(query_value(request.query, "pageToken"), 0);
  const Page page = options_.catalog.list(bucket, prefix, start, limit);
  const std::string fields = query_value(request.query, "fields").value_or("");
  reply.body = "{\"kind\":\"storage#objects\"";
  if (page.next) reply.body += ",\"nextPageToken\":\"" + std::to_string(*page.next) + "\"";
  if (!page.objects.empty()) {
    reply.body += ",\"items\":";
    char separator = '[';
    for (const Object& object : page.objects) {
      reply.body += separator;
      append_resource(reply.body, object, fields);
      separator = ',';
    }
    reply.body += ']';
  }
  reply.body += '}';
}

void ObjectHandler::answer_content(const Request& request, const Finding& finding, Reply& reply) {
  if (finding.answered) return;
  if (finding.object == nullptr) {
    reply.status = 404;
    reply.content_type = "text/plain";
    reply.body = "not found\n";
    reply.head_length = reply.body.size();
    return;
  }
  const Object& object = *finding.object;
  reply.content_type = "application/octet-stream";
  reply.head_length = object.size;
  reply.headers =
      "ETag: \"" + object.md5 + "\"\r\nLast-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\n";
  if (request.method != "HEAD") reply.body.assign(std::min(object.size, kMaxContent), '.');
}

void ObjectHandler::answer_s3(const Request& request, Reply& reply) {
  reply.content_type = "application/xml";
  if (!options_.required_access_key.empty() &&
      !request.authorization.contains("Credential=" + options_.required_access_key + "/")) {
    reply.status = 403;
    reply.body = "<Error><Code>AccessDenied</Code></Error>";
    return;
  }
  const std::string_view path = request.path.substr(1);
  const std::size_t slash = path.find('/');
  const std::string bucket = percent_decoded(path.substr(0, slash));
  if (slash != std::string_view::npos && slash + 1 < path.size()) {
    return answer_content(request, find(bucket, percent_decoded(path.substr(slash + 1)), reply),
                          reply);
  }
  if (request.method == "GET") return answer_s3_list(bucket, request.query, reply);
  reply.status = options_.all_exist || options_.catalog.has_bucket(bucket) ? 200 : 404;
}

void ObjectHandler::answer_s3_list(std::string_view bucket, std::string_view query, Reply& reply) {
  const std::string prefix = query_value(query, "prefix").value_or("");
  const std::string what = std::string(bucket) + "?" + prefix;
  const std::uint32_t asked_before = count("list", what);
  if (options_.denies_lists || options_.all_exist) {
    reply.status = 403;
    reply.body = "<Error><Code>AccessDenied</Code></Error>";
    return;
  }
  const std::optional<Fault> fault = fault_of_name(prefix);
  if (fault && apply(*fault, asked_before, what, reply)) return;
  if (!options_.catalog.has_bucket(bucket)) {
    reply.status = 404;
    reply.body = "<Error><Code>NoSuchBucket</Code></Error>";
    return;
  }
  const std::size_t limit = std::min(number_or(query_value(query, "max-keys"), kMaxPage), kMaxPage);
  const std::size_t start = number_or(query_value(query, "continuation-token"), 0);
  const Page page = options_.catalog.list(bucket, prefix, start, limit);
  const bool is_url_encoded = query_value(query, "encoding-type") == "url";
  std::string& out = reply.body;
  out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult><Name>";
  append_xml(out, bucket);
  out += "</Name><Prefix>";
  append_xml(out, prefix);
  out += "</Prefix><KeyCount>" + std::to_string(page.objects.size()) + "</KeyCount><IsTruncated>";
  out += page.next ? "true</IsTruncated><NextContinuationToken>" + std::to_string(*page.next) +
                         "</NextContinuationToken>"
                   : "false</IsTruncated>";
  for (const Object& object : page.objects) {
    out += "<Contents><Key>";
    append_xml(out, is_url_encoded ? percent_encoded(object.name) : object.name);
    out += "</Key><LastModified>" + object.created + "</LastModified><ETag>&quot;" + object.md5 +
           "&quot;</ETag><Size>" + std::to_string(object.size) + "</Size></Contents>";
  }
  out += "</ListBucketResult>";
}

void ObjectHandler::answer_token(const Request& request, Reply& reply) {
  ++by_kind_["token"];
  const std::uint32_t asked_before = num_token_requests_++;
  if (options_.token_fault &&
      apply(*options_.token_fault, asked_before, "the token endpoint", reply))
    return;
  if (request.method != "POST") return fail(405, "POST a grant", reply);
  // The signature is not looked at: the signer is tested against known answers instead.
  const auto grant = query_value(request.body, "grant_type");
  const std::string assertion = query_value(request.body, "assertion").value_or("");
  if (grant != "urn:ietf:params:oauth:grant-type:jwt-bearer" ||
      std::count(assertion.begin(), assertion.end(), '.') != 2) {
    reply.status = 400;
    reply.body =
        "{\"error\":\"invalid_grant\",\"error_description\":\"a JWT bearer grant is needed\"}";
    return;
  }
  const std::string token = "issued-token-" + std::to_string(asked_before + 1);
  tokens_[token] = {.expires = std::chrono::steady_clock::now() + options_.token_lifetime};
  reply.body = "{\"access_token\":\"" + token + "\",\"token_type\":\"Bearer\",\"expires_in\":" +
               std::to_string(options_.token_lifetime.count()) + "}";
}

void ObjectHandler::answer_stats(const Request& request, Reply& reply) {
  counts_ = false;
  std::string& out = reply.body;
  out = "{\"requests\":" + std::to_string(num_requests_);
  const auto group = [&](std::string_view name, const auto& counts) {
    out += ",\"" + std::string(name) + "\":{";
    bool first = true;
    for (const auto& [key, number] : counts) {
      if (!std::exchange(first, false)) out += ',';
      if constexpr (std::is_same_v<std::decay_t<decltype(key)>, int>) {
        append_json(out, std::to_string(key));
      } else {
        append_json(out, key);
      }
      out += ':' + std::to_string(number);
    }
    out += '}';
  };
  group("by_status", by_status_);
  group("by_kind", by_kind_);
  std::uint32_t most = 0;
  for (const auto& [name, number] : by_object_) most = std::max(most, number);
  out += ",\"addresses\":" + std::to_string(by_object_.size()) +
         ",\"max_per_address\":" + std::to_string(most);
  if (query_value(request.query, "paths")) group("paths", by_object_);
  if (loop_ != nullptr) {
    out += ",\"connections\":" + std::to_string(loop_->num_connections()) +
           ",\"max_waiting\":" + std::to_string(loop_->max_waiting());
  }
  out += ",\"cpu_seconds\":" + std::to_string(cpu_seconds()) + "}";
}

}  // namespace servers
