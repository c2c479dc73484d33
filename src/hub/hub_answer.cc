#include "hub/hub_answer_internal.h"
#include "json/value.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay::hub {
namespace {

constexpr std::size_t kMaxPathSize = 4096;

bool is_git_object(std::string_view text) {
  const auto is_digit = [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
  };
  return (text.size() == 40 || text.size() == 64) && std::ranges::all_of(text, is_digit);
}

/// Nothing stands in a path that would make it another one on a disk, or forge a line of a log.
bool is_path(std::string_view path) {
  const auto is_allowed = [](char letter) {
    return static_cast<unsigned char>(letter) >= 0x20 && letter != 0x7f && letter != '\\';
  };
  if (path.empty() || path.size() > kMaxPathSize || path.front() == '/') return false;
  if (!std::ranges::all_of(path, is_allowed)) return false;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view part = path.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = end + 1;
  }
  return true;
}

Result<HubFile> parse_file(const json::Value& entry) {
  HubFile file;
  ASSIGN_OR_RETURN(file.path, entry.require_text("path"));
  ASSIGN_OR_RETURN(const std::int64_t size, entry.require_integer("size"));
  ASSIGN_OR_RETURN(file.object, entry.require_text("oid"));
  if (!is_path(file.path)) return corrupt("a path that is none");
  if (size < 0) return corrupt("a size below zero");
  if (!is_git_object(file.object)) return corrupt("an oid that is no digest");
  file.size = ByteCount(static_cast<std::uint64_t>(size));
  const json::Value* const large = entry.find("lfs");
  if (large == nullptr || large->is_null()) return file;
  ASSIGN_OR_RETURN(const std::string digest, large->require_text("oid"));
  ASSIGN_OR_RETURN(file.content, Sha256::parse(digest));
  ASSIGN_OR_RETURN(const std::int64_t large_size, large->require_integer("size"));
  if (large_size < 0) return corrupt("a size below zero");
  file.size = ByteCount(static_cast<std::uint64_t>(large_size));
  return file;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::vector<HubFile>> parse_listing(std::string_view json) {
  ASSIGN_OR_RETURN(const json::Value value,
                   json::parse(json, {.max_size = ByteCount(kMaxListingPage)}));
  const json::Value::List* const entries = value.list();
  if (entries == nullptr) {
    return corrupt(fmt::format("expected a list of files, not {}", value.kind_name()));
  }
  std::vector<HubFile> files;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const json::Value& entry = (*entries)[i];
    const json::Value* const type = entry.find("type");
    const std::string* const name = type == nullptr ? nullptr : type->text();
    if (name == nullptr) return corrupt(fmt::format("entry {} has no type", i));
    if (*name != "file") continue;
    auto file = parse_file(entry);
    if (!file) {
      return corrupt(fmt::format("entry {}: {}", i, file.error().message));
    }
    files.push_back(std::move(*file));
  }
  return files;
}

std::optional<std::string> next_page(std::string_view link) {
  while (true) {
    const std::size_t open = link.find('<');
    const std::size_t close = link.find('>', open);
    if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
    const std::string_view address = link.substr(open + 1, close - open - 1);
    link.remove_prefix(close + 1);
    std::string_view parameters = link.substr(0, link.find('<'));
    while (!parameters.empty()) {
      const std::size_t end = std::min(parameters.find_first_of(";,"), parameters.size());
      const std::string_view parameter = trimmed(parameters.substr(0, end));
      if (parameter == "rel=\"next\"" || parameter == "rel=next") return std::string(address);
      parameters.remove_prefix(std::min(end + 1, parameters.size()));
    }
  }
}

Result<net::Url> resolve_reference(const net::Url& base, std::string_view reference) {
  if (reference.starts_with('/') && !reference.starts_with("//")) {
    return base.with_target(reference);
  }
  return net::Url::parse(reference);
}

std::string plain_etag(std::string_view etag) {
  etag = trimmed(etag);
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

bool begins_at(std::string_view content_range, std::uint64_t offset) {
  return trimmed(content_range).starts_with(fmt::format("bytes {}-", offset));
}

}  // namespace assay::hub
