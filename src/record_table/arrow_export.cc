#include "record_table/arrow_export.h"

#include "core/check.h"

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// The structures are owned as the interface says: `private_data` holds what `release` deletes, a
// child has a release of its own since a consumer may take it away from its parent, and a release
// that is null marks what was released or taken.

namespace assay::record_table {
namespace {

const char* format_of(ColumnType type) {
  switch (type) {
    case ColumnType::kText:
    case ColumnType::kJson:
      return "u";
    case ColumnType::kInteger:
      return "l";
    case ColumnType::kNumber:
      return "g";
    case ColumnType::kBoolean:
      return "b";
    case ColumnType::kTime:
      return "tsu:UTC";
  }
  return "n";
}

/// The children of a structure, as the pointers that the interface wants.
template <typename Structure>
class Children {
 public:
  void add(Structure child) {
    owned_.push_back(std::make_unique<Structure>(child));
    pointers_.push_back(owned_.back().get());
  }
  Structure** pointers() { return pointers_.data(); }
  std::int64_t size() const { return static_cast<std::int64_t>(pointers_.size()); }
  void release() {
    for (const auto& child : owned_) {
      if (child->release != nullptr) child->release(child.get());
    }
  }

 private:
  std::vector<std::unique_ptr<Structure>> owned_;
  std::vector<Structure*> pointers_;
};

struct SchemaHolder {
  std::string name;
  Children<ArrowSchema> children;
};

void release_schema(ArrowSchema* schema) {
  const std::unique_ptr<SchemaHolder> holder(static_cast<SchemaHolder*>(schema->private_data));
  holder->children.release();
  schema->release = nullptr;
}

ArrowSchema schema_of(const char* format, std::int64_t flags,
                      std::unique_ptr<SchemaHolder> holder) {
  ArrowSchema schema{};
  schema.format = format;
  schema.name = holder->name.c_str();
  schema.flags = flags;
  schema.n_children = holder->children.size();
  schema.children = holder->children.pointers();
  schema.release = release_schema;
  schema.private_data = holder.release();
  return schema;
}

struct ArrayHolder {
  Column column;
  std::array<const void*, 3> buffers{};
  Children<ArrowArray> children;
};

void release_array(ArrowArray* array) {
  const std::unique_ptr<ArrayHolder> holder(static_cast<ArrayHolder*>(array->private_data));
  holder->children.release();
  array->release = nullptr;
}

ArrowArray array_of(std::size_t num_rows, std::int64_t num_buffers,
                    std::unique_ptr<ArrayHolder> holder) {
  ArrowArray array{};
  array.length = static_cast<std::int64_t>(num_rows);
  array.null_count = static_cast<std::int64_t>(holder->column.num_nulls);
  array.n_buffers = num_buffers;
  array.buffers = holder->buffers.data();
  array.n_children = holder->children.size();
  array.children = holder->children.pointers();
  array.release = release_array;
  array.private_data = holder.release();
  return array;
}

ArrowArray export_column(Column given) {
  auto holder = std::make_unique<ArrayHolder>();
  holder->column = std::move(given);
  const Column& column = holder->column;
  auto& buffers = holder->buffers;
  if (column.num_nulls > 0) buffers[0] = column.validity.data();
  std::int64_t num_buffers = 2;
  switch (column.type) {
    case ColumnType::kText:
    case ColumnType::kJson:
      buffers[1] = column.offsets.data();
      buffers[2] = column.text.data();
      num_buffers = 3;
      break;
    case ColumnType::kInteger:
    case ColumnType::kTime:
      buffers[1] = column.integers.data();
      break;
    case ColumnType::kNumber:
      buffers[1] = column.numbers.data();
      break;
    case ColumnType::kBoolean:
      buffers[1] = column.booleans.data();
      break;
  }
  return array_of(column.num_rows, num_buffers, std::move(holder));
}

struct StreamHolder {
  RecordStream stream;
  std::vector<RecordColumn> columns;
  OnEnd on_end;
  std::string last_error;
};

int errno_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
      return EINVAL;
    case ErrorCode::kNotFound:
      return ENOENT;
    case ErrorCode::kDenied:
      return EACCES;
    case ErrorCode::kCancelled:
      return ECANCELED;
    default:
      return EIO;
  }
}

StreamHolder& holder_of(ArrowArrayStream* stream) {
  return *static_cast<StreamHolder*>(stream->private_data);
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  *out = export_schema(holder_of(stream).columns);
  return 0;
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  StreamHolder& holder = holder_of(stream);
  auto batch = holder.stream.next();
  if (!batch) {
    holder.last_error = batch.error().message;
    return errno_of(batch.error().code);
  }
  if (*batch) {
    *out = export_batch(std::move(**batch));
    return 0;
  }
  out->release = nullptr;
  if (holder.on_end) std::exchange(holder.on_end, nullptr)(holder.stream.counts());
  return 0;
}

const char* get_last_error(ArrowArrayStream* stream) {
  const std::string& message = holder_of(stream).last_error;
  return message.empty() ? nullptr : message.c_str();
}

void release_stream(ArrowArrayStream* stream) {
  const std::unique_ptr<StreamHolder> holder(static_cast<StreamHolder*>(stream->private_data));
  stream->release = nullptr;
}

}  // namespace

ArrowSchema export_schema(std::span<const RecordColumn> columns) {
  auto table = std::make_unique<SchemaHolder>();
  for (const RecordColumn& column : columns) {
    auto child = std::make_unique<SchemaHolder>();
    child->name = column.name;
    table->children.add(schema_of(format_of(column.type), ARROW_FLAG_NULLABLE, std::move(child)));
  }
  return schema_of("+s", 0, std::move(table));
}

ArrowArray export_batch(RecordBatch batch) {
  auto table = std::make_unique<ArrayHolder>();
  for (Column& column : batch.columns) {
    CHECK(column.num_rows == batch.num_rows, "the columns of a batch have one length");
    table->children.add(export_column(std::move(column)));
  }
  return array_of(batch.num_rows, 1, std::move(table));
}

ArrowArrayStream export_stream(RecordStream stream, std::span<const RecordColumn> columns,
                               OnEnd on_end) {
  ArrowArrayStream result{};
  result.get_schema = get_schema;
  result.get_next = get_next;
  result.get_last_error = get_last_error;
  result.release = release_stream;
  result.private_data =
      std::make_unique<StreamHolder>(
          StreamHolder{std::move(stream), {columns.begin(), columns.end()}, std::move(on_end), {}})
          .release();
  return result;
}

}  // namespace assay::record_table
