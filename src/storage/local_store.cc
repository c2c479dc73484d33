#include "files/atomic_file.h"
#include "files/file_system.h"
#include "storage/open_store.h"

#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

namespace assay::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLocalPageSize = 1000;

class LocalStore final : public ObjectStore {
 public:
  LocalStore(files::FileSystem& file_system, fs::path root)
      : file_system_(&file_system), root_(std::move(root)), name_(root_.native()) {}

  const std::string& name() const override { return name_; }

  Result<std::unique_ptr<files::ByteSource>> open(std::string_view key) override {
    RETURN_IF_ERROR(check_object_key(key));
    auto source = files::open_byte_source(*file_system_, root_ / key);
    // A folder is no object.
    if (!source && source.error().code == ErrorCode::kInvalidInput) {
      return not_found(std::move(source.error().message));
    }
    return source;
  }

  Result<std::optional<ObjectInfo>> info(std::string_view key) override {
    RETURN_IF_ERROR(check_object_key(key));
    ASSIGN_OR_RETURN(const auto info, file_system_->info(root_ / key));
    if (!info || info->kind != files::FileKind::kFile) return std::optional<ObjectInfo>();
    return std::optional(
        ObjectInfo{.key = std::string(key), .size = info->size, .modified = info->modified});
  }

  Status list(std::string_view prefix, const OnPage& on_page, std::stop_token stop) override {
    const std::size_t slash = prefix.rfind('/');
    const std::string_view folder = slash == std::string_view::npos ? "" : prefix.substr(0, slash);
    if (!folder.empty()) RETURN_IF_ERROR(check_object_key(folder));
    Listing listing{
        .prefix = prefix, .on_page = &on_page, .stop = std::move(stop), .page = {}, .above = {}};
    RETURN_IF_ERROR(list_folder(std::string(folder), listing));
    if (listing.page.empty()) return {};
    return on_page(listing.page);
  }

  Status put(std::string_view key, std::span<const std::byte> content) override {
    RETURN_IF_ERROR(check_object_key(key));
    return files::write_file(*file_system_, root_ / key, as_text(content));
  }

  Status remove(std::string_view key) override {
    RETURN_IF_ERROR(check_object_key(key));
    ASSIGN_OR_RETURN(const auto info, file_system_->info(root_ / key));
    if (!info || info->kind != files::FileKind::kFile) return {};
    RETURN_IF_ERROR(file_system_->remove(root_ / key));
    return file_system_->sync_folder((root_ / key).parent_path());
  }

 private:
  struct Listing {
    std::string_view prefix;
    const OnPage* on_page;
    std::stop_token stop;
    std::vector<ObjectInfo> page;
    std::set<std::string> above;  // folders on the way, links followed: no circle is gone twice
  };

  // `folder` without a slash at its end; empty for the root.
  Status list_folder(const std::string& folder, Listing& listing) const {
    const fs::path path = folder.empty() ? root_ : root_ / folder;
    ASSIGN_OR_RETURN(const auto present, file_system_->info(path));
    if (!present || present->kind != files::FileKind::kFolder) return {};
    ASSIGN_OR_RETURN(const fs::path resolved, file_system_->resolve(path));
    const auto [self, is_new] = listing.above.insert(resolved.native());
    if (!is_new) return {};
    ASSIGN_OR_RETURN(const auto names, file_system_->list(path));
    for (const std::string& name : names) {
      if (listing.stop.stop_requested()) return cancelled(fmt::format("list {}: stopped", name_));
      if (files::is_temporary_name(name)) continue;
      std::string key = folder.empty() ? name : fmt::format("{}/{}", folder, name);
      if (!key.starts_with(listing.prefix) && !listing.prefix.starts_with(key + "/")) continue;
      ASSIGN_OR_RETURN(const auto info, file_system_->info(root_ / key));
      if (!info) continue;  // removed meanwhile, or a link that leads nowhere
      if (info->kind == files::FileKind::kFolder) {
        RETURN_IF_ERROR(list_folder(key, listing));
      } else if (info->kind == files::FileKind::kFile && key.starts_with(listing.prefix)) {
        listing.page.push_back(
            {.key = std::move(key), .size = info->size, .modified = info->modified});
        if (listing.page.size() < kLocalPageSize) continue;
        RETURN_IF_ERROR((*listing.on_page)(listing.page));
        listing.page.clear();
      }
    }
    listing.above.erase(self);
    return {};
  }

  files::FileSystem* file_system_;
  fs::path root_;
  std::string name_;
};

}  // namespace

std::unique_ptr<ObjectStore> open_local_store(files::FileSystem& file_system, fs::path root) {
  return std::make_unique<LocalStore>(file_system, std::move(root));
}

}  // namespace assay::storage
