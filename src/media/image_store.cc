#include "media/image_store.h"

#include "crypto/digest.h"
#include "files/atomic_file.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay::media {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "images";

}  // namespace

Result<std::unique_ptr<ImageStore>> ImageStore::open(files::FileSystem& file_system,
                                                     const fs::path& data_folder) {
  std::unique_ptr<ImageStore> store(new ImageStore(file_system, data_folder));
  const fs::path folder = data_folder / kFolder;
  RETURN_IF_ERROR(file_system.create_folders(folder));
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder));
  for (const auto& name : names) {
    if (files::is_temporary_name(name)) continue;
    ASSIGN_OR_RETURN(const auto info, file_system.info(folder / name));
    if (info && info->kind == files::FileKind::kFile) store->size_ += info->size;
  }
  return store;
}

Result<ImageStore::Present> ImageStore::look(const fs::path& path, const PromptImage& image) {
  ASSIGN_OR_RETURN(const auto info, file_system_->info(path));
  if (!info) return Present::kNothing;
  const ByteCount limit = std::max(info->size, ByteCount(image.bytes.size()));
  ASSIGN_OR_RETURN(const auto content, files::read_file(*file_system_, path, limit));
  if (std::ranges::equal(as_bytes(content), image.bytes)) return Present::kSame;
  const bool is_named_by_hash = crypto::sha256(content).to_hex().starts_with(path.stem().native());
  return is_named_by_hash ? Present::kOther : Present::kDamaged;
}

Result<fs::path> ImageStore::store(const PromptImage& image) {
  const std::scoped_lock guard(mutex_);
  fs::path path = image.file_path();
  ASSIGN_OR_RETURN(Present present, look(data_folder_ / path, image));
  if (present == Present::kOther) {
    path = fs::path(kFolder) / fmt::format("{}.{}", image.hash.to_hex(), image.extension);
    ASSIGN_OR_RETURN(present, look(data_folder_ / path, image));
  }
  if (present == Present::kSame) {
    // A writer that was killed may have left the name without its sync.
    RETURN_IF_ERROR(file_system_->sync_folder(data_folder_ / kFolder));
    return path;
  }
  if (present == Present::kDamaged) {
    ASSIGN_OR_RETURN(const auto info, file_system_->info(data_folder_ / path));
    if (info) size_ = size_ - std::min(info->size, size_);
  }
  RETURN_IF_ERROR(files::write_file(*file_system_, data_folder_ / path, as_text(image.bytes)));
  size_ += ByteCount(image.bytes.size());
  return path;
}

ByteCount ImageStore::size() const {
  const std::scoped_lock guard(mutex_);
  return size_;
}

}  // namespace assay::media
