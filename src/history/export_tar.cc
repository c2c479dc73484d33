#include "archives/tar_writer.h"
#include "core/bytes.h"
#include "crypto/digest.h"
#include "history/export_files_internal.h"
#include "history/export_sink_internal.h"
#include "media/ply_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

namespace fs = std::filesystem;
using records::RecordField;

constexpr std::size_t kMaxPieceSize = std::size_t{1} << 20;

// Readers take what follows the first dot of a name for its ending, so a key has none.
std::string key_of(const records::RecordView& record, std::string_view line) {
  const std::string id(text_of(record[RecordField::kGenerationId]));
  // Records without an id are told apart by what they say.
  std::string key = media::file_stem_of(id.empty() ? line : id);
  if (!key.contains('.')) return key;
  std::ranges::replace(key, '.', '_');
  return key + "__" + crypto::sha256(id).to_hex().substr(0, 16);
}

// The parts of a sample stand side by side and differ in their endings alone.
class Tar final : public ExportSink {
 public:
  Tar(ExportContext& context, fs::path output, unsigned num_workers)
      : context_(&context), output_(std::move(output)), workers_(num_workers) {}

  Status add(const records::RecordView& record, unsigned worker) override {
    Worker& mine = workers_[worker];
    const std::size_t begin = mine.lines.size();
    RETURN_IF_ERROR(mine.text.append_line(mine.lines, record));
    const auto line = std::string_view(mine.lines).substr(begin);
    Sample sample{.key = key_of(record, line), .end = mine.lines.size()};
    for (const std::string_view named : named_files(record)) sample.files.emplace_back(named);
    mine.samples.push_back(std::move(sample));
    return {};
  }

  Status write_block(unsigned worker, std::span<const std::uint8_t> is_kept) override {
    Worker& mine = workers_[worker];
    std::size_t begin = 0;
    for (std::size_t i = 0; i < mine.samples.size(); ++i) {
      const Sample& sample = mine.samples[i];
      if (is_kept[i] != 0) {
        const std::string_view lines = mine.lines;
        RETURN_IF_ERROR(write(sample, lines.substr(begin, sample.end - begin)));
      }
      begin = sample.end;
    }
    mine.samples.clear();
    mine.lines.clear();
    return {};
  }

  Status finish() override { return writer_ ? writer_->finish() : Status(); }

 private:
  struct Sample {
    std::string key;
    std::size_t end = 0;  // of its line
    std::vector<std::string> files = {};
  };
  struct alignas(64) Worker {
    ExportText text;
    // Of its block:
    std::string lines;
    std::vector<Sample> samples;
  };

  Status write(const Sample& sample, std::string_view line) {
    if (!writer_) {
      ASSIGN_OR_RETURN(auto made, archives::TarWriter::create(context_->file_system, output_));
      writer_.emplace(std::move(made));
    }
    archives::TarWriter& writer = *writer_;
    const std::string json_name = sample.key + ".json";
    RETURN_IF_ERROR(writer.add(json_name, line));
    std::set<std::string> names = {json_name};
    for (const std::string& named : sample.files) {
      const auto path = inner_path(named);
      const std::string name = sample.key + (path ? path->extension().native() : "");
      // Two of one ending would be one part of the sample.
      const bool can_be_part = path && path->has_extension() && names.insert(name).second;
      if (!can_be_part) {
        ++context_->samples.num_missing;
        continue;
      }
      RETURN_IF_ERROR(add_file(writer, name, context_->data_folder / *path));
    }
    return {};
  }

  Status add_file(archives::TarWriter& writer, const std::string& name, const fs::path& path) {
    const auto file = context_->file_system.open(path, files::OpenMode::kRead);
    if (!file) {
      const ErrorCode code = file.error().code;
      if (code != ErrorCode::kNotFound && code != ErrorCode::kInvalidInput) return file.error();
      ++context_->samples.num_missing;
      return {};
    }
    ASSIGN_OR_RETURN(const ByteCount size, (*file)->size());
    RETURN_IF_ERROR(writer.begin(name, size));
    std::vector<std::byte> piece(
        static_cast<std::size_t>(std::clamp<std::uint64_t>(size.count(), 1, kMaxPieceSize)));
    for (std::uint64_t offset = 0; offset < size.count();) {
      const std::size_t wanted =
          static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), size.count() - offset));
      ASSIGN_OR_RETURN(const std::size_t got,
                       (*file)->read_at(offset, std::span(piece).first(wanted)));
      if (got == 0) {
        return unavailable(
            fmt::format("{} became shorter while it was read; run again", path.native()));
      }
      RETURN_IF_ERROR(writer.write(as_text(std::span(piece).first(got))));
      offset += got;
    }
    ++context_->samples.num_written;
    return {};
  }

  ExportContext* context_;
  fs::path output_;
  std::vector<Worker> workers_;
  std::optional<archives::TarWriter> writer_;
};

}  // namespace

std::unique_ptr<ExportSink> make_tar(ExportContext& context, const fs::path& output,
                                     unsigned num_workers) {
  return std::make_unique<Tar>(context, output, num_workers);
}

}  // namespace assay::history
