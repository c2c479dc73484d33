#include "tables/file_description.h"

#include "tables/arrow_error_internal.h"
#include "tables/integer_conversion_internal.h"
#include "tables/parquet_file_internal.h"

#include <arrow/util/checked_cast.h>
#include <arrow/util/compression.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace assay::tables {

namespace {

constexpr ByteCount kMaxDescribedPage = ByteCount(std::uint64_t{256} << 20);

ByteCount byte_count(std::int64_t count) {
  return ByteCount(static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)));
}

void add_codec(std::string& codecs, parquet::Compression::type codec) {
  const std::string name = codec == parquet::Compression::UNCOMPRESSED
                               ? "none"
                               : arrow::util::Codec::GetCodecAsString(codec);
  if (codecs.contains(name)) return;
  if (!codecs.empty()) codecs += ", ";
  codecs += name;
}

// Sums up one leaf over the row groups.
class LeafSummary {
 public:
  LeafSummary(const parquet::ColumnDescriptor& column, FieldDescription& field)
      : convert_(*column.logical_type()),
        field_(field),
        is_instant_(field.info.kind == LeafKind::kTimestamp &&
                    column.physical_type() == parquet::Type::INT64) {}

  void add(const parquet::ColumnChunkMetaData& chunk) {
    add_codec(field_.codec, chunk.compression());
    field_.compressed += byte_count(chunk.total_compressed_size());
    field_.raw += byte_count(chunk.total_uncompressed_size());
    const std::uint64_t values = byte_count(chunk.num_values()).count();
    field_.num_values += values;
    const auto statistics = chunk.is_stats_set() ? chunk.statistics() : nullptr;
    const bool knows_nulls = statistics && statistics->HasNullCount();
    knows_nulls_ = knows_nulls_ && knows_nulls;
    const std::uint64_t nulls = knows_nulls ? byte_count(statistics->null_count()).count() : 0;
    num_nulls_ += nulls;
    if (is_instant_ && (!knows_nulls || nulls < values)) add_instants(statistics.get());
  }

  void finish() {
    if (knows_nulls_) field_.num_nulls = num_nulls_;
    if (!is_instant_ || !knows_instants_ || !has_instants_) return;
    field_.first = Timestamp(std::chrono::microseconds(first_));
    field_.last = Timestamp(std::chrono::microseconds(last_));
  }

 private:
  void add_instants(const parquet::Statistics* statistics) {
    const auto* typed = dynamic_cast<const parquet::Int64Statistics*>(statistics);
    if (typed == nullptr || !typed->HasMinMax()) {
      knows_instants_ = false;
      return;
    }
    first_ = std::min(first_, convert_(typed->min()));
    last_ = std::max(last_, convert_(typed->max()));
    has_instants_ = true;
  }

  IntegerConversion convert_;
  FieldDescription& field_;
  bool is_instant_;
  bool knows_nulls_ = true;
  bool knows_instants_ = true;
  bool has_instants_ = false;
  std::uint64_t num_nulls_ = 0;
  std::int64_t first_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_ = std::numeric_limits<std::int64_t>::min();
};

void add_fields(const parquet::schema::GroupNode& group, std::size_t depth,
                std::vector<FieldDescription>& fields) {
  for (int i = 0; i < group.field_count(); ++i) {
    const parquet::schema::Node& node = *group.field(i);
    FieldDescription field;
    field.name = node.name();
    field.path = node.path()->ToDotString();
    field.depth = depth;
    field.info = describe_leaf(node);
    field.is_leaf = node.is_primitive();
    if (field.is_leaf) {
      field.info.type =
          describe_values(
              arrow::internal::checked_cast<const parquet::schema::PrimitiveNode&>(node))
              .type;
    }
    fields.push_back(std::move(field));
    if (node.is_group()) {
      add_fields(arrow::internal::checked_cast<const parquet::schema::GroupNode&>(node), depth + 1,
                 fields);
    }
  }
}

FileDescription describe(const ParquetFile& file) {
  const parquet::FileMetaData& metadata = *file.metadata;
  FileDescription description{
      .name = file.source->name(),
      .size = file.source->size(),
      .num_rows = byte_count(metadata.num_rows()).count(),
      .num_columns = static_cast<std::size_t>(metadata.schema()->group_node()->field_count()),
      .num_row_groups = static_cast<std::size_t>(metadata.num_row_groups()),
      .written_by = metadata.created_by(),
      .compressed = {},
      .raw = {},
      .fields = {}};
  add_fields(*metadata.schema()->group_node(), 0, description.fields);
  // Leaves stand in the list in the order of their column numbers.
  std::vector<LeafSummary> summaries;
  for (FieldDescription& field : description.fields) {
    if (!field.is_leaf) continue;
    summaries.emplace_back(*metadata.schema()->Column(static_cast<int>(summaries.size())), field);
  }
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    const auto row_group = metadata.RowGroup(group);
    for (std::size_t i = 0; i < summaries.size(); ++i) {
      summaries[i].add(*row_group->ColumnChunk(static_cast<int>(i)));
    }
  }
  for (LeafSummary& summary : summaries) summary.finish();
  for (const FieldDescription& field : description.fields) {
    description.compressed += field.compressed;
    description.raw += field.raw;
  }
  return description;
}

}  // namespace

std::optional<float> FieldDescription::null_share() const {
  if (!num_nulls || num_values == 0) return std::nullopt;
  return static_cast<float>(*num_nulls) / static_cast<float>(num_values);
}

Result<FileDescription> describe_file(const DatasetSources& sources, const std::string& address) {
  ASSIGN_OR_RETURN(auto bytes, open_source(sources, address));
  ASSIGN_OR_RETURN(const auto file, open_parquet(std::move(bytes), kMaxDescribedPage));
  return with_context(guard_parquet(ErrorCode::kCorrupt,
                                    [&] -> Result<FileDescription> { return describe(*file); }),
                      address + ": bad Parquet footer");
}

}  // namespace assay::tables
