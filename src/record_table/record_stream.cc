#include "record_table/record_stream.h"

#include "core/check.h"
#include "record_reading/history_cursor.h"
#include "record_table/column_builder_internal.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace assay::record_table {
namespace {

using records::RecordField;
using records::RecordView;

record_reading::ReadOptions reading(const StreamOptions& options) {
  record_reading::ReadOptions result{.since = options.since};
  for (const RecordColumn& column : options.columns) {
    if (column.field) result.fields.push_back(*column.field);
  }
  // No fields would mean all of them.
  if (result.fields.empty()) result.fields.push_back(RecordField::kGenerationId);
  return result;
}

}  // namespace

struct RecordStream::State {
  State(StreamOptions given_options, record_reading::HistoryCursor given_cursor)
      : options(std::move(given_options)), cursor(std::move(given_cursor)) {
    for (const RecordColumn& column : options.columns) builders.emplace_back(column.type);
  }

  void add(const RecordView& record);
  /// Makes a batch of the rows that wait, if there are any.
  void end_batch();

  StreamOptions options;
  record_reading::HistoryCursor cursor;
  std::vector<ColumnBuilder> builders;
  std::size_t num_rows = 0;  // in the builders
  std::deque<RecordBatch> ready;
  std::uint64_t num_wrong_type = 0;
  bool is_at_end = false;
  bool has_failed = false;
};

void RecordStream::State::add(const RecordView& record) {
  std::size_t text_bytes = 0;
  for (std::size_t i = 0; i < builders.size(); ++i) {
    const auto& field = options.columns[i].field;
    if (!field) {
      builders[i].add_text(record.line);
    } else if (*field == RecordField::kTimestamp) {
      builders[i].add_time(record.time);  // what is no time, the reader has counted
    } else if (!builders[i].add(record[*field])) {
      ++num_wrong_type;
    }
    text_bytes += builders[i].text_size();
  }
  ++num_rows;
  if (num_rows >= options.max_rows || text_bytes >= options.max_text_bytes) end_batch();
}

void RecordStream::State::end_batch() {
  if (num_rows == 0) return;
  RecordBatch batch{.num_rows = num_rows};
  for (ColumnBuilder& builder : builders) batch.columns.push_back(builder.take());
  ready.push_back(std::move(batch));
  num_rows = 0;
}

RecordStream::RecordStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordStream::RecordStream(RecordStream&&) noexcept = default;
RecordStream& RecordStream::operator=(RecordStream&&) noexcept = default;
RecordStream::~RecordStream() = default;

Result<RecordStream> RecordStream::open(files::FileSystem& file_system,
                                        const std::filesystem::path& folder,
                                        const StreamOptions& options) {
  CHECK(options.max_rows > 0, "a batch has rows");
  ASSIGN_OR_RETURN(auto cursor,
                   record_reading::HistoryCursor::open(file_system, folder, reading(options)));
  return RecordStream(std::make_unique<State>(options, std::move(cursor)));
}

Result<std::optional<RecordBatch>> RecordStream::next() {
  State& state = *state_;
  if (state.has_failed) return internal("the history could not be read to its end: begin anew");
  const record_reading::OnRecord add = [&state](const RecordView& record, unsigned,
                                                std::uint64_t) -> Status {
    state.add(record);
    return {};
  };
  while (state.ready.empty() && !state.is_at_end) {
    auto has_more = state.cursor.next(add);
    if (!has_more) {
      state.has_failed = true;
      return std::move(has_more.error());
    }
    state.is_at_end = !*has_more;
    if (state.is_at_end) state.end_batch();
  }
  if (state.ready.empty()) return std::nullopt;
  std::optional<RecordBatch> batch(std::move(state.ready.front()));
  state.ready.pop_front();
  return batch;
}

StreamCounts RecordStream::counts() const {
  return {.lines = state_->cursor.counts(), .num_wrong_type = state_->num_wrong_type};
}

}  // namespace assay::record_table
