#include "storage/open_store.h"

#include "storage/s3_library_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace assay::storage {
namespace {

namespace fs = std::filesystem;

// What both S3 and GCS allow, and GCS's dots and underscores.
bool is_bucket_name(std::string_view name) {
  constexpr std::size_t kMaxBucketName = 222;
  return !name.empty() && name.size() <= kMaxBucketName &&
         std::ranges::all_of(name, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

std::optional<std::string> percent_decoded(std::string_view text) {
  const auto value_of = [](char digit) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    return kDigits.find(static_cast<char>(std::tolower(static_cast<unsigned char>(digit))));
  };
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const std::size_t high = value_of(text[i + 1]);
    const std::size_t low = value_of(text[i + 2]);
    if (high > 15 || low > 15 || high + low == 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

Result<StoreAddress> parse_file_address(std::string_view rest) {
  if (rest.starts_with("localhost/")) rest.remove_prefix(9);
  if (!rest.starts_with('/')) {
    return invalid_input("a file:// address has no host: write file:///absolute/path");
  }
  auto path = percent_decoded(rest);
  if (!path) return invalid_input("a file:// address with a percent sign that encodes nothing");
  return StoreAddress{.kind = StoreKind::kLocal, .bucket = {}, .key = std::move(*path)};
}

Result<OpenedStore> open_local_address(files::FileSystem& file_system, const std::string& text) {
  const fs::path path = text;
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  const bool is_folder = info && info->kind == files::FileKind::kFolder;
  if (is_folder || !path.has_filename()) {
    return OpenedStore{.store = open_local_store(file_system, path), .key = {}};
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  return OpenedStore{.store = open_local_store(file_system, folder), .key = path.filename()};
}

}  // namespace

Result<StoreAddress> parse_store_address(std::string_view text) {
  if (text.empty()) return invalid_input("an address or path is empty");
  const std::size_t split = text.find("://");
  if (split == std::string_view::npos) {
    return StoreAddress{.kind = StoreKind::kLocal, .bucket = {}, .key = std::string(text)};
  }
  const std::string_view scheme = text.substr(0, split);
  const std::string_view rest = text.substr(split + 3);
  if (scheme == "file") return parse_file_address(rest);
  if (scheme != "s3" && scheme != "gs") {
    // The scheme alone: what follows may hold a password.
    return invalid_input(
        fmt::format("{}:// is none of s3://, gs:// and file://", text.substr(0, split)));
  }
  const std::string_view bucket = rest.substr(0, rest.find('/'));
  if (bucket.contains('@')) {
    // The address stays out of the message: somebody put a password there.
    return invalid_input(fmt::format(
        "a {}:// address with a user name; keys come from the environment or a file, never from an "
        "address",
        scheme));
  }
  if (!is_bucket_name(bucket)) {
    return invalid_input(fmt::format(
        "a {}:// address without a proper bucket name; write {}://BUCKET/KEY", scheme, scheme));
  }
  std::string key(rest.substr(std::min(bucket.size() + 1, rest.size())));
  return StoreAddress{.kind = scheme == "s3" ? StoreKind::kS3 : StoreKind::kGcs,
                      .bucket = std::string(bucket),
                      .key = std::move(key)};
}

Result<OpenedStore> open_object_store(files::FileSystem& file_system, std::string_view address,
                                      const Credentials& credentials, const StoreOptions& options) {
  ASSIGN_OR_RETURN(StoreAddress parsed, parse_store_address(address));
  if (parsed.kind == StoreKind::kLocal) return open_local_address(file_system, parsed.key);
  OpenedStore opened{.store = nullptr, .key = std::move(parsed.key)};
  if (parsed.kind == StoreKind::kS3) {
    if (!credentials.aws) return credentials.aws.error();
    ASSIGN_OR_RETURN(opened.store,
                     open_s3_store(std::move(parsed.bucket), *credentials.aws, options));
  } else {
    if (!credentials.gcs) return credentials.gcs.error();
    ASSIGN_OR_RETURN(opened.store,
                     open_gcs_store(std::move(parsed.bucket), *credentials.gcs, options));
  }
  return opened;
}

void shut_down_storage() { shut_down_s3_library(); }

}  // namespace assay::storage
