#include "files/new_file.h"

#include "core/bytes.h"

#include <fmt/format.h>

#include <utility>

namespace assay::files {
namespace {

namespace fs = std::filesystem;

Status write_and_link(FileSystem& file_system, File& file, const fs::path& temporary,
                      const fs::path& target, std::string_view content) {
  RETURN_IF_ERROR(file.append(as_bytes(content)));
  RETURN_IF_ERROR(file.sync());
  return file_system.link(temporary, target);
}

}  // namespace

Status create_file(FileSystem& file_system, const fs::path& target, std::string_view content,
                   FileReaders readers, RandomSource& random) {
  ASSIGN_OR_RETURN(const auto present, file_system.info_unfollowed(target));
  if (present) {
    return invalid_input(
        fmt::format("{} exists already and is never overwritten: move it away, or choose another "
                    "name",
                    target.native()));
  }
  const fs::path folder = target.parent_path();
  RETURN_IF_ERROR(file_system.create_folders(folder));
  // Nobody else writes to a name of 64 random bits, so it needs no lock.
  const fs::path temporary =
      folder / fmt::format(".{}.tmp-{}", target.filename().native(), random.next());
  ASSIGN_OR_RETURN(const auto file, file_system.open(temporary, readers == FileReaders::kOwnerOnly
                                                                    ? OpenMode::kCreateSecret
                                                                    : OpenMode::kCreateNew));
  // A link refuses where a rename would replace.
  auto written = write_and_link(file_system, *file, temporary, target, content);
  auto removed = file_system.remove(temporary);
  if (!written) return std::move(written.error()).within("cannot make " + target.string());
  RETURN_IF_ERROR(removed);
  return file_system.sync_folder(folder);
}

}  // namespace assay::files
