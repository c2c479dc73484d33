#include "tables/rewrite.h"

#include "files/atomic_file.h"
#include "tables/arrow_error_internal.h"
#include "tables/arrow_sink_internal.h"
#include "tables/owned_array_internal.h"
#include "tables/parquet_file_internal.h"

#include <arrow/util/checked_cast.h>
#include <fmt/format.h>
#include <parquet/column_reader.h>
#include <parquet/column_writer.h>
#include <parquet/file_reader.h>
#include <parquet/file_writer.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

namespace assay::tables {

namespace {

constexpr std::size_t kBatch = 4096;
constexpr ByteCount kMaxRewrittenPage = ByteCount(std::uint64_t{256} << 20);
constexpr std::int64_t kReadBufferSize = 1 << 20;

Result<std::unique_ptr<ParquetFile>> open_file(const DatasetSources& sources,
                                               const std::string& address) {
  ASSIGN_OR_RETURN(auto bytes, open_source(sources, address));
  return open_parquet(std::move(bytes), kMaxRewrittenPage);
}

std::shared_ptr<parquet::WriterProperties> matching_properties(const parquet::FileMetaData& file) {
  parquet::WriterProperties::Builder builder;
  builder.created_by("assay");
  if (file.num_row_groups() > 0) {
    const auto group = file.RowGroup(0);
    for (int i = 0; i < group->num_columns(); ++i) {
      const auto chunk = group->ColumnChunk(i);
      builder.compression(chunk->path_in_schema(), chunk->compression());
    }
  }
  return builder.build();
}

// Copies one column chunk. `replace` is empty for columns that stay as they are.
class ChunkCopy {
 public:
  ChunkCopy(parquet::ColumnReader& reader, parquet::ColumnWriter& writer,
            const std::function<std::string(std::string_view)>* replace)
      : reader_(reader), writer_(writer), replace_(replace) {}

  // Returns the number of values replaced.
  std::uint64_t run() {
    switch (writer_.type()) {
      case parquet::Type::BOOLEAN:
        return copy<parquet::BooleanType>();
      case parquet::Type::INT32:
        return copy<parquet::Int32Type>();
      case parquet::Type::INT64:
        return copy<parquet::Int64Type>();
      case parquet::Type::INT96:
        return copy<parquet::Int96Type>();
      case parquet::Type::FLOAT:
        return copy<parquet::FloatType>();
      case parquet::Type::DOUBLE:
        return copy<parquet::DoubleType>();
      case parquet::Type::BYTE_ARRAY:
        return copy<parquet::ByteArrayType>();
      case parquet::Type::FIXED_LEN_BYTE_ARRAY:
        return copy<parquet::FLBAType>();
      default:
        throw parquet::ParquetException("a column of an unknown type");
    }
  }

 private:
  template <typename Type>
  std::uint64_t copy() {
    using Value = Type::c_type;
    auto& reader = arrow::internal::checked_cast<parquet::TypedColumnReader<Type>&>(reader_);
    auto& writer = arrow::internal::checked_cast<parquet::TypedColumnWriter<Type>&>(writer_);
    const auto definitions = make_array<std::int16_t>(kBatch);
    const auto repetitions = make_array<std::int16_t>(kBatch);
    const auto values = make_array<Value>(kBatch);
    std::uint64_t num_replaced = 0;
    while (reader.HasNext()) {
      std::int64_t num_values = 0;
      const std::int64_t levels =
          reader.ReadBatch(kBatch, definitions.get(), repetitions.get(), values.get(), &num_values);
      if (levels <= 0) throw parquet::ParquetException("a page holds fewer values than it claims");
      if constexpr (std::is_same_v<Value, parquet::ByteArray>) {
        if (replace_ != nullptr) {
          replace_values({values.get(), static_cast<std::size_t>(num_values)});
          num_replaced += static_cast<std::uint64_t>(num_values);
        }
      }
      writer.WriteBatch(levels, definitions.get(), repetitions.get(), values.get());
    }
    return num_replaced;
  }

  void replace_values(std::span<parquet::ByteArray> values) {
    texts_.resize(std::max(texts_.size(), values.size()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      texts_[i] = (*replace_)(static_cast<std::string_view>(values[i]));
      values[i] = parquet::ByteArray(texts_[i]);
    }
  }

  parquet::ColumnReader& reader_;
  parquet::ColumnWriter& writer_;
  const std::function<std::string(std::string_view)>* replace_;
  std::vector<std::string> texts_;
};

// Which columns are replaced, by column number.
Result<std::vector<std::uint8_t>> choose(const ParquetFile& file,
                                         std::span<const std::string> leaves) {
  const parquet::SchemaDescriptor& schema = *file.metadata->schema();
  std::vector<std::uint8_t> chosen(static_cast<std::size_t>(schema.num_columns()), 0);
  for (const std::string& leaf : leaves) {
    bool is_found = false;
    for (int i = 0; i < schema.num_columns(); ++i) {
      if (schema.Column(i)->path()->ToDotString() != leaf) continue;
      if (schema.Column(i)->physical_type() != parquet::Type::BYTE_ARRAY) {
        return invalid_input(
            fmt::format("column {} is not text or binary, so that it cannot be replaced", leaf));
      }
      chosen[static_cast<std::size_t>(i)] = 1;
      is_found = true;
    }
    if (!is_found) return invalid_input(fmt::format("there is no column {}", leaf));
  }
  return chosen;
}

}  // namespace

bool LeafPath::is_replaceable() const {
  return info.kind == LeafKind::kText || (info.kind == LeafKind::kBinary && info.type == "binary");
}

Result<std::vector<LeafPath>> list_leaves(const DatasetSources& sources,
                                          const std::string& address) {
  ASSIGN_OR_RETURN(const auto file, open_file(sources, address));
  const parquet::SchemaDescriptor& schema = *file->metadata->schema();
  std::vector<LeafPath> leaves;
  for (int i = 0; i < schema.num_columns(); ++i) {
    const parquet::ColumnDescriptor& column = *schema.Column(i);
    leaves.push_back({.path = column.path()->ToDotString(),
                      .info = describe_values(
                          arrow::internal::checked_cast<const parquet::schema::PrimitiveNode&>(
                              *column.schema_node()))});
  }
  return leaves;
}

Result<RewriteSummary> rewrite_parquet(const DatasetSources& sources, const std::string& address,
                                       const std::filesystem::path& target,
                                       const RewriteOptions& options, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(auto file, open_file(sources, address));
  auto chosen = choose(*file, options.leaves);
  if (!chosen) return std::move(chosen.error()).within(address);
  ASSIGN_OR_RETURN(auto output, files::AtomicFile::create(*sources.file_system, target));

  file->properties.enable_buffered_stream();
  file->properties.set_buffer_size(kReadBufferSize);
  RewriteSummary summary{.num_rows = static_cast<std::uint64_t>(file->metadata->num_rows())};
  int row_group = 0;
  std::string column;
  Status copied = guard_parquet(ErrorCode::kCorrupt, [&] -> Status {
    auto reader = parquet::ParquetFileReader::Open(random_access_file(*file->source),
                                                   file->properties, file->metadata);
    auto writer = parquet::ParquetFileWriter::Open(
        atomic_file_sink(output),
        std::static_pointer_cast<parquet::schema::GroupNode>(
            file->metadata->schema()->schema_root()),
        matching_properties(*file->metadata), file->metadata->key_value_metadata());
    for (; row_group < file->metadata->num_row_groups(); ++row_group) {
      const auto from = reader->RowGroup(row_group);
      parquet::RowGroupWriter* to = writer->AppendRowGroup();
      for (int i = 0; i < file->metadata->num_columns(); ++i) {
        if (stop.stop_requested()) return cancelled("stopped while copying");
        column = file->metadata->schema()->Column(i)->path()->ToDotString();
        RETURN_IF_ERROR(chunk_range(*file, *from->metadata()->ColumnChunk(i)));
        const auto chunk = from->Column(i);
        parquet::ColumnWriter* out = to->NextColumn();
        const bool is_chosen = (*chosen)[static_cast<std::size_t>(i)] != 0;
        summary.num_replaced +=
            ChunkCopy(*chunk, *out, is_chosen ? &options.replace : nullptr).run();
        out->Close();
      }
      to->Close();
    }
    writer->Close();
    return {};
  });
  if (!copied) {
    return std::move(copied.error())
        .within(fmt::format("{}: row group {}: column {}", address, row_group, column));
  }
  RETURN_IF_ERROR(output.commit());
  return summary;
}

}  // namespace assay::tables
