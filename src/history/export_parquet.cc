#include "history/export_sink_internal.h"
#include "history/object_members_internal.h"
#include "tables/parquet_writer.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

using records::RecordField;
using tables::ColumnType;

// A row group is what is in memory at once; readers want few and large ones.
constexpr std::size_t kMaxRowsOfGroup = 65'536;
constexpr std::size_t kMaxBytesOfGroup = std::size_t{32} << 20;

struct TextColumn {
  std::string_view name;
  RecordField field;
};
// In the order of the JSON lines; the two objects are columns of JSON text.
constexpr std::array<TextColumn, 7> kFirstTexts = {
    {{"generation_id", RecordField::kGenerationId},
     {"task_type", RecordField::kTaskType},
     {"prompt", RecordField::kPrompt},
     {"enhanced_prompt", RecordField::kEnhancedPrompt},
     {"image_file_path", RecordField::kImageFilePath},
     {"output_ply_path", RecordField::kPlyFilePath},
     {"output_ply_hash", RecordField::kPlyFileHash}}};
constexpr std::array<TextColumn, 2> kObjects = {
    {{"gaussian_stats", RecordField::kGaussianStats}, {"miner_config", RecordField::kMinerConfig}}};

std::vector<tables::ColumnSpec> column_specs() {
  std::vector<tables::ColumnSpec> specs;
  const auto add = [&](std::string_view name, ColumnType type) {
    specs.push_back({.path = std::string(name), .type = type});
  };
  for (const auto& column : kFirstTexts) add(column.name, ColumnType::kText);
  add("validator_score", ColumnType::kDouble);
  add("clip_score", ColumnType::kDouble);
  add("num_gaussians", ColumnType::kInt64);
  for (const auto& column : kObjects) add(column.name, ColumnType::kText);
  add("timestamp", ColumnType::kTimestamp);
  return specs;
}

// The values of a column in the rows of a group.
template <typename Value>
struct Values {
  std::vector<std::int16_t> levels;
  std::vector<Value> values;

  void add(std::optional<Value> value) {
    levels.push_back(value ? 1 : 0);
    if (value) values.push_back(*std::move(value));
  }
  void clear() {
    levels.clear();
    values.clear();
  }
};

// A lone surrogate is no UTF-8, and readers of Parquet refuse the whole column for it.
std::string without_surrogates(std::string_view text) {
  std::string result(text);
  for (std::size_t at = result.find('\xED'); at != std::string::npos;
       at = result.find('\xED', at + 3)) {
    const bool is_surrogate =
        at + 2 < result.size() && static_cast<unsigned char>(result[at + 1]) >= 0xA0;
    if (is_surrogate) result.replace(at, 3, "\xEF\xBF\xBD");
  }
  return result;
}

std::optional<std::int64_t> integer_of(const json::Field& field) {
  if (field.kind == json::FieldKind::kInteger) return field.integer;
  // Whole numbers below 2^53 are exact.
  constexpr double kLimit = 9007199254740992.0;
  const bool is_whole = field.kind == json::FieldKind::kNumber && std::abs(field.number) < kLimit &&
                        std::trunc(field.number) == field.number;
  if (!is_whole) return std::nullopt;
  return static_cast<std::int64_t>(field.number);
}

class Parquet final : public ExportSink {
 public:
  explicit Parquet(tables::ParquetWriter writer) : writer_(std::move(writer)) {}

  Status add(const ExportRecord& record, unsigned /*worker*/) override {
    const auto& fields = record.record;
    // First what may fail, so that a record that does leaves no part of a row.
    std::array<std::optional<std::string>, kFirstTexts.size() + kObjects.size()> texts;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto& column =
          i < kFirstTexts.size() ? kFirstTexts[i] : kObjects[i - kFirstTexts.size()];
      ASSIGN_OR_RETURN(texts[i], text_value(fields[column.field]));
      const auto& text = texts[i];
      if (text) num_bytes_ += text->size();
    }
    for (std::size_t i = 0; i < texts.size(); ++i) texts_[i].add(std::move(texts[i]));
    const json::Field& score = fields[RecordField::kScore];
    score_.add(score.is_number() ? std::optional(score.number) : std::nullopt);
    clip_.add(number_of(record.raw_clip_score));
    num_gaussians_.add(integer_of(fields[RecordField::kNumGaussians]));
    time_.add(fields.time ? std::optional(std::int64_t{fields.time->time_since_epoch().count()})
                          : std::nullopt);
    const bool is_full = ++num_rows_ == kMaxRowsOfGroup || num_bytes_ >= kMaxBytesOfGroup;
    return is_full ? write_group() : Status();
  }

  Status finish() override {
    if (num_rows_ > 0) RETURN_IF_ERROR(write_group());
    return writer_.finish();
  }

 private:
  // Texts as they are, all else as JSON.
  static Result<std::optional<std::string>> text_value(const json::Field& field) {
    if (!field.is_present()) return std::optional<std::string>();
    if (field.kind == json::FieldKind::kText) {
      return std::optional(without_surrogates(field.text));
    }
    std::string json;
    RETURN_IF_ERROR(append_value(json, field));
    return std::optional(std::move(json));
  }

  Status write_group() {
    std::array<std::vector<std::string_view>, kFirstTexts.size() + kObjects.size()> views;
    for (std::size_t i = 0; i < views.size(); ++i) {
      views[i].assign(texts_[i].values.begin(), texts_[i].values.end());
    }
    std::vector<tables::ColumnData> columns;
    const auto add_text = [&](std::size_t i) {
      columns.push_back({.levels = texts_[i].levels, .values = std::span(std::as_const(views[i]))});
    };
    for (std::size_t i = 0; i < kFirstTexts.size(); ++i) add_text(i);
    columns.push_back({.levels = score_.levels, .values = std::span(std::as_const(score_.values))});
    columns.push_back({.levels = clip_.levels, .values = std::span(std::as_const(clip_.values))});
    columns.push_back({.levels = num_gaussians_.levels,
                       .values = std::span(std::as_const(num_gaussians_.values))});
    for (std::size_t i = 0; i < kObjects.size(); ++i) add_text(kFirstTexts.size() + i);
    columns.push_back({.levels = time_.levels, .values = std::span(std::as_const(time_.values))});
    RETURN_IF_ERROR(writer_.write_row_group(num_rows_, columns));
    for (auto& text : texts_) text.clear();
    score_.clear();
    clip_.clear();
    num_gaussians_.clear();
    time_.clear();
    num_rows_ = 0;
    num_bytes_ = 0;
    return {};
  }

  tables::ParquetWriter writer_;
  std::array<Values<std::string>, kFirstTexts.size() + kObjects.size()> texts_;
  Values<double> score_;
  Values<double> clip_;
  Values<std::int64_t> num_gaussians_;
  Values<std::int64_t> time_;
  std::size_t num_rows_ = 0;
  std::size_t num_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<ExportSink>> open_parquet(ExportContext& context,
                                                 const std::filesystem::path& output) {
  ASSIGN_OR_RETURN(auto writer, tables::ParquetWriter::create(
                                    context.file_system, output, column_specs(),
                                    {.codec = tables::Codec::kZstd,
                                     .plain_columns = {"generation_id", "output_ply_hash"}}));
  return std::make_unique<Parquet>(std::move(writer));
}

}  // namespace assay::history
