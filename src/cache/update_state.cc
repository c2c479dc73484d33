#include "cache/update_state.h"

#include "core/log.h"
#include "core/parse_number.h"
#include "files/atomic_file.h"
#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::cache {
namespace {

// Of images in folders, which take 16 bytes for their marks and a few for their rows, 20 million.
constexpr ByteCount kMaxStateSize{512U << 20};
constexpr std::uint64_t kMaxRow = std::uint64_t{1} << 32;
constexpr std::size_t kMaxRows = 50'000'000;
constexpr std::int64_t kUpdateStateVersion = 1;

void write_instant(json::Writer& writer, std::string_view name,
                   const std::optional<Timestamp>& value) {
  writer.name(name);
  value ? writer.text(to_rfc3339(*value)) : writer.null();
}

void write_table_state(json::Writer& writer, const TableState& table) {
  writer.begin_object();
  writer.name("path").text(table.path);
  writer.name("identity").text(table.identity);
  writer.name("size_bytes").unsigned_integer(table.size_bytes);
  writer.name("local").text(table.local);
  writer.name("num_rows");
  table.num_rows ? writer.unsigned_integer(*table.num_rows) : writer.null();
  writer.name("taken").text(rows_text(table.taken));
  if (!table.marks.empty()) writer.name("marks").text(table.marks);
  writer.name("refused").text(table.refused);
  writer.end_object();
}

void write_source(json::Writer& writer, const UpdateSource& source) {
  writer.begin_object();
  writer.name("name").text(source.name);
  writer.name("commit").text(source.commit);
  write_instant(writer, "last_attempt", source.last_attempt);
  write_instant(writer, "last_success", source.last_success);
  write_instant(writer, "next_due", source.next_due);
  writer.name("failures").unsigned_integer(source.num_failures);
  writer.name("failure");
  if (source.failure) {
    writer.begin_object();
    writer.name("cause").text(source.failure->cause);
    writer.name("message").text(source.failure->message);
    writer.name("at").text(to_rfc3339(source.failure->at));
    writer.end_object();
  } else {
    writer.null();
  }
  writer.name("tables").begin_list();
  for (const TableState& table : source.tables) write_table_state(writer, table);
  writer.end_list();
  writer.end_object();
}

/// Errors of all that read: kInvalidInput.
Result<std::optional<Timestamp>> instant_in(const json::Value& object, std::string_view name) {
  const json::Value* const member = object.find(name);
  if (member == nullptr || member->is_null()) return std::optional<Timestamp>();
  ASSIGN_OR_RETURN(const std::string text, object.require_text(name));
  ASSIGN_OR_RETURN(const Timestamp instant, parse_timestamp(text));
  return std::optional(instant);
}

Result<std::uint64_t> count_in(const json::Value& object, std::string_view name) {
  ASSIGN_OR_RETURN(const std::int64_t value, object.require_integer(name));
  if (value < 0) return invalid_input("a count below zero");
  return static_cast<std::uint64_t>(value);
}

Result<TableState> read_table(const json::Value& object) {
  TableState table;
  ASSIGN_OR_RETURN(table.path, object.require_text("path"));
  ASSIGN_OR_RETURN(table.identity, object.require_text("identity"));
  ASSIGN_OR_RETURN(table.size_bytes, count_in(object, "size_bytes"));
  ASSIGN_OR_RETURN(table.local, object.require_text("local"));
  // A name, and nothing that leads elsewhere.
  if (table.local.contains('/') || table.local == "..") return invalid_input("a path as a name");
  const json::Value* const rows = object.find("num_rows");
  if (rows != nullptr && !rows->is_null()) {
    ASSIGN_OR_RETURN(table.num_rows, count_in(object, "num_rows"));
  }
  ASSIGN_OR_RETURN(const std::string taken, object.require_text("taken"));
  ASSIGN_OR_RETURN(table.taken, parse_rows(taken));
  if (object.find("marks") != nullptr) {
    ASSIGN_OR_RETURN(table.marks, object.require_text("marks"));
  }
  ASSIGN_OR_RETURN(table.refused, object.require_text("refused"));
  return table;
}

Result<UpdateSource> read_source(const json::Value& object) {
  UpdateSource source;
  ASSIGN_OR_RETURN(source.name, object.require_text("name"));
  ASSIGN_OR_RETURN(source.commit, object.require_text("commit"));
  ASSIGN_OR_RETURN(source.last_attempt, instant_in(object, "last_attempt"));
  ASSIGN_OR_RETURN(source.last_success, instant_in(object, "last_success"));
  ASSIGN_OR_RETURN(source.next_due, instant_in(object, "next_due"));
  ASSIGN_OR_RETURN(source.num_failures, count_in(object, "failures"));
  const json::Value* const failure = object.find("failure");
  if (failure != nullptr && !failure->is_null()) {
    UpdateFailure& read = source.failure.emplace();
    ASSIGN_OR_RETURN(read.cause, failure->require_text("cause"));
    ASSIGN_OR_RETURN(read.message, failure->require_text("message"));
    ASSIGN_OR_RETURN(const auto at, instant_in(*failure, "at"));
    read.at = at.value_or(Timestamp());
  }
  const json::Value* const tables = object.find("tables");
  if (tables == nullptr || tables->list() == nullptr) return invalid_input("no list of tables");
  for (const json::Value& entry : *tables->list()) {
    ASSIGN_OR_RETURN(TableState table, read_table(entry));
    source.tables.push_back(std::move(table));
  }
  return source;
}

Result<UpdateState> parse_state(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value value, json::parse(text, {.max_size = kMaxStateSize}));
  ASSIGN_OR_RETURN(const std::int64_t version, value.require_integer("version"));
  if (version != kUpdateStateVersion) return invalid_input("another version");
  const json::Value* const sources = value.find("sources");
  if (sources == nullptr || sources->list() == nullptr) return invalid_input("no list of sources");
  UpdateState state;
  for (const json::Value& entry : *sources->list()) {
    ASSIGN_OR_RETURN(UpdateSource source, read_source(entry));
    state.sources.push_back(std::move(source));
  }
  return state;
}

}  // namespace

UpdateSource& UpdateState::source(std::string_view name) {
  const auto found = std::ranges::find(sources, name, &UpdateSource::name);
  if (found != sources.end()) return *found;
  sources.push_back({.name = std::string(name)});
  return sources.back();
}

std::string rows_text(const std::vector<std::uint64_t>& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t end = i + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += end - i == 1 ? std::to_string(rows[i]) : fmt::format("{}-{}", rows[i], rows[end - 1]);
    i = end;
  }
  return text;
}

Result<std::vector<std::uint64_t>> parse_rows(std::string_view text) {
  std::vector<std::uint64_t> rows;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    const std::size_t dash = part.find('-');
    const auto first = parse_integer(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_integer(part.substr(dash + 1));
    const bool is_range = first && last && *first >= 0 && *last >= *first &&
                          std::cmp_less(*last, kMaxRow) &&
                          (rows.empty() || std::cmp_greater(*first, rows.back())) &&
                          std::cmp_less(*last - *first, kMaxRows - rows.size());
    if (!is_range) return invalid_input("expected rows that ascend, like 0-5,9");
    for (auto row = static_cast<std::uint64_t>(*first); std::cmp_less_equal(row, *last); ++row) {
      rows.push_back(row);
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return rows;
}

Result<UpdateState> read_update_state(files::FileSystem& file_system, const CacheLayout& layout) {
  const auto text = files::read_file(file_system, layout.update_state(), kMaxStateSize);
  if (!text && text.error().code == ErrorCode::kNotFound) return UpdateState();
  if (!text && text.error().code != ErrorCode::kExhausted) return text.error();
  auto state = text ? parse_state(*text) : Result<UpdateState>(text.error());
  if (state) return state;
  log_warning("what earlier updates noted cannot be read; they begin anew",
              {{"file", layout.update_state().native()}, {"reason", state.error().message}});
  return UpdateState();
}

Status write_update_state(files::FileSystem& file_system, const CacheLayout& layout,
                          const UpdateState& state) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("version").integer(kUpdateStateVersion);
  writer.name("sources").begin_list();
  for (const UpdateSource& source : state.sources) write_source(writer, source);
  writer.end_list();
  writer.end_object();
  return files::write_file(file_system, layout.update_state(), writer.take() + "\n");
}

}  // namespace assay::cache
