#include "tables/parquet_writer.h"

#include "core/check.h"
#include "files/atomic_file.h"
#include "tables/arrow_error_internal.h"
#include "tables/arrow_sink_internal.h"

#include <arrow/util/checked_cast.h>
#include <fmt/format.h>
#include <parquet/column_writer.h>
#include <parquet/file_writer.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <set>
#include <utility>

namespace assay::tables {

namespace {

using parquet::schema::GroupNode;
using parquet::schema::NodePtr;
using parquet::schema::NodeVector;
using parquet::schema::PrimitiveNode;

constexpr auto kOptional = parquet::Repetition::OPTIONAL;

NodePtr leaf_node(const std::string& name, ColumnType type) {
  switch (type) {
    case ColumnType::kBoolean:
      return PrimitiveNode::Make(name, kOptional, parquet::Type::BOOLEAN);
    case ColumnType::kInt32:
      return PrimitiveNode::Make(name, kOptional, parquet::Type::INT32);
    case ColumnType::kInt64:
      return PrimitiveNode::Make(name, kOptional, parquet::Type::INT64);
    case ColumnType::kDouble:
      return PrimitiveNode::Make(name, kOptional, parquet::Type::DOUBLE);
    case ColumnType::kText:
      return PrimitiveNode::Make(name, kOptional, parquet::LogicalType::String(),
                                 parquet::Type::BYTE_ARRAY);
    case ColumnType::kBinary:
      return PrimitiveNode::Make(name, kOptional, parquet::Type::BYTE_ARRAY);
    case ColumnType::kTimestamp:
      return PrimitiveNode::Make(
          name, kOptional,
          parquet::LogicalType::Timestamp(true, parquet::LogicalType::TimeUnit::MICROS),
          parquet::Type::INT64);
    case ColumnType::kFloatList:
      return GroupNode::Make(
          name, kOptional,
          {GroupNode::Make("list", parquet::Repetition::REPEATED,
                           {PrimitiveNode::Make("element", parquet::Repetition::REQUIRED,
                                                parquet::Type::FLOAT)})},
          parquet::LogicalType::List());
  }
  CHECK(false, "a column type without a node");
}

// The fields of the columns, whose paths all begin with the same `depth` characters.
Result<NodeVector> fields_of(std::span<const ColumnSpec> columns, std::size_t depth) {
  NodeVector fields;
  std::set<std::string> names;
  while (!columns.empty()) {
    const std::string& path = columns.front().path;
    const std::size_t dot = path.find('.', depth);
    const std::string name = path.substr(depth, dot == std::string::npos ? dot : dot - depth);
    if (name.empty() || !names.insert(name).second) {
      return invalid_input(fmt::format(
          "column {}: its name is empty, or comes twice, or its struct is in two places", path));
    }
    if (dot == std::string::npos) {
      if (columns.front().type == ColumnType::kFloatList && columns.front().list_length == 0) {
        return invalid_input(fmt::format("column {}: a list needs a length", path));
      }
      fields.push_back(leaf_node(name, columns.front().type));
      columns = columns.subspan(1);
      continue;
    }
    const std::string_view prefix = std::string_view(path).substr(0, dot + 1);
    std::size_t length = 0;
    while (length < columns.size() && columns[length].path.starts_with(prefix)) ++length;
    ASSIGN_OR_RETURN(auto inner, fields_of(columns.first(length), dot + 1));
    fields.push_back(GroupNode::Make(name, kOptional, inner));
    columns = columns.subspan(length);
  }
  return fields;
}

parquet::Compression::type compression_of(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return parquet::Compression::UNCOMPRESSED;
    case Codec::kSnappy:
      return parquet::Compression::SNAPPY;
    case Codec::kZstd:
      return parquet::Compression::ZSTD;
  }
  CHECK(false, "a codec without a name");
}

std::shared_ptr<parquet::WriterProperties> writer_properties(std::span<const ColumnSpec> columns,
                                                             const ParquetWriterOptions& options) {
  parquet::WriterProperties::Builder builder;
  builder.compression(compression_of(options.codec));
  builder.created_by("assay");
  for (const std::string& column : options.plain_columns) builder.disable_dictionary(column);
  for (const ColumnSpec& column : columns) {
    if (column.type == ColumnType::kFloatList)
      builder.disable_dictionary(column.path + ".list.element");
  }
  return builder.build();
}

template <typename Type, typename Value>
void write_values(parquet::ColumnWriter& writer, std::size_t num_rows, const std::int16_t* levels,
                  std::span<const Value> values) {
  auto& typed = arrow::internal::checked_cast<parquet::TypedColumnWriter<Type>&>(writer);
  if constexpr (std::is_same_v<Value, std::string_view>) {
    // In pieces: the copies that Parquet's own form of text needs stay small.
    constexpr std::size_t kPiece = 4096;
    const std::int16_t full = writer.descr()->max_definition_level();
    std::vector<parquet::ByteArray> piece;
    std::size_t next = 0;
    for (std::size_t row = 0; row < num_rows; row += kPiece) {
      const std::size_t count = std::min(kPiece, num_rows - row);
      piece.clear();
      for (std::size_t i = row; i < row + count; ++i) {
        if (levels[i] == full) piece.emplace_back(values[next++]);
      }
      typed.WriteBatch(static_cast<std::int64_t>(count), levels + row, nullptr, piece.data());
    }
  } else {
    typed.WriteBatch(static_cast<std::int64_t>(num_rows), levels, nullptr, values.data());
  }
}

// A list is an entry for each of its values, the first of which begins it; a missing one is an
// entry without a value.
void write_lists(parquet::ColumnWriter& writer, std::span<const std::int16_t> row_levels,
                 std::size_t list_length, std::span<const float> values) {
  auto& typed = arrow::internal::checked_cast<parquet::FloatWriter&>(writer);
  // The levels of a whole row group would take as much memory as its values.
  constexpr std::size_t kPiece = 64;
  const std::int16_t full = writer.descr()->max_definition_level();
  std::vector<std::int16_t> levels;
  std::vector<std::int16_t> repetitions;
  for (std::size_t row = 0; row < row_levels.size(); row += kPiece) {
    levels.clear();
    repetitions.clear();
    std::size_t num_values = 0;
    for (const std::int16_t level :
         row_levels.subspan(row, std::min(kPiece, row_levels.size() - row))) {
      repetitions.push_back(0);
      if (level + 1 < full) {
        levels.push_back(level);
        continue;
      }
      levels.insert(levels.end(), list_length, full);
      repetitions.insert(repetitions.end(), list_length - 1, 1);
      num_values += list_length;
    }
    CHECK(num_values <= values.size(), "as many values as the levels say");
    typed.WriteBatch(static_cast<std::int64_t>(levels.size()), levels.data(), repetitions.data(),
                     values.data());
    values = values.subspan(num_values);
  }
}

void write_column(parquet::ColumnWriter& writer, std::size_t num_rows, const ColumnData& data,
                  std::size_t list_length, std::vector<std::int16_t>& all_present) {
  const std::int16_t* levels = data.levels.data();
  if (data.levels.empty()) {
    // Of a list the repetition is no part of the path.
    const int num_parts = writer.descr()->max_definition_level() - (list_length > 0 ? 1 : 0);
    all_present.assign(num_rows, static_cast<std::int16_t>(num_parts));
    levels = all_present.data();
  } else {
    CHECK(data.levels.size() == num_rows, "levels of another number of rows");
  }
  switch (writer.type()) {
    case parquet::Type::BOOLEAN:
      write_values<parquet::BooleanType>(writer, num_rows, levels,
                                         std::get<std::span<const bool>>(data.values));
      break;
    case parquet::Type::INT32:
      write_values<parquet::Int32Type>(writer, num_rows, levels,
                                       std::get<std::span<const std::int32_t>>(data.values));
      break;
    case parquet::Type::INT64:
      write_values<parquet::Int64Type>(writer, num_rows, levels,
                                       std::get<std::span<const std::int64_t>>(data.values));
      break;
    case parquet::Type::DOUBLE:
      write_values<parquet::DoubleType>(writer, num_rows, levels,
                                        std::get<std::span<const double>>(data.values));
      break;
    case parquet::Type::FLOAT:
      write_lists(writer, std::span(levels, num_rows), list_length,
                  std::get<std::span<const float>>(data.values));
      break;
    default:
      write_values<parquet::ByteArrayType>(
          writer, num_rows, levels, std::get<std::span<const std::string_view>>(data.values));
      break;
  }
}

}  // namespace

class ParquetWriter::Implementation {
 public:
  Implementation(std::string name, files::AtomicFile file)
      : name_(std::move(name)), file_(std::move(file)) {}

  Status open(std::span<const ColumnSpec> columns, const ParquetWriterOptions& options) {
    if (columns.empty()) return invalid_input("write " + name_ + ": no columns");
    ASSIGN_OR_RETURN(const NodeVector fields, fields_of(columns, 0));
    return guarded([&] {
      auto root = std::static_pointer_cast<GroupNode>(
          GroupNode::Make("schema", parquet::Repetition::REQUIRED, fields));
      writer_ = parquet::ParquetFileWriter::Open(atomic_file_sink(file_), std::move(root),
                                                 writer_properties(columns, options));
      list_lengths_.clear();
      for (const ColumnSpec& column : columns) list_lengths_.push_back(column.list_length);
    });
  }

  Status write_row_group(std::size_t num_rows, std::span<const ColumnData> columns) {
    return guarded([&] {
      parquet::RowGroupWriter* row_group = writer_->AppendRowGroup();
      for (std::size_t i = 0; i < columns.size(); ++i) {
        parquet::ColumnWriter* writer = row_group->NextColumn();
        write_column(*writer, num_rows, columns[i], list_lengths_.at(i), all_present_);
        writer->Close();
      }
      row_group->Close();
    });
  }

  Status finish() {
    RETURN_IF_ERROR(guarded([&] { writer_->Close(); }));
    return file_.commit();
  }

 private:
  template <typename Body>
  Status guarded(const Body& body) {
    return with_context(guard_parquet(ErrorCode::kUnavailable, body), "write " + name_);
  }

  std::string name_;
  files::AtomicFile file_;
  std::unique_ptr<parquet::ParquetFileWriter> writer_;  // after the file: it is closed first
  std::vector<std::size_t> list_lengths_;
  std::vector<std::int16_t> all_present_;
};

ParquetWriter::ParquetWriter(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
ParquetWriter::ParquetWriter(ParquetWriter&&) noexcept = default;
ParquetWriter::~ParquetWriter() = default;

Result<ParquetWriter> ParquetWriter::create(files::FileSystem& file_system,
                                            const std::filesystem::path& target,
                                            std::span<const ColumnSpec> columns,
                                            const ParquetWriterOptions& options) {
  ASSIGN_OR_RETURN(auto file, files::AtomicFile::create(file_system, target));
  auto implementation = std::make_unique<Implementation>(target.native(), std::move(file));
  RETURN_IF_ERROR(implementation->open(columns, options));
  return ParquetWriter(std::move(implementation));
}

Status ParquetWriter::write_row_group(std::size_t num_rows, std::span<const ColumnData> columns) {
  return implementation_->write_row_group(num_rows, columns);
}

Status ParquetWriter::finish() { return implementation_->finish(); }

}  // namespace assay::tables
