/// \file
/// Absolute addresses, read strictly.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::net {

/// An address longer than this is refused.
inline constexpr std::size_t kMaxUrlBytes = 8192;

enum class UrlScheme { kHttp, kHttps, kGs, kS3, kFile };

std::string_view to_string(UrlScheme scheme);

/// `scheme://host[:port]/path[?query]` of RFC 3986, already percent-encoded. Without user and
/// password, which would end in logs, and without a fragment, which no server sees.
///
/// Held in one form: scheme and host in lower case, a default port left out, an empty path as `/`.
/// Dots in the path stay: object names may hold `..`.
class Url {
 public:
  /// Errors: kInvalidInput; the message gives the reason and position, never the address, which may
  ///         hold a name that must not be shown.
  static Result<Url> parse(std::string_view text);

  UrlScheme scheme() const { return scheme_; }
  /// Without the brackets of an IPv6 address; empty only for `file`.
  std::string_view host() const;
  /// The port given, unless it is the scheme's own.
  std::optional<std::uint16_t> port() const { return port_; }
  /// Port given, or 80 or 443; 0 for schemes without one.
  std::uint16_t effective_port() const;
  /// Begins with `/`.
  std::string_view path() const;
  /// What follows the `?`, if there is one.
  std::optional<std::string_view> query() const;
  /// `https://host:port`
  std::string_view origin() const { return std::string_view(text_).substr(0, origin_size_); }
  /// Path and query, as a request line has them.
  std::string_view target() const { return std::string_view(text_).substr(origin_size_); }
  const std::string& text() const { return text_; }

  /// Whether the host is this machine by its name: localhost, 127.0.0.0/8 or ::1.
  bool is_loopback() const { return is_loopback_; }

  /// The same origin with another path and query; the fast way to many addresses of one host.
  /// Errors: as parse().
  Result<Url> with_target(std::string_view target) const;

  bool operator==(const Url& other) const { return text_ == other.text_; }

 private:
  Url() = default;
  Status read_authority(std::string_view authority);

  std::string text_;
  std::size_t host_start_ = 0;
  std::size_t host_size_ = 0;
  std::size_t origin_size_ = 0;
  UrlScheme scheme_ = UrlScheme::kHttps;
  std::optional<std::uint16_t> port_;
  bool is_loopback_ = false;
};

}  // namespace assay::net
