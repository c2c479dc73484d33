#include "history/export_sink_internal.h"
#include "history/tally_internal.h"
#include "tables/parquet_writer.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
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

constexpr std::size_t kNumTexts = kFirstTexts.size() + kObjects.size();

// Rows as they wait to be written: the texts of a row stand one behind the other.
struct Rows {
  struct Row {
    std::size_t begin = 0;  // of its texts
    std::array<std::optional<std::uint32_t>, kNumTexts> text_sizes;
    std::optional<double> score;
    std::optional<double> clip;
    std::optional<std::int64_t> num_gaussians;
    std::optional<std::int64_t> time;
  };

  std::string texts;
  std::vector<Row> rows;

  void clear() {
    texts.clear();
    rows.clear();
  }
};

// The values of a column in the rows of a group.
template <typename Value>
struct Values {
  std::vector<std::int16_t> levels;
  std::vector<Value> values;

  void add(const std::optional<Value>& value) {
    levels.push_back(value ? 1 : 0);
    if (value) values.push_back(*value);
  }
  tables::ColumnData column() const {
    return {.levels = levels, .values = std::span<const Value>(values)};
  }
};

// A lone surrogate is no UTF-8, and readers of Parquet refuse the whole column for it.
void append_without_surrogates(std::string& texts, std::string_view text) {
  const std::size_t begin = texts.size();
  texts += text;
  for (std::size_t at = texts.find('\xED', begin); at != std::string::npos;
       at = texts.find('\xED', at + 3)) {
    const bool is_surrogate =
        at + 2 < texts.size() && static_cast<unsigned char>(texts[at + 1]) >= 0xA0;
    if (is_surrogate) texts.replace(at, 3, "\xEF\xBF\xBD");
  }
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
  Parquet(ExportContext& context, std::filesystem::path output, unsigned num_workers)
      : context_(&context), output_(std::move(output)), workers_(num_workers) {}

  Status add(const records::RecordView& record, unsigned worker) override {
    Worker& mine = workers_[worker];
    Rows::Row row;
    row.begin = mine.block.texts.size();
    if (Status added = add_texts(mine, record, row); !added) {
      mine.block.texts.resize(row.begin);
      return added;
    }
    row.score = number_in(record[RecordField::kScore]);
    row.clip = number_in(record[RecordField::kClipScore]);
    row.num_gaussians = integer_of(record[RecordField::kNumGaussians]);
    if (record.time) row.time = record.time->time_since_epoch().count();
    mine.block.rows.push_back(row);
    return {};
  }

  Status write_block(unsigned worker, std::span<const std::uint8_t> is_kept) override {
    Rows& block = workers_[worker].block;
    for (std::size_t i = 0; i < block.rows.size(); ++i) {
      if (is_kept[i] == 0) continue;
      Rows::Row row = block.rows[i];
      const std::size_t end =
          i + 1 < block.rows.size() ? block.rows[i + 1].begin : block.texts.size();
      const std::size_t size = end - row.begin;
      const std::string_view texts = std::string_view(block.texts).substr(row.begin, size);
      row.begin = group_.texts.size();
      group_.texts += texts;
      group_.rows.push_back(row);
      const bool is_full =
          group_.rows.size() == kMaxRowsOfGroup || group_.texts.size() >= kMaxBytesOfGroup;
      if (is_full) RETURN_IF_ERROR(write_group());
    }
    block.clear();
    return {};
  }

  Status finish() override {
    if (!group_.rows.empty()) RETURN_IF_ERROR(write_group());
    return writer_ ? writer_->finish() : Status();
  }

 private:
  struct alignas(64) Worker {
    ConfigText config;
    Rows block;
  };

  // Texts as they are, all else as JSON.
  static Status add_texts(Worker& mine, const records::RecordView& record, Rows::Row& row) {
    std::string& texts = mine.block.texts;
    for (std::size_t i = 0; i < kNumTexts; ++i) {
      const auto& column =
          i < kFirstTexts.size() ? kFirstTexts[i] : kObjects[i - kFirstTexts.size()];
      const json::Field& field = record[column.field];
      if (!field.is_present()) continue;
      const std::size_t begin = texts.size();
      if (field.kind == json::FieldKind::kText) {
        append_without_surrogates(texts, field.text);
      } else {
        RETURN_IF_ERROR(column.field == RecordField::kMinerConfig ? mine.config.append(texts, field)
                                                                  : append_value(texts, field));
      }
      row.text_sizes[i] = static_cast<std::uint32_t>(texts.size() - begin);
    }
    return {};
  }

  Status write_group() {
    if (!writer_) {
      ASSIGN_OR_RETURN(auto made, tables::ParquetWriter::create(
                                      context_->file_system, output_, column_specs(),
                                      {.codec = tables::Codec::kZstd,
                                       .plain_columns = {"generation_id", "output_ply_hash"}}));
      writer_.emplace(std::move(made));
    }
    std::array<Values<std::string_view>, kNumTexts> texts;
    Values<double> score;
    Values<double> clip;
    Values<std::int64_t> num_gaussians;
    Values<std::int64_t> time;
    for (const Rows::Row& row : group_.rows) {
      std::string_view rest = std::string_view(group_.texts).substr(row.begin);
      for (std::size_t i = 0; i < kNumTexts; ++i) {
        const auto& size = row.text_sizes[i];
        texts[i].add(size ? std::optional(rest.substr(0, *size)) : std::nullopt);
        rest.remove_prefix(size.value_or(0));
      }
      score.add(row.score);
      clip.add(row.clip);
      num_gaussians.add(row.num_gaussians);
      time.add(row.time);
    }
    std::vector<tables::ColumnData> columns;
    columns.reserve(kNumTexts + 4);
    for (std::size_t i = 0; i < kFirstTexts.size(); ++i) columns.push_back(texts[i].column());
    columns.push_back(score.column());
    columns.push_back(clip.column());
    columns.push_back(num_gaussians.column());
    for (std::size_t i = kFirstTexts.size(); i < kNumTexts; ++i) {
      columns.push_back(texts[i].column());
    }
    columns.push_back(time.column());
    RETURN_IF_ERROR(writer_->write_row_group(group_.rows.size(), columns));
    group_.clear();
    return {};
  }

  ExportContext* context_;
  std::filesystem::path output_;
  std::vector<Worker> workers_;
  Rows group_;
  std::optional<tables::ParquetWriter> writer_;
};

}  // namespace

std::unique_ptr<ExportSink> make_parquet(ExportContext& context,
                                         const std::filesystem::path& output,
                                         unsigned num_workers) {
  return std::make_unique<Parquet>(context, output, num_workers);
}

}  // namespace assay::history
