#include "archives/entry_source.h"

#include "archives/entry_filter_internal.h"
#include "archives/zip_reader.h"
#include "core/check.h"
#include "files/byte_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::archives {
namespace {

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

class ZipSource final : public EntrySource {
 public:
  ZipSource(ZipReader zip, const EntryFilter& filter) : zip_(std::move(zip)) {
    entries_.reserve(zip_.entries().size());
    for (std::size_t k = 0; k < zip_.entries().size(); ++k) {
      const ZipEntry& entry = zip_.entries()[k];
      if (const auto reason = reason_to_leave_out(entry, filter)) {
        ++left_out_.at(static_cast<std::size_t>(*reason));
        continue;
      }
      entries_.push_back(
          {.path = entry.path, .size = entry.size, .verdict = entry.verdict, .crc32 = entry.crc32});
      in_zip_.push_back(static_cast<std::uint32_t>(k));
    }
  }

  SourceKind kind() const override { return SourceKind::kZip; }
  const std::string& name() const override { return zip_.source().name(); }
  std::span<const SourceEntry> entries() const override { return entries_; }
  const LeftOutCounts& left_out() const override { return left_out_; }
  const Sha256& fingerprint() const override { return zip_.fingerprint(); }
  Result<EntryVerdict> read(std::size_t index, std::span<std::byte> into) const override {
    return zip_.read(zip_.entries()[in_zip_[index]], into);
  }

 private:
  static std::optional<LeftOut> reason_to_leave_out(const ZipEntry& entry,
                                                    const EntryFilter& filter) {
    if (entry.verdict == EntryVerdict::kFolder) return LeftOut::kFolder;
    if (const auto reason = filter.reason(entry.path)) return reason;
    const bool is_empty = entry.verdict == EntryVerdict::kOk && entry.size == ByteCount(0);
    return is_empty ? std::optional(LeftOut::kEmpty) : std::nullopt;
  }

  ZipReader zip_;
  std::vector<SourceEntry> entries_;
  std::vector<std::uint32_t> in_zip_;  // for each entry, its index there
  LeftOutCounts left_out_{};
};

}  // namespace

EntryFilter::EntryFilter(const std::vector<std::string>& extensions) {
  for (const std::string& extension : extensions) extensions_.push_back(in_lower_case(extension));
}

bool EntryFilter::has_extension(std::string_view path) const {
  return extensions_.empty() || std::ranges::any_of(extensions_, [&](std::string_view extension) {
           return path.size() > extension.size() &&
                  in_lower_case(path.substr(path.size() - extension.size())) == extension;
         });
}

std::optional<LeftOut> EntryFilter::reason_of_place(std::string_view path) {
  std::optional<LeftOut> found;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part == "__MACOSX") return LeftOut::kMacResource;
    if (!part.starts_with('.') || part == "." || part == "..") continue;
    const bool is_double = path.empty() && part.starts_with("._");
    if (!found) found = is_double ? LeftOut::kAppleDouble : LeftOut::kHidden;
  }
  return found;
}

std::optional<LeftOut> EntryFilter::reason(std::string_view path) const {
  if (const auto reason = reason_of_place(path)) return reason;
  return has_extension(path) ? std::nullopt : std::optional(LeftOut::kOtherExtension);
}

std::string_view to_string(LeftOut reason) {
  switch (reason) {
    case LeftOut::kFolder:
      return "folder";
    case LeftOut::kMacResource:
      return "mac_resource";
    case LeftOut::kAppleDouble:
      return "apple_double";
    case LeftOut::kHidden:
      return "hidden";
    case LeftOut::kOtherExtension:
      return "other_extension";
    case LeftOut::kEmpty:
      return "empty";
  }
  CHECK(false, "no reason to leave an entry out");
}

Result<std::unique_ptr<EntrySource>> open_entry_source(files::FileSystem& file_system,
                                                       const std::filesystem::path& path,
                                                       const EntrySourceOptions& options) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) {
    return not_found(fmt::format("{}: there is no such zip or folder", path.native()));
  }
  if (info->kind == files::FileKind::kFolder) {
    return open_folder_source(file_system, path, options);
  }
  ASSIGN_OR_RETURN(auto bytes, files::open_byte_source(file_system, path));
  ASSIGN_OR_RETURN(ZipReader zip, ZipReader::open(std::move(bytes), options.limits));
  return std::make_unique<ZipSource>(std::move(zip), EntryFilter(options.extensions));
}

}  // namespace assay::archives
