#include "cache/quarantine.h"

#include "core/bytes.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"

#include <fmt/format.h>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

// Long enough for every name there is below it, with what is added.
constexpr std::size_t kMaxNameSize = 150;

fs::path place_of(const CacheLayout& layout, std::string_view name, std::string_view mark) {
  const fs::path file = fs::path(name).filename();
  const std::string extension = file.extension().native().substr(0, 16);
  return layout.quarantine() /
         fmt::format("{}__{}{}", file.stem().native().substr(0, kMaxNameSize), mark, extension);
}

Status write_reason(files::FileSystem& file_system, const fs::path& place, std::string_view origin,
                    std::string_view reason) {
  return files::write_file(file_system, place.native() + ".reason.txt",
                           fmt::format("{}\nfrom {}\n", reason, origin));
}

}  // namespace

Status put_into_quarantine(files::FileSystem& file_system, const CacheLayout& layout,
                           const Quarantined& image) {
  const std::string mark = crypto::sha256(image.bytes).to_hex().substr(0, 16);
  const fs::path place = place_of(layout, image.name, mark);
  ASSIGN_OR_RETURN(const auto present, file_system.info(place));
  if (present) return {};
  RETURN_IF_ERROR(write_reason(file_system, place, image.origin, image.reason));
  return files::write_file(file_system, place, as_text(image.bytes));
}

Status move_into_quarantine(files::FileSystem& file_system, const CacheLayout& layout,
                            const fs::path& path, std::string_view reason) {
  const std::string mark = crypto::sha256(path.native()).to_hex().substr(0, 16);
  const fs::path place = place_of(layout, path.filename().native(), mark);
  RETURN_IF_ERROR(file_system.create_folders(layout.quarantine()));
  RETURN_IF_ERROR(write_reason(file_system, place, path.native(), reason));
  RETURN_IF_ERROR(file_system.rename(path, place));
  RETURN_IF_ERROR(file_system.sync_folder(layout.quarantine()));
  return file_system.sync_folder(path.parent_path());
}

}  // namespace assay::cache
