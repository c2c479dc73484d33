#include "cache/publish.h"

#include "cache/layout.h"
#include "files/batch_sync.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = ".incoming";

std::string incoming_name(std::string_view name) { return fmt::format(".{}{}", name, kMark); }

std::string final_name(std::string_view incoming) {
  return std::string(incoming.substr(1, incoming.size() - 1 - kMark.size()));
}

/// A sidecar that lost its image would vouch for a half of the one to come: it goes first.
Status remove_old_sidecars(files::FileSystem& file_system, const fs::path& folder,
                           std::span<const NewFile> files) {
  bool is_changed = false;
  for (const NewFile& file : files) {
    const fs::path sidecar = folder / sidecar_name(file.name);
    ASSIGN_OR_RETURN(const auto present, file_system.info(sidecar));
    if (!present) continue;
    RETURN_IF_ERROR(file_system.remove(sidecar));
    is_changed = true;
  }
  return is_changed ? file_system.sync_folder(folder) : Status();
}

Status write_all(files::FileSystem& file_system, const fs::path& folder,
                 std::span<const NewFile> files) {
  RETURN_IF_ERROR(remove_old_sidecars(file_system, folder, files));
  ASSIGN_OR_RETURN(files::BatchSync batch, files::BatchSync::begin(file_system, folder));
  for (const NewFile& file : files) {
    // One that was killed may have left its half here; it is written over.
    RETURN_IF_ERROR(batch.write(folder / incoming_name(file.name), file.image));
    RETURN_IF_ERROR(
        batch.write(folder / incoming_name(sidecar_name(file.name)), as_bytes(file.sidecar)));
  }
  RETURN_IF_ERROR(batch.sync());
  // Each step is on disk before the next begins: a power cut keeps the order too, and no image has
  // its name while its sidecar has not.
  RETURN_IF_ERROR(file_system.sync_folder(folder));
  for (const NewFile& file : files) {
    const std::string name = sidecar_name(file.name);
    RETURN_IF_ERROR(file_system.rename(folder / incoming_name(name), folder / name));
  }
  RETURN_IF_ERROR(file_system.sync_folder(folder));
  for (const NewFile& file : files) {
    RETURN_IF_ERROR(file_system.rename(folder / incoming_name(file.name), folder / file.name));
  }
  return file_system.sync_folder(folder);
}

}  // namespace

bool is_incoming_name(std::string_view name) {
  return name.starts_with('.') && name.ends_with(kMark) && name.size() > kMark.size() + 1;
}

Status publish(files::FileSystem& file_system, const fs::path& folder,
               std::span<const NewFile> files) {
  RETURN_IF_ERROR(file_system.create_folders(folder));
  Status done = write_all(file_system, folder, files);
  if (done) return done;
  std::vector<std::string> names;
  for (const NewFile& file : files) {
    names.push_back(incoming_name(file.name));
    names.push_back(incoming_name(sidecar_name(file.name)));
  }
  // If this fails too, the next writer does it.
  static_cast<void>(finish_publishing(file_system, folder, names));
  return done;
}

Result<FinishedPublishing> finish_publishing(files::FileSystem& file_system, const fs::path& folder,
                                             std::span<const std::string> names) {
  FinishedPublishing result;
  bool is_changed = false;
  for (const std::string& incoming : names) {
    if (!is_incoming_name(incoming)) continue;
    ASSIGN_OR_RETURN(const auto present, file_system.info(folder / incoming));
    if (!present) continue;
    is_changed = true;
    const std::string name = final_name(incoming);
    ASSIGN_OR_RETURN(const auto sidecar, file_system.info(folder / sidecar_name(name)));
    // Names are given only when all contents are on disk, and none of before is left by then: with
    // its sidecar there, it is whole.
    if (is_image_name(name) && sidecar) {
      RETURN_IF_ERROR(file_system.rename(folder / incoming, folder / name));
      ++result.num_completed;
    } else {
      RETURN_IF_ERROR(file_system.remove(folder / incoming));
      result.num_taken_back += is_image_name(name) ? 1 : 0;
    }
  }
  if (is_changed) RETURN_IF_ERROR(file_system.sync_folder(folder));
  return result;
}

}  // namespace assay::cache
