#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "history/import_internal.h"
#include "history/named_files_internal.h"
#include "record_files/line_reader.h"
#include "storage/object_store.h"

#include <fmt/format.h>

#include <utility>

namespace assay::history {
namespace {

using record_files::hash_of_line;
using record_files::read_blocks;

namespace fs = std::filesystem;

/// Where a recorder puts such files, whatever a record says.
bool is_safe(std::string_view path) {
  return storage::check_object_key(path).has_value() &&
         (path.starts_with("images/") || path.starts_with("ply_files/"));
}

}  // namespace

NamedFileImport::NamedFileImport(files::FileSystem& file_system, const fs::path& from,
                                 const fs::path& folder, const ImportOptions& options,
                                 const std::stop_token& stop, ImportReport& report)
    : file_system_(file_system),
      from_(from),
      folder_(folder),
      options_(options),
      stop_(stop),
      report_(report) {}

Status NamedFileImport::begin() {
  return read_pruned_files(
      file_system_, folder_, [&](const std::string& path) { pruned_.insert(path); }, stop_);
}

void NamedFileImport::tell(NotTakenKind kind, const std::string& path, std::string detail) {
  add_not_taken(report_, options_, {.kind = kind, .path = path, .detail = std::move(detail)});
}

Status NamedFileImport::take(const std::string& path, const std::string& hash,
                             const std::string& id, Naming naming) {
  if (path.empty()) return {};
  const std::string key =
      fmt::format("{}\n{}\n{}", path, hash, naming == Naming::kNew ? "new" : "present");
  if (!seen_.insert(hash_of_line(key)).second) return {};
  if (!is_safe(path)) {
    if (naming == Naming::kNew) tell(NotTakenKind::kUnsafePath, path, id);
    return {};
  }
  ASSIGN_OR_RETURN(const auto here, file_system_.info(folder_ / path));
  if (here) {
    if (naming == Naming::kNew) return check_present(path, hash, id);
    ++report_.num_files_present;
    return {};
  }
  if (naming == Naming::kPresent && pruned_.contains(path)) return {};
  const auto there = file_system_.info(from_ / path);
  if (!there) {
    tell(NotTakenKind::kUnreadable, path, there.error().message);
    return {};
  }
  if (!*there || (*there)->kind != files::FileKind::kFile) {
    // Of a record that was here before, doctor tells it.
    if (naming == Naming::kNew) tell(NotTakenKind::kMissingFile, path, id);
    return {};
  }
  return copy(path, hash, id);
}

Status NamedFileImport::check_present(const std::string& path, const std::string& hash,
                                      const std::string& id) {
  const auto found = match_content(file_system_, folder_ / path, hash, stop_);
  if (!found) {
    if (found.error().code == ErrorCode::kCancelled) return Error(found.error());
    tell(NotTakenKind::kOtherFile, path, found.error().message);
    return {};
  }
  if (*found == ContentMatch::kOther) {
    tell(NotTakenKind::kOtherFile, path, id);
    return {};
  }
  ++report_.num_files_present;
  return {};
}

Status NamedFileImport::copy(const std::string& path, const std::string& hash,
                             const std::string& id) {
  std::optional<files::AtomicFile> file;
  if (options_.mode == RunMode::kReal) {
    ASSIGN_OR_RETURN(auto created, files::AtomicFile::create(file_system_, folder_ / path));
    file.emplace(std::move(created));
  }
  crypto::Sha256Hasher hasher;
  Status written;
  const auto read = read_blocks(
      file_system_, from_ / path,
      [&](std::span<const std::byte> block) -> Status {
        hasher.update(block);
        if (file) written = file->write(as_text(block));
        return written;
      },
      stop_);
  RETURN_IF_ERROR(written);
  if (!read) {
    if (read.error().code == ErrorCode::kCancelled) return Error(read.error());
    tell(NotTakenKind::kUnreadable, path, read.error().message);
    return {};
  }
  const ContentMatch found = match_hash(hasher.finish(), hash);
  if (found == ContentMatch::kOther) {
    tell(NotTakenKind::kWrongContent, path, id);
    return {};
  }
  if (file) RETURN_IF_ERROR(file->commit());
  ++report_.num_files_copied;
  if (found == ContentMatch::kUnknown) ++report_.num_files_unverified;
  report_.size_copied += *read;
  return {};
}

}  // namespace assay::history
