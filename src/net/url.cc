#include "net/url.h"

#include "net/letter_case_internal.h"

#include <fmt/format.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace assay::net {
namespace {

struct SchemeName {
  UrlScheme scheme;
  std::string_view name;
  std::uint16_t port;
};

constexpr std::array<SchemeName, 5> kSchemes = {{{UrlScheme::kHttp, "http", 80},
                                                 {UrlScheme::kHttps, "https", 443},
                                                 {UrlScheme::kGs, "gs", 0},
                                                 {UrlScheme::kS3, "s3", 0},
                                                 {UrlScheme::kFile, "file", 0}}};

constexpr std::size_t kMaxHostBytes = 253;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// pchar of RFC 3986 without the percent sign, and the slash and question mark between segments.
constexpr std::array<bool, 256> make_target_characters() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view("-._~!$&'()*+,;=:@/?")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}

constexpr std::array<bool, 256> kTargetCharacters = make_target_characters();

Status check_target(std::string_view target) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (kTargetCharacters[static_cast<unsigned char>(target[i])]) continue;
    if (target[i] == '#') {
      return invalid_input("an address with a fragment (#): write %23 if it is part of a name");
    }
    if (target[i] != '%') {
      return invalid_input(
          fmt::format("an address with byte 0x{:02x} at position {} of its path: percent-encode it",
                      static_cast<unsigned char>(target[i]), i));
    }
    if (i + 2 >= target.size() || !is_hex_digit(target[i + 1]) || !is_hex_digit(target[i + 2])) {
      return invalid_input(fmt::format(
          "an address with a % without two hexadecimal digits at position {} of its path", i));
    }
    i += 2;
  }
  return {};
}

Status check_name(std::string_view host) {
  if (host.empty()) return invalid_input("an address without a host");
  if (host.size() > kMaxHostBytes) return invalid_input("an address with a host that is too long");
  char previous = '.';
  for (const char c : host) {
    if (c == '.' && previous == '.') {
      return invalid_input("an address with an empty label in its host");
    }
    if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_' && c != '.') {
      return invalid_input("an address with a character in its host that no host name has");
    }
    previous = c;
  }
  return {};
}

bool names_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  in_addr address{};
  return host.starts_with("127.") && inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint32_t port = 0;
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) {
    return invalid_input("an address whose port is not a number of 1 to 65535");
  }
  for (const char digit : text) port = port * 10 + static_cast<std::uint32_t>(digit - '0');
  if (port == 0 || port > 65535) {
    return invalid_input("an address whose port is not a number of 1 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

std::uint16_t default_port(UrlScheme scheme) {
  return std::ranges::find(kSchemes, scheme, &SchemeName::scheme)->port;
}

}  // namespace

std::string_view to_string(UrlScheme scheme) {
  return std::ranges::find(kSchemes, scheme, &SchemeName::scheme)->name;
}

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrlBytes) {
    return invalid_input(
        fmt::format("an address of {} bytes; at most {} are taken", text.size(), kMaxUrlBytes));
  }
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) {
    return invalid_input("not an absolute address: it has no \"://\"");
  }
  const auto* known = std::ranges::find(kSchemes, lower(text.substr(0, colon)), &SchemeName::name);
  if (known == kSchemes.end()) {
    return invalid_input("an address of unknown kind: http, https, gs, s3 and file are known");
  }
  Url url;
  url.scheme_ = known->scheme;
  url.text_.reserve(text.size() + 1);
  url.text_.append(known->name).append("://");

  const std::string_view rest = text.substr(colon + 3);
  const std::size_t authority_size = std::min(rest.find_first_of("/?#"), rest.size());
  RETURN_IF_ERROR(url.read_authority(rest.substr(0, authority_size)));
  url.origin_size_ = url.text_.size();

  const std::string_view target = rest.substr(authority_size);
  RETURN_IF_ERROR(check_target(target));
  if (!target.starts_with('/')) url.text_.push_back('/');
  url.text_.append(target);
  return url;
}

Status Url::read_authority(std::string_view authority) {
  if (authority.contains('@')) {
    return invalid_input("an address with a user or password: credentials come from files");
  }
  if (scheme_ == UrlScheme::kFile) {
    if (!authority.empty() && lower(authority) != "localhost") {
      return invalid_input("a file address of another machine: write file:///path");
    }
    host_start_ = text_.size();
    return {};
  }
  std::string_view host = authority;
  std::string_view after_host;
  const bool is_ipv6 = authority.starts_with('[');
  if (is_ipv6) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) {
      return invalid_input("an address with a [ that is not closed");
    }
    host = authority.substr(1, bracket - 1);
    after_host = authority.substr(bracket + 1);
    in6_addr address{};
    // inet_pton reads to a NUL, so a NUL within the text would hide what follows it.
    if (host.contains('\0') || inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1) {
      return invalid_input("an address with brackets that hold no IPv6 address");
    }
  } else {
    const std::size_t colon = authority.find(':');
    host = authority.substr(0, colon);
    if (colon != std::string_view::npos) after_host = authority.substr(colon);
    RETURN_IF_ERROR(check_name(host));
  }
  if (!after_host.empty()) {
    const bool takes_port = scheme_ == UrlScheme::kHttp || scheme_ == UrlScheme::kHttps;
    if (!takes_port || after_host.front() != ':') {
      return invalid_input("an address with something after its host that is no port");
    }
    ASSIGN_OR_RETURN(const std::uint16_t port, parse_port(after_host.substr(1)));
    if (port != default_port(scheme_)) port_ = port;
  }
  if (is_ipv6) text_.push_back('[');
  host_start_ = text_.size();
  host_size_ = host.size();
  text_.append(lower(host));
  if (is_ipv6) text_.push_back(']');
  if (port_) fmt::format_to(std::back_inserter(text_), ":{}", *port_);
  is_loopback_ = names_loopback(this->host());
  return {};
}

std::string_view Url::host() const {
  return std::string_view(text_).substr(host_start_, host_size_);
}

std::uint16_t Url::effective_port() const { return port_.value_or(default_port(scheme_)); }

std::string_view Url::path() const { return target().substr(0, target().find('?')); }

std::optional<std::string_view> Url::query() const {
  const std::size_t mark = target().find('?');
  if (mark == std::string_view::npos) return std::nullopt;
  return target().substr(mark + 1);
}

Result<Url> Url::with_target(std::string_view target) const {
  if (origin_size_ + target.size() > kMaxUrlBytes) {
    return invalid_input(fmt::format("an address of {} bytes; at most {} are taken",
                                     origin_size_ + target.size(), kMaxUrlBytes));
  }
  if (!target.starts_with('/')) return invalid_input("a path that does not begin with /");
  RETURN_IF_ERROR(check_target(target));
  Url url;
  url.text_.reserve(origin_size_ + target.size());
  url.text_.append(origin()).append(target);
  url.host_start_ = host_start_;
  url.host_size_ = host_size_;
  url.origin_size_ = origin_size_;
  url.scheme_ = scheme_;
  url.port_ = port_;
  url.is_loopback_ = is_loopback_;
  return url;
}

}  // namespace assay::net
