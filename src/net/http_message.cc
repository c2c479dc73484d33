#include "net/http_message.h"

#include "core/check.h"
#include "crypto/secret.h"
#include "net/http_headers_internal.h"
#include "net/letter_case_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace assay::net {
namespace {

// token of RFC 9110, 5.6.2
bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

bool is_value_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

Status check(const HttpHeader& header) {
  if (header.name.empty() || !std::ranges::all_of(header.name, is_token_character)) {
    return invalid_input("an HTTP header with a name that is not allowed");
  }
  if (!std::ranges::all_of(header.value, is_value_character)) {
    return invalid_input(
        fmt::format("HTTP header {}: the value holds a control character", header.name));
  }
  return {};
}

}  // namespace

// The list is made here and not by curl, so that requests can be put together without it.
HttpHeaders::Prebuilt::Prebuilt(std::vector<HttpHeader> headers) : headers_(std::move(headers)) {
  lines_.reserve(headers_.size());
  nodes_.resize(headers_.size());
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    const HttpHeader& header = headers_[i];
    std::string& line = lines_.emplace_back();
    // At once, so that no part of a secret stays where the text grew.
    line.reserve(header.name.size() + 2 + header.value.size());
    // "Name;" is how curl is told to send a header without a value.
    line.append(header.name).append(header.value.empty() ? ";" : ": ").append(header.value);
    nodes_[i].data = line.data();
    nodes_[i].next = i + 1 < nodes_.size() ? &nodes_[i + 1] : nullptr;
  }
  if (!nodes_.empty()) first_ = nodes_.data();
}

HttpHeaders::Prebuilt::~Prebuilt() {
  for (std::string& line : lines_) crypto::wipe(line);
  for (HttpHeader& header : headers_) crypto::wipe(header.value);
}

Result<HttpHeaders> HttpHeaders::create(std::vector<HttpHeader> headers) {
  for (const HttpHeader& header : headers) RETURN_IF_ERROR(check(header));
  HttpHeaders built;
  built.prebuilt_ = std::make_shared<const Prebuilt>(std::move(headers));
  return built;
}

std::span<const HttpHeader> HttpHeaders::all() const {
  if (prebuilt_ == nullptr) return {};
  return prebuilt_->headers();
}

std::string_view to_string(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return "GET";
    case HttpMethod::kHead:
      return "HEAD";
    case HttpMethod::kPost:
      return "POST";
    case HttpMethod::kPut:
      return "PUT";
    case HttpMethod::kDelete:
      return "DELETE";
  }
  CHECK(false, "an HttpMethod outside its enumerators");
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && std::ranges::equal(left, right, {}, to_lower, to_lower);
}

std::optional<std::string_view> HttpResponse::header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

}  // namespace assay::net
