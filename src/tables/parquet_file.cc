#include "tables/arrow_error_internal.h"
#include "tables/parquet_file_internal.h"

#include <arrow/util/checked_cast.h>
#include <fmt/format.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <utility>

namespace assay::tables {

namespace {

constexpr std::uint64_t kSmallestFile = 12;  // two magics and the length of the footer
constexpr std::int32_t kMaxFooterString = 64 << 20;
constexpr std::int32_t kMaxFooterList = 1'000'000;
constexpr std::int32_t kMaxSchemaDepth = 64;

// What Parquet itself says about these files is long and differs by version.
Status check_magic(const files::ByteSource& source) {
  const std::string& name = source.name();
  const std::uint64_t size = source.size().count();
  if (size == 0) return invalid_input(name + ": not a Parquet file (it is empty)");
  if (size < kSmallestFile) {
    return invalid_input(fmt::format("{}: not a Parquet file ({} bytes are too few)", name, size));
  }
  std::array<std::byte, 8> tail;
  ASSIGN_OR_RETURN(const std::size_t read, source.read_at(size - tail.size(), tail));
  const std::string_view magic = as_text(tail).substr(4);
  if (read == tail.size() && magic == "PARE") {
    return invalid_input(name + ": the Parquet file is encrypted, which is not supported");
  }
  if (read != tail.size() || magic != "PAR1") {
    return invalid_input(
        name +
        ": not a Parquet file (no PAR1 magic at the end); if it is one, it was cut "
        "short: copy it again");
  }
  std::uint32_t footer = 0;
  std::memcpy(&footer, tail.data(), sizeof footer);
  if (footer > size - kSmallestFile) {
    return corrupt(fmt::format("{}: bad Parquet footer: a length of {} bytes in a file of {}", name,
                               footer, size));
  }
  return {};
}

Status check_columns(const parquet::schema::GroupNode& root) {
  std::set<std::string_view> names;
  for (int i = 0; i < root.field_count(); ++i) {
    if (!names.insert(root.field(i)->name()).second) {
      return invalid_input(fmt::format("two columns are named '{}'; rename or drop one of them",
                                       root.field(i)->name()));
    }
  }
  return {};
}

Status check_rows(const parquet::FileMetaData& metadata) {
  std::int64_t total = 0;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const std::int64_t rows = metadata.RowGroup(i)->num_rows();
    if (rows < 0 || rows > kMaxRowsInGroup) {
      return corrupt(fmt::format("row group {} claims {} rows", i, rows));
    }
    total += rows;
  }
  if (total != metadata.num_rows()) {
    return corrupt(fmt::format("it claims {} rows, its row groups {}", metadata.num_rows(), total));
  }
  return {};
}

bool is_list_or_map(const parquet::schema::Node& node) {
  return node.is_repeated() ||
         (node.is_group() && (node.logical_type()->is_list() || node.logical_type()->is_map()));
}

std::string_view unit_text(parquet::LogicalType::TimeUnit::unit unit) {
  switch (unit) {
    case parquet::LogicalType::TimeUnit::MILLIS:
      return "ms";
    case parquet::LogicalType::TimeUnit::MICROS:
      return "us";
    default:
      return "ns";
  }
}

LeafInfo describe_integer(const parquet::LogicalType& logical, int bits) {
  if (!logical.is_int()) return {LeafKind::kInteger, fmt::format("int{}", bits)};
  const auto& type = arrow::internal::checked_cast<const parquet::IntLogicalType&>(logical);
  return {LeafKind::kInteger, fmt::format("{}int{}", type.is_signed() ? "" : "u", type.bit_width()),
          !type.is_signed()};
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character + 32) : character;
  });
  return text;
}

// Of what is stored as an integer and is none.
std::string number_text(const parquet::LogicalType& logical) {
  if (logical.is_date()) return "date";
  if (logical.is_time()) return "time";
  if (logical.is_decimal()) return "decimal";
  return lower(logical.ToString());
}

}  // namespace

Result<std::unique_ptr<ParquetFile>> open_parquet(std::unique_ptr<files::ByteSource> source,
                                                  ByteCount max_page_size) {
  RETURN_IF_ERROR(check_magic(*source));
  auto file = std::make_unique<ParquetFile>();
  file->source = std::move(source);
  file->pool = std::make_shared<LimitedPool>(max_page_size);
  file->properties = parquet::ReaderProperties(file->pool.get());
  // A list or text of the footer cannot have more items than the file has bytes.
  const std::uint64_t size = file->source->size().count();
  file->properties.set_thrift_string_size_limit(
      static_cast<std::int32_t>(std::min<std::uint64_t>(kMaxFooterString, size)));
  file->properties.set_thrift_container_size_limit(
      static_cast<std::int32_t>(std::min<std::uint64_t>(kMaxFooterList, size)));
  file->properties.set_schema_depth_limit(kMaxSchemaDepth);
  const std::string& name = file->source->name();
  Status checked = guard_parquet(ErrorCode::kCorrupt, [&] -> Status {
    file->metadata =
        parquet::ParquetFileReader::Open(random_access_file(*file->source), file->properties)
            ->metadata();
    return check_rows(*file->metadata);
  });
  if (!checked) return std::move(checked.error()).within(name + ": bad Parquet footer");
  RETURN_IF_ERROR(with_context(check_columns(*file->metadata->schema()->group_node()), name));
  return file;
}

LeafInfo describe_values(const parquet::schema::PrimitiveNode& node) {
  const parquet::LogicalType& logical = *node.logical_type();
  // A column of the null type holds nothing but nulls: as good as absent.
  if (logical.is_null()) return {LeafKind::kAbsent, "null"};
  switch (node.physical_type()) {
    case parquet::Type::BOOLEAN:
      return {LeafKind::kBoolean, "boolean"};
    case parquet::Type::BYTE_ARRAY:
      if (logical.is_string() || logical.is_enum()) return {LeafKind::kText, "string"};
      if (logical.is_JSON()) return {LeafKind::kText, "json text"};
      if (logical.is_decimal()) return {LeafKind::kOther, "decimal"};
      return {LeafKind::kBinary, "binary"};
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      if (logical.is_decimal()) return {LeafKind::kOther, "decimal"};
      if (logical.is_float16()) return {LeafKind::kOther, "float16"};
      return {LeafKind::kBinary, fmt::format("binary of {} bytes", node.type_length())};
    case parquet::Type::INT96:
      return {LeafKind::kTimestamp, "timestamp[ns] (int96)"};
    case parquet::Type::INT32:
    case parquet::Type::INT64:
      if (logical.is_timestamp()) {
        const auto& type =
            arrow::internal::checked_cast<const parquet::TimestampLogicalType&>(logical);
        return {LeafKind::kTimestamp, fmt::format("timestamp[{}{}]", unit_text(type.time_unit()),
                                                  type.is_adjusted_to_utc() ? ", UTC" : "")};
      }
      if (logical.is_int() || logical.is_none()) {
        return describe_integer(logical, node.physical_type() == parquet::Type::INT32 ? 32 : 64);
      }
      return {LeafKind::kOther, number_text(logical)};
    case parquet::Type::FLOAT:
    case parquet::Type::DOUBLE:
      return {LeafKind::kReal, lower(parquet::TypeToString(node.physical_type()))};
    default:
      return {LeafKind::kOther, lower(parquet::TypeToString(node.physical_type()))};
  }
}

LeafInfo describe_leaf(const parquet::schema::Node& node) {
  if (is_list_or_map(node)) {
    return {LeafKind::kRepeated, node.logical_type()->is_map() ? "map" : "list"};
  }
  if (node.is_group()) return {LeafKind::kGroup, "struct"};
  return describe_values(
      arrow::internal::checked_cast<const parquet::schema::PrimitiveNode&>(node));
}

LeafPlace find_leaf(const parquet::SchemaDescriptor& schema, std::string_view path) {
  const parquet::schema::Node* node = schema.group_node();
  while (true) {
    const std::size_t dot = path.find('.');
    const auto& group = arrow::internal::checked_cast<const parquet::schema::GroupNode&>(*node);
    const parquet::schema::Node* found = nullptr;
    for (int i = 0; i < group.field_count() && found == nullptr; ++i) {
      if (group.field(i)->name() == path.substr(0, dot)) found = group.field(i).get();
    }
    if (found == nullptr) return {};
    LeafPlace place{.info = describe_leaf(*found)};
    if (place.info.kind == LeafKind::kRepeated) return place;
    if (dot == std::string_view::npos) {
      if (found->is_primitive()) {
        place.column = schema.GetColumnIndex(
            arrow::internal::checked_cast<const parquet::schema::PrimitiveNode&>(*found));
      }
      return place;
    }
    if (!found->is_group()) return {};
    node = found;
    path.remove_prefix(dot + 1);
  }
}

Result<ChunkRange> chunk_range(const ParquetFile& file, const parquet::ColumnChunkMetaData& chunk) {
  const auto size = static_cast<std::int64_t>(file.source->size().count());
  std::int64_t begin = chunk.data_page_offset();
  if (chunk.has_dictionary_page() && chunk.dictionary_page_offset() > 0 &&
      chunk.dictionary_page_offset() < begin) {
    begin = chunk.dictionary_page_offset();
  }
  std::int64_t length = chunk.total_compressed_size();
  if (begin < 0 || length < 0 || begin > size || length > size - begin) {
    return corrupt(fmt::format("the column chunk claims {} bytes at {}, the file has {}", length,
                               begin, size));
  }
  // Old writers left the header of the dictionary page out of the length (PARQUET-816).
  if (file.metadata->writer_version().VersionLt(
          parquet::ApplicationVersion::PARQUET_816_FIXED_VERSION())) {
    constexpr std::int64_t kLongestHeader = 100;
    length += std::min(kLongestHeader, size - (begin + length));
  }
  return ChunkRange{static_cast<std::uint64_t>(begin), static_cast<std::uint64_t>(begin + length)};
}

}  // namespace assay::tables
