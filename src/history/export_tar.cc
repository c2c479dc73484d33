#include "archives/tar_writer.h"
#include "core/bytes.h"
#include "history/export_files_internal.h"
#include "history/export_sink_internal.h"
#include "media/ply_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

namespace fs = std::filesystem;
using records::RecordField;

constexpr std::size_t kPieceSize = std::size_t{1} << 20;

// Readers take what follows the first dot of a name for its ending, so a key has none.
std::string key_of(const records::RecordView& record) {
  std::string key = media::file_stem_of(text_of(record[RecordField::kGenerationId]));
  std::ranges::replace(key, '.', '_');
  return key;
}

// The parts of a sample stand side by side and differ in their endings alone.
class Tar final : public ExportSink {
 public:
  Tar(ExportContext& context, archives::TarWriter writer)
      : context_(&context), writer_(std::move(writer)) {}

  Status add(const ExportRecord& record, unsigned /*worker*/) override {
    line_.clear();
    RETURN_IF_ERROR(context_->text.append_line(line_, record));
    const std::string key = key_of(record.record);
    RETURN_IF_ERROR(writer_.add(key + ".json", line_));
    std::set<std::string> names = {key + ".json"};
    for (const std::string_view named : named_files(record)) {
      const auto path = inner_path(named);
      const std::string name = key + (path ? path->extension().native() : "");
      // Two of one ending would be one part of the sample.
      const bool can_be_part = path && path->has_extension() && names.insert(name).second;
      if (!can_be_part) {
        ++context_->files.num_missing;
        continue;
      }
      RETURN_IF_ERROR(add_file(name, context_->data_folder / *path));
    }
    return {};
  }

  Status finish() override { return writer_.finish(); }

 private:
  Status add_file(const std::string& name, const fs::path& path) {
    const auto file = context_->file_system.open(path, files::OpenMode::kRead);
    if (!file) {
      const ErrorCode code = file.error().code;
      if (code != ErrorCode::kNotFound && code != ErrorCode::kInvalidInput) return file.error();
      ++context_->files.num_missing;
      return {};
    }
    ASSIGN_OR_RETURN(const ByteCount size, (*file)->size());
    RETURN_IF_ERROR(writer_.begin(name, size));
    std::vector<std::byte> piece(
        static_cast<std::size_t>(std::clamp<std::uint64_t>(size.count(), 1, kPieceSize)));
    for (std::uint64_t offset = 0; offset < size.count();) {
      const std::size_t wanted =
          static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), size.count() - offset));
      ASSIGN_OR_RETURN(const std::size_t got,
                       (*file)->read_at(offset, std::span(piece).first(wanted)));
      if (got == 0) {
        return unavailable(
            fmt::format("{} became shorter while it was read; run again", path.native()));
      }
      RETURN_IF_ERROR(writer_.write(as_text(std::span(piece).first(got))));
      offset += got;
    }
    ++context_->files.num_written;
    return {};
  }

  ExportContext* context_;
  archives::TarWriter writer_;
  std::string line_;
};

}  // namespace

Result<std::unique_ptr<ExportSink>> open_tar(ExportContext& context, const fs::path& output) {
  ASSIGN_OR_RETURN(auto writer, archives::TarWriter::create(context.file_system, output));
  return std::make_unique<Tar>(context, std::move(writer));
}

}  // namespace assay::history
