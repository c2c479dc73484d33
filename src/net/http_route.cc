#include "net/http_route.h"

#include "core/check.h"
#include "net/percent.h"
#include "net/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace assay::net {
namespace {

bool is_visible(char byte) { return byte > ' ' && byte != '\x7f'; }

Result<std::string> decode_part(std::string_view part) {
  ASSIGN_OR_RETURN(std::string text, percent_decode(part));
  const bool is_clean = std::ranges::none_of(
      text, [](char byte) { return (byte >= 0 && byte < ' ') || byte == '\x7f'; });
  if (!is_clean) return invalid_input("the address holds an encoded control character");
  return text;
}

Result<std::string> decode_form_part(std::string_view part) {
  std::string text(part);
  std::ranges::replace(text, '+', ' ');
  return decode_part(text);
}

/// Calls `take` for each part of `text` between separators.
template <typename Take>
Status for_each_part(std::string_view text, char separator, const Take& take) {
  while (true) {
    const std::size_t end = text.find(separator);
    RETURN_IF_ERROR(take(text.substr(0, end)));
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
}

bool is_port(std::string_view text) {
  return text.size() <= 5 &&
         std::ranges::all_of(text, [](char digit) { return digit >= '0' && digit <= '9'; });
}

bool is_host_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' ||
         byte == '-' || byte == '_';
}

}  // namespace

Result<RequestTarget> parse_request_target(std::string_view target) {
  if (target.size() > kMaxUrlBytes) {
    return invalid_input(fmt::format("the address is longer than {} bytes", kMaxUrlBytes));
  }
  if (!target.starts_with('/')) return invalid_input("the address does not begin with a slash");
  if (target.contains('#')) return invalid_input("the address has a fragment");
  if (!std::ranges::all_of(target, is_visible)) {
    return invalid_input("the address holds a byte that must be percent-encoded");
  }
  const std::size_t mark = target.find('?');
  RequestTarget parsed;
  RETURN_IF_ERROR(for_each_part(target.substr(1, mark == std::string_view::npos ? mark : mark - 1),
                                '/', [&](std::string_view part) -> Status {
                                  ASSIGN_OR_RETURN(std::string segment, decode_part(part));
                                  parsed.segments.push_back(std::move(segment));
                                  return {};
                                }));
  if (mark == std::string_view::npos) return parsed;
  RETURN_IF_ERROR(for_each_part(target.substr(mark + 1), '&', [&](std::string_view part) -> Status {
    if (part.empty()) return {};
    const std::size_t equals = part.find('=');
    ASSIGN_OR_RETURN(std::string name, decode_form_part(part.substr(0, equals)));
    ASSIGN_OR_RETURN(std::string value,
                     decode_form_part(equals == std::string_view::npos ? std::string_view()
                                                                       : part.substr(equals + 1)));
    parsed.query.emplace_back(std::move(name), std::move(value));
    return {};
  }));
  return parsed;
}

PathPattern::PathPattern(std::string_view pattern) : text_(pattern) {
  auto parsed = parse_request_target(pattern);
  CHECK(parsed && parsed->query.empty(), "a route of ours has no such pattern");
  segments_ = std::move(parsed->segments);
}

std::optional<PathParameters> PathPattern::match(const RequestTarget& target) const {
  if (target.segments.size() != segments_.size()) return std::nullopt;
  PathParameters parameters;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const std::string_view expected = segments_[i];
    const std::string& given = target.segments[i];
    if (expected.starts_with('{')) {
      if (given.empty()) return std::nullopt;
      parameters.emplace_back(expected.substr(1, expected.size() - 2), given);
    } else if (given != expected) {
      return std::nullopt;
    }
  }
  return parameters;
}

std::optional<std::string> host_of_authority(std::string_view authority) {
  std::string host;
  for (const char byte : authority) {
    host += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  }
  std::string port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string::npos) return std::nullopt;
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
    const bool is_address = std::ranges::all_of(host, [](char byte) {
      return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || byte == ':' ||
             byte == '.';
    });
    if (!is_address) return std::nullopt;
  } else {
    const std::size_t colon = host.find(':');
    if (colon != std::string::npos) {
      port = host.substr(colon);
      host.resize(colon);
    }
    if (!std::ranges::all_of(host, is_host_byte)) return std::nullopt;
  }
  if (!port.empty() && (!port.starts_with(':') || !is_port(std::string_view(port).substr(1)))) {
    return std::nullopt;
  }
  if (host.empty()) return std::nullopt;
  return host;
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  std::vector<unsigned> numbers;
  const Status read = for_each_part(host, '.', [&](std::string_view part) -> Status {
    unsigned number = 0;
    const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (failure != std::errc() || end != part.data() + part.size() || number > UINT8_MAX) {
      return invalid_input("no number");
    }
    numbers.push_back(number);
    return {};
  });
  return read && numbers.size() == 4 && numbers.front() == 127;
}

}  // namespace assay::net
