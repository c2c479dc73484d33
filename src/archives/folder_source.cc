#include "archives/entry_filter_internal.h"
#include "core/check.h"
#include "crypto/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::archives {
namespace {

namespace fs = std::filesystem;
using files::FileInfo;
using files::FileKind;

// What only this file or folder cannot do; anything else is the source's trouble.
bool is_of_one_file(const Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kDenied ||
         error.code == ErrorCode::kInvalidInput;
}

/// Goes through a folder without recursion, so that no nesting is too deep.
class FolderWalk {
 public:
  FolderWalk(files::FileSystem& file_system, fs::path root, const EntrySourceOptions& options)
      : file_system_(file_system),
        root_(std::move(root)),
        filter_(options.extensions),
        limits_(options.limits) {}

  Result<std::vector<SourceEntry>> walk() {
    // The folder itself must be there; below it one that is not costs what is in it.
    ASSIGN_OR_RETURN(auto names, file_system_.list(root_));
    RETURN_IF_ERROR(take(std::string(), names));
    while (!pending_.empty()) {
      const std::string folder = std::move(pending_.back());
      pending_.pop_back();
      auto listed = file_system_.list(root_ / folder);
      if (listed) {
        RETURN_IF_ERROR(take(folder + "/", *listed));
      } else if (is_of_one_file(listed.error())) {
        add({.path = folder, .verdict = EntryVerdict::kUnreadable}, Timestamp());
      } else {
        return Error(std::move(listed.error()));
      }
    }
    return finish();
  }

  const LeftOutCounts& left_out() const { return left_out_; }
  Sha256 fingerprint() const { return fingerprint_; }

 private:
  struct Found {
    SourceEntry entry;
    Timestamp modified;
  };

  void add(SourceEntry entry, Timestamp modified) {
    found_.push_back({.entry = std::move(entry), .modified = modified});
  }
  void leave_out(LeftOut reason) { ++left_out_.at(static_cast<std::size_t>(reason)); }

  Status take(const std::string& prefix, const std::vector<std::string>& names) {
    for (const std::string& name : names) RETURN_IF_ERROR(take_one(prefix + name));
    return {};
  }

  Status take_one(std::string path) {
    if (const auto reason = EntryFilter::reason_of_place(path)) {
      leave_out(*reason);
      return {};
    }
    auto info = file_system_.info_unfollowed(root_ / path);
    if (!info && !is_of_one_file(info.error())) return Error(std::move(info.error()));
    if (info && *info && (*info)->kind == FileKind::kFolder) {
      pending_.push_back(std::move(path));
      return {};
    }
    if (const auto reason = filter_.reason(path)) {
      leave_out(*reason);
    } else if (!info || !*info) {
      add({.path = std::move(path), .verdict = EntryVerdict::kUnreadable}, Timestamp());
    } else if ((*info)->kind == FileKind::kFile && (*info)->size == ByteCount(0)) {
      leave_out(LeftOut::kEmpty);
    } else {
      add({.path = std::move(path), .size = (*info)->size, .verdict = verdict_of(**info)},
          (*info)->modified);
    }
    return {};
  }

  EntryVerdict verdict_of(const FileInfo& info) const {
    if (info.kind == FileKind::kLink) return EntryVerdict::kLink;
    if (info.kind != FileKind::kFile) return EntryVerdict::kDevice;
    return info.size > limits_.max_entry_size ? EntryVerdict::kTooLarge : EntryVerdict::kOk;
  }

  std::vector<SourceEntry> finish() {
    std::ranges::sort(found_, {},
                      [](const Found& found) -> const std::string& { return found.entry.path; });
    std::vector<SourceEntry> entries;
    entries.reserve(found_.size());
    crypto::Sha256Hasher hasher;
    for (Found& found : found_) {
      // A path ends where a zero byte is, which it cannot hold.
      hasher.update(fmt::format("{}{}{} {} {}\n", found.entry.path, '\0', found.entry.size.count(),
                                to_string(found.entry.verdict),
                                found.modified.time_since_epoch().count()));
      entries.push_back(std::move(found.entry));
    }
    fingerprint_ = hasher.finish();
    return entries;
  }

  files::FileSystem& file_system_;
  fs::path root_;
  EntryFilter filter_;
  EntryLimits limits_;
  std::vector<std::string> pending_;
  std::vector<Found> found_;
  LeftOutCounts left_out_{};
  Sha256 fingerprint_{Sha256::Bytes{}};
};

class FolderSource final : public EntrySource {
 public:
  FolderSource(files::FileSystem& file_system, fs::path root, std::vector<SourceEntry> entries,
               const LeftOutCounts& left_out, const Sha256& fingerprint)
      : file_system_(file_system),
        root_(std::move(root)),
        name_(root_.native()),
        entries_(std::move(entries)),
        left_out_(left_out),
        fingerprint_(fingerprint) {}

  SourceKind kind() const override { return SourceKind::kFolder; }
  const std::string& name() const override { return name_; }
  std::span<const SourceEntry> entries() const override { return entries_; }
  const LeftOutCounts& left_out() const override { return left_out_; }
  const Sha256& fingerprint() const override { return fingerprint_; }

  Result<EntryVerdict> read(std::size_t index, std::span<std::byte> into) const override {
    const SourceEntry& entry = entries_[index];
    if (entry.verdict != EntryVerdict::kOk) return entry.verdict;
    CHECK(into.size() == entry.size.count(), "the buffer has another size than the entry");
    auto file = file_system_.open(root_ / entry.path, files::OpenMode::kRead);
    if (!file && is_of_one_file(file.error())) return EntryVerdict::kUnreadable;
    if (!file) return Error(std::move(file.error()));
    ASSIGN_OR_RETURN(const ByteCount size, (*file)->size());
    if (size != entry.size) return EntryVerdict::kChanged;
    ASSIGN_OR_RETURN(const std::size_t num_read, (*file)->read_at(0, into));
    return num_read == into.size() ? EntryVerdict::kOk : EntryVerdict::kChanged;
  }

 private:
  files::FileSystem& file_system_;
  fs::path root_;
  std::string name_;
  std::vector<SourceEntry> entries_;
  LeftOutCounts left_out_;
  Sha256 fingerprint_;
};

}  // namespace

Result<std::unique_ptr<EntrySource>> open_folder_source(files::FileSystem& file_system,
                                                        const fs::path& folder,
                                                        const EntrySourceOptions& options) {
  FolderWalk walk(file_system, folder, options);
  ASSIGN_OR_RETURN(auto entries, walk.walk());
  return std::make_unique<FolderSource>(file_system, folder, std::move(entries), walk.left_out(),
                                        walk.fingerprint());
}

}  // namespace assay::archives
