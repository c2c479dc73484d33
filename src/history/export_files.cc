#include "core/bytes.h"
#include "files/atomic_file.h"
#include "history/export_files_internal.h"

#include <cstdint>
#include <span>
#include <string>

namespace assay::history {
namespace {

namespace fs = std::filesystem;
using records::RecordField;

constexpr std::size_t kCopyPieceSize = std::size_t{1} << 20;

Status copy_file(files::FileSystem& file_system, const fs::path& from, const fs::path& to) {
  ASSIGN_OR_RETURN(const auto source, file_system.open(from, files::OpenMode::kRead));
  ASSIGN_OR_RETURN(auto target, files::AtomicFile::create(file_system, to));
  std::string piece(kCopyPieceSize, '\0');
  for (std::uint64_t offset = 0;;) {
    ASSIGN_OR_RETURN(const std::size_t size,
                     source->read_at(offset, std::as_writable_bytes(std::span(piece))));
    if (size == 0) return target.commit();
    RETURN_IF_ERROR(target.write(std::string_view(piece).substr(0, size)));
    offset += size;
  }
}

}  // namespace

std::vector<std::string_view> named_files(const records::RecordView& record) {
  std::vector<std::string_view> named;
  for (const RecordField field : {RecordField::kImageFilePath, RecordField::kPlyFilePath}) {
    const std::string_view path = text_of(record[field]);
    if (!path.empty()) named.push_back(path);
  }
  return named;
}

std::optional<fs::path> inner_path(std::string_view named) {
  // The system takes no such byte, and would see a shorter path.
  if (named.contains('\0')) return std::nullopt;
  const fs::path path(named);
  if (path.is_absolute() || !path.has_filename()) return std::nullopt;
  for (const fs::path& part : path) {
    if (part == "..") return std::nullopt;
  }
  return path.lexically_normal();
}

Status copy_files(ExportContext& context, std::span<const std::string> named_files,
                  const fs::path& target) {
  for (const std::string& named : named_files) {
    const auto path = inner_path(named);
    if (!path) {
      ++context.copied.num_missing;
      continue;
    }
    ASSIGN_OR_RETURN(const auto source, context.file_system.info(context.data_folder / *path));
    if (!source || source->kind != files::FileKind::kFile) {
      ++context.copied.num_missing;
      continue;
    }
    ASSIGN_OR_RETURN(const auto present, context.file_system.info(target / *path));
    if (present && present->kind == files::FileKind::kFile && present->size == source->size) {
      ++context.copied.num_present;
      continue;
    }
    const Status copied =
        copy_file(context.file_system, context.data_folder / *path, target / *path);
    if (!copied && copied.error().code != ErrorCode::kNotFound) return copied;
    // Pruned between the look and the copy.
    ++(copied ? context.copied.num_written : context.copied.num_missing);
  }
  return {};
}

}  // namespace assay::history
