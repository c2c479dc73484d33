#include "core/bytes.h"
#include "core/check.h"
#include "embedding/vector_files_internal.h"
#include "embedding/vector_table.h"
#include "embedding_store/npy.h"
#include "files/atomic_file.h"
#include "json/writer.h"
#include "report/visible_text.h"
#include "tables/parquet_writer.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::embedding {
namespace {

using archives::SourceEntry;

constexpr std::string_view kParquetExtension = ".parquet";

std::string line_of(const SourceEntry& entry, const ImageFate& fate, std::uint64_t row) {
  json::Writer writer;
  writer.begin_object().name("row");
  if (fate.image) {
    writer.unsigned_integer(row);
  } else {
    writer.null();
  }
  writer.name("path").text(entry.path);
  if (fate.image) {
    writer.name("sha256").text(fate.image->content.to_hex());
    writer.name("width").unsigned_integer(fate.image->width);
    writer.name("height").unsigned_integer(fate.image->height);
    writer.name("error").null().name("message").null();
  } else {
    writer.name("sha256").null().name("width").null().name("height").null();
    writer.name("error").text(fate.error).name("message").text(fate.message);
  }
  return writer.end_object().take() + "\n";
}

/// A matrix, and a line for each image.
class NpyFiles final : public VectorFiles {
 public:
  NpyFiles(files::AtomicFile matrix, files::AtomicFile lines)
      : matrix_(std::move(matrix)), lines_(std::move(lines)) {}

  Status begin(const VectorShape& shape) {
    return matrix_.write(embedding_store::npy_header(shape.num_vectors, shape.dimension));
  }

  Status add(const SourceEntry& entry, const ImageFate& fate,
             std::span<const float> vector) override {
    RETURN_IF_ERROR(lines_.write(line_of(entry, fate, num_rows_)));
    if (!fate.image) return {};
    ++num_rows_;
    return matrix_.write(as_text(std::as_bytes(vector)));
  }

  Status commit() override {
    RETURN_IF_ERROR(lines_.commit());
    return matrix_.commit();
  }

 private:
  files::AtomicFile matrix_;
  files::AtomicFile lines_;
  std::uint64_t num_rows_ = 0;
};

/// One table of everything; a row an image.
class ParquetFile final : public VectorFiles {
 public:
  explicit ParquetFile(tables::ParquetWriter writer) : writer_(std::move(writer)) {}

  static std::vector<tables::ColumnSpec> columns(std::size_t dimension) {
    using enum tables::ColumnType;
    return {{"path", kText},
            {"sha256", kText},
            {"width", kInt64},
            {"height", kInt64},
            {"error", kText},
            {"message", kText},
            {.path = "vector", .type = kFloatList, .list_length = dimension}};
  }

  Status add(const SourceEntry& entry, const ImageFate& fate,
             std::span<const float> vector) override {
    // Readers of Parquet refuse a column for a byte that is not UTF-8.
    paths_.push_back(report::visible_text(entry.path));
    image_levels_.push_back(fate.image ? 1 : 0);
    error_levels_.push_back(fate.image ? 0 : 1);
    if (fate.image) {
      digests_.push_back(fate.image->content.to_hex());
      widths_.push_back(fate.image->width);
      heights_.push_back(fate.image->height);
      vectors_.insert(vectors_.end(), vector.begin(), vector.end());
    } else {
      errors_.push_back(fate.error);
      messages_.push_back(report::visible_text(fate.message));
    }
    return paths_.size() < kRowsOfGroup ? Status() : write_group();
  }

  Status commit() override {
    if (!paths_.empty()) RETURN_IF_ERROR(write_group());
    return writer_.finish();
  }

 private:
  // 4 MiB of vectors of 512 numbers.
  static constexpr std::size_t kRowsOfGroup = 2'048;

  static std::vector<std::string_view> views(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
  }

  Status write_group() {
    const auto paths = views(paths_);
    const auto digests = views(digests_);
    const auto errors = views(errors_);
    const auto messages = views(messages_);
    const std::array<tables::ColumnData, 7> data{
        {{.values = std::span(paths)},
         {.levels = image_levels_, .values = std::span(digests)},
         {.levels = image_levels_, .values = std::span(std::as_const(widths_))},
         {.levels = image_levels_, .values = std::span(std::as_const(heights_))},
         {.levels = error_levels_, .values = std::span(errors)},
         {.levels = error_levels_, .values = std::span(messages)},
         {.levels = image_levels_, .values = std::span(std::as_const(vectors_))}}};
    RETURN_IF_ERROR(writer_.write_row_group(paths_.size(), data));
    for (auto* const texts : {&paths_, &digests_, &errors_, &messages_}) texts->clear();
    for (auto* const numbers : {&widths_, &heights_}) numbers->clear();
    for (auto* const levels : {&image_levels_, &error_levels_}) levels->clear();
    vectors_.clear();
    return {};
  }

  tables::ParquetWriter writer_;
  std::vector<std::string> paths_;
  std::vector<std::string> digests_;
  std::vector<std::string> errors_;
  std::vector<std::string> messages_;
  std::vector<std::int64_t> widths_;
  std::vector<std::int64_t> heights_;
  std::vector<std::int16_t> image_levels_;
  std::vector<std::int16_t> error_levels_;
  std::vector<float> vectors_;
};

}  // namespace

Result<std::optional<std::filesystem::path>> lines_path_of(const std::filesystem::path& output) {
  if (output.extension() == kParquetExtension) return std::nullopt;
  if (output.extension() != ".npy") {
    return invalid_input(output.native() +
                         ": expected a name that ends in .npy (a matrix) or .parquet (a table)");
  }
  return std::filesystem::path(output).replace_extension(".jsonl");
}

Status try_vector_files(files::FileSystem& file_system, const std::filesystem::path& output) {
  // Dropped at once, which leaves everything as it was.
  ASSIGN_OR_RETURN(const auto files, create_vector_files(file_system, output, {0, 1}));
  return {};
}

Result<std::unique_ptr<VectorFiles>> create_vector_files(files::FileSystem& file_system,
                                                         const std::filesystem::path& output,
                                                         VectorShape shape) {
  ASSIGN_OR_RETURN(const auto lines_path, lines_path_of(output));
  if (!lines_path) {
    ASSIGN_OR_RETURN(auto writer,
                     tables::ParquetWriter::create(
                         file_system, output, ParquetFile::columns(shape.dimension),
                         {.codec = tables::Codec::kZstd, .plain_columns = {"path", "sha256"}}));
    return std::make_unique<ParquetFile>(std::move(writer));
  }
  ASSIGN_OR_RETURN(files::AtomicFile matrix, files::AtomicFile::create(file_system, output));
  ASSIGN_OR_RETURN(files::AtomicFile lines, files::AtomicFile::create(file_system, *lines_path));
  auto files = std::make_unique<NpyFiles>(std::move(matrix), std::move(lines));
  RETURN_IF_ERROR(files->begin(shape));
  return files;
}

}  // namespace assay::embedding
