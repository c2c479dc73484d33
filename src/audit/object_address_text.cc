#include "audit/object_address_text.h"

#include "audit/image_rule.h"
#include "net/percent.h"

#include <utility>

namespace assay::audit {
namespace {

using storage::AddressScheme;

// The start of the character that ends before `end`.
std::size_t previous_character(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while (at > 0 && end - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
  return at;
}

std::size_t character_length(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && length < 4 &&
         (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
    ++length;
  }
  return length;
}

std::optional<ClaimedAddress> bucket_address(AddressScheme scheme, std::string_view rest) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view bucket = stripped(rest.substr(0, slash));
  const std::string_view name = stripped(rest.substr(slash + 1));
  if (bucket.empty() || name.empty()) return std::nullopt;
  return ClaimedAddress{scheme, std::string(bucket), std::string(name)};
}

// Addresses in exports hold blanks and letters that a URL must not: those are encoded, and what is
// encoded already stays.
std::string as_target(std::string_view text) {
  constexpr std::string_view kRefused = " \"<>\\^`{|}";
  std::string target;
  for (const char c : text) {
    const bool is_plain = c > 0x20 && c < 0x7f && !kRefused.contains(c);
    if (is_plain) {
      target += c;
    } else {
      net::append_percent_encoded(target, std::string_view(&c, 1));
    }
  }
  return target;
}

std::optional<ClaimedAddress> web_address(AddressScheme scheme, std::string_view rest) {
  rest = stripped(rest.substr(0, rest.find('#')));
  const std::size_t slash = rest.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == rest.size())
    return std::nullopt;
  return ClaimedAddress{scheme, std::string(rest.substr(0, slash)), as_target(rest.substr(slash))};
}

std::optional<ClaimedAddress> file_address(std::string_view rest) {
  if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
  auto path = net::percent_decode(stripped(rest));
  if (!path || !path->starts_with('/') || path->contains('\0')) return std::nullopt;
  return ClaimedAddress{AddressScheme::kFile, "", *std::move(path)};
}

std::optional<ClaimedAddress> path_address(std::string_view text,
                                           const std::filesystem::path& root) {
  text = stripped(text);
  if (text.empty() || text.contains('\0')) return std::nullopt;
  const std::filesystem::path relative =
      std::filesystem::path(text).relative_path().lexically_normal();
  if (relative.empty() || relative == "." || *relative.begin() == "..") return std::nullopt;
  return ClaimedAddress{AddressScheme::kFile, "", (root / relative).string()};
}

}  // namespace

std::string_view stripped(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (!is_blank(text.substr(0, length))) break;
    text.remove_prefix(length);
  }
  while (!text.empty()) {
    const std::size_t start = previous_character(text, text.size());
    if (!is_blank(text.substr(start))) break;
    text = text.substr(0, start);
  }
  return text;
}

std::optional<ClaimedAddress> claimed_address(std::string_view image_uri, const ClaimRules& rules) {
  const auto after = [&](std::string_view prefix) { return image_uri.substr(prefix.size()); };
  if (image_uri.starts_with("gs://")) return bucket_address(AddressScheme::kGcs, after("gs://"));
  if (image_uri.starts_with("s3://")) return bucket_address(AddressScheme::kS3, after("s3://"));
  if (image_uri.starts_with("https://"))
    return web_address(AddressScheme::kHttps, after("https://"));
  if (image_uri.starts_with("http://")) {
    if (rules.plain_http == ClaimRules::PlainHttp::kIgnore) return std::nullopt;
    return web_address(AddressScheme::kHttp, after("http://"));
  }
  if (image_uri.starts_with("file://")) return file_address(after("file://"));
  if (rules.root.empty() || image_uri.contains("://")) return std::nullopt;
  return path_address(image_uri, rules.root);
}

}  // namespace assay::audit
