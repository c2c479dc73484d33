#include "audit/inspect.h"

#include "json/writer.h"
#include "report/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace assay::audit {

namespace {

using tables::FieldDescription;
using tables::FileDescription;
using tables::LeafKind;

struct Need {
  std::string_view path;
  std::string_view expected;
  LeafKind kind;
  std::string_view when_absent;
  std::string_view when_unusual;
};

constexpr std::array kNeeds = {
    Need{"miner_hotkey", "text", LeafKind::kText, "all jobs count for the miner UNKNOWN",
         "binary and integers are read as text, other types are refused"},
    Need{"status", "text", LeafKind::kText, "every status counts as other",
         "every status counts as other"},
    Need{"response_payload.callback_metadata.has_image", "boolean", LeafKind::kBoolean,
         "image_uri alone decides", "it is ignored: image_uri alone decides"},
    Need{"response_payload.image_uri", "text", LeafKind::kText,
         "jobs where has_image does not decide count as missing",
         "jobs where has_image does not decide count as missing"},
    Need{"job_id", "text", LeafKind::kText, "verify cannot name jobs", "verify cannot name jobs"},
    Need{"created_at", "timestamp", LeafKind::kTimestamp,
         "no --since and --until, no missing by hour",
         "no --since and --until, no missing by hour"},
    Need{"model_id", "text", LeafKind::kText, "no missing by model", "no missing by model"},
};

const FieldDescription* find(const FileDescription& file, std::string_view path) {
  const auto found = std::ranges::find(file.fields, path, &FieldDescription::path);
  return found == file.fields.end() ? nullptr : &*found;
}

NeededColumn judge_column(const FileDescription& file, const Need& need) {
  NeededColumn column{.path = std::string(need.path), .expected = std::string(need.expected)};
  const FieldDescription* field = find(file, need.path);
  if (field == nullptr || field->info.kind == LeafKind::kAbsent) {
    column.fitness = Fitness::kAbsent;
    column.effect = need.when_absent;
    // A column above it that is not a struct tells more than that the field is absent.
    for (std::size_t dot = need.path.rfind('.'); dot != std::string_view::npos && dot > 0;
         dot = need.path.rfind('.', dot - 1)) {
      const FieldDescription* above = find(file, need.path.substr(0, dot));
      if (above == nullptr || above->info.kind == LeafKind::kGroup) continue;
      column.effect += fmt::format("; {} is {}, not a struct", above->path, above->info.type);
      if (above->info.kind == LeafKind::kText) column.effect += " (JSON text? see --parse-json)";
    }
    return column;
  }
  column.type = field->info.type;
  if (field->info.kind == need.kind) return column;
  column.fitness = Fitness::kUnusual;
  column.effect = need.when_unusual;
  return column;
}

std::map<std::string, std::string, std::less<>> types_of(const FileDescription& file) {
  std::map<std::string, std::string, std::less<>> types;
  for (const FieldDescription& field : file.fields) types.emplace(field.path, field.info.type);
  return types;
}

std::vector<std::string> differences_of(const std::vector<FileDescription>& files) {
  std::vector<std::string> differences;
  const auto first = types_of(files.front());
  for (const FileDescription& file : files) {
    const auto types = types_of(file);
    for (const auto& [path, type] : types) {
      const auto other = first.find(path);
      if (other == first.end()) {
        differences.push_back(fmt::format("{}: has a column {} more", file.name, path));
      } else if (other->second != type) {
        differences.push_back(
            fmt::format("{}: column {} is {}, not {}", file.name, path, type, other->second));
      }
    }
    for (const auto& [path, type] : first) {
      if (!types.contains(path)) {
        differences.push_back(fmt::format("{}: has no column {}", file.name, path));
      }
    }
  }
  return differences;
}

std::string plural(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", report::count_text(count), noun, count == 1 ? "" : "s");
}

// Columns as wide as their widest cell; the last is not padded.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += fmt::format("{:<{}}", row[i], i + 1 < row.size() ? widths[i] + 2 : 0);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

// A name from outside must not break the table or move the cursor.
std::string printable(std::string_view text) {
  std::string shown;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    shown +=
        byte < 0x20 || byte == 0x7F ? fmt::format("\\x{:02x}", byte) : std::string(1, character);
  }
  return shown;
}

std::string range_text(const FieldDescription& field) {
  if (!field.first || !field.last) return "";
  return fmt::format("{} .. {}", to_rfc3339(*field.first), to_rfc3339(*field.last));
}

std::string file_line(const FileDescription& file) {
  return fmt::format("{}: {}, {}, {}, {} ({} raw), written by {}\n", printable(file.name),
                     plural(file.num_rows, "row"), plural(file.num_columns, "column"),
                     plural(file.num_row_groups, "row group"), to_string(file.size),
                     to_string(file.raw), printable(file.written_by));
}

std::string_view fitness_text(Fitness fitness) {
  switch (fitness) {
    case Fitness::kGood:
      return "good";
    case Fitness::kAbsent:
      return "absent";
    case Fitness::kUnusual:
      return "unusual";
  }
  return "unknown";
}

void write_instant(json::Writer& json, std::string_view name, std::optional<Timestamp> instant) {
  json.name(name);
  instant ? json.text(to_rfc3339(*instant)) : json.null();
}

void write_field(json::Writer& json, const FieldDescription& field) {
  json.begin_object();
  json.name("path").text(field.path).name("type").text(field.info.type);
  json.name("is_leaf").boolean(field.is_leaf);
  json.name("codec");
  field.is_leaf ? json.text(field.codec) : json.null();
  json.name("compressed_bytes").unsigned_integer(field.compressed.count());
  json.name("raw_bytes").unsigned_integer(field.raw.count());
  json.name("num_nulls");
  field.num_nulls ? json.unsigned_integer(*field.num_nulls) : json.null();
  json.name("null_share");
  const auto share = field.null_share();
  share ? json.number(static_cast<double>(*share)) : json.null();
  write_instant(json, "first", field.first);
  write_instant(json, "last", field.last);
  json.end_object();
}

void write_file(json::Writer& json, const FileDescription& file) {
  json.begin_object();
  json.name("name").text(file.name);
  json.name("size_bytes").unsigned_integer(file.size.count());
  json.name("num_rows").unsigned_integer(file.num_rows);
  json.name("num_columns").unsigned_integer(file.num_columns);
  json.name("num_row_groups").unsigned_integer(file.num_row_groups);
  json.name("written_by").text(file.written_by);
  json.name("compressed_bytes").unsigned_integer(file.compressed.count());
  json.name("raw_bytes").unsigned_integer(file.raw.count());
  json.name("fields").begin_list();
  for (const FieldDescription& field : file.fields) write_field(json, field);
  json.end_list().end_object();
}

}  // namespace

std::uint64_t Inspection::num_rows() const {
  std::uint64_t rows = 0;
  for (const FileDescription& file : files) rows += file.num_rows;
  return rows;
}

Result<Inspection> inspect(const tables::DatasetSources& sources,
                           std::span<const tables::DatasetFile> files,
                           const std::stop_token& stop) {
  Inspection inspection;
  for (const tables::DatasetFile& file : files) {
    if (stop.stop_requested()) return cancelled("stopped while reading Parquet footers");
    ASSIGN_OR_RETURN(auto description, tables::describe_file(sources, file.address));
    inspection.files.push_back(std::move(description));
  }
  if (inspection.files.empty()) return invalid_input("there are no files to inspect");
  for (const Need& need : kNeeds) {
    inspection.needed.push_back(judge_column(inspection.files.front(), need));
  }
  inspection.differences = differences_of(inspection.files);
  return inspection;
}

std::string inspection_text(const Inspection& inspection) {
  std::string text;
  for (const FileDescription& file : inspection.files) text += file_line(file);
  if (inspection.files.size() > 1) {
    text +=
        fmt::format("{} in {}; the columns are those of the first\n",
                    plural(inspection.num_rows(), "row"), plural(inspection.files.size(), "file"));
  }
  std::vector<std::vector<std::string>> rows = {
      {"column", "type", "nulls", "codec", "stored", "raw", "first .. last"}};
  for (const FieldDescription& field : inspection.files.front().fields) {
    std::vector<std::string> row = {std::string(2 * field.depth, ' ') + printable(field.name),
                                    printable(field.info.type)};
    if (field.is_leaf) {
      const auto share = field.null_share();
      row.push_back(share ? fmt::format("{:.1f} %", static_cast<double>(*share) * 100) : "");
      row.push_back(field.codec);
      row.push_back(to_string(field.compressed));
      row.push_back(to_string(field.raw));
      row.push_back(range_text(field));
    }
    rows.push_back(std::move(row));
  }
  text += '\n' + aligned(rows) + "\nWhat the audit reads:\n";
  std::vector<std::vector<std::string>> needs;
  needs.reserve(inspection.needed.size());
  for (const NeededColumn& column : inspection.needed) {
    needs.push_back({"  " + column.path, column.type.empty() ? "-" : column.type,
                     std::string(fitness_text(column.fitness)), column.effect});
  }
  text += aligned(needs);
  for (const std::string& difference : inspection.differences) {
    text += "difference: " + printable(difference) + '\n';
  }
  return text;
}

std::string inspection_json(const Inspection& inspection) {
  json::Writer json(json::Layout::kPretty);
  json.begin_object();
  json.name("num_rows").unsigned_integer(inspection.num_rows());
  json.name("files").begin_list();
  for (const FileDescription& file : inspection.files) write_file(json, file);
  json.end_list();
  json.name("needed").begin_list();
  for (const NeededColumn& column : inspection.needed) {
    json.begin_object();
    json.name("path").text(column.path).name("expected").text(column.expected);
    json.name("type");
    column.type.empty() ? json.null() : json.text(column.type);
    json.name("fitness").text(fitness_text(column.fitness));
    json.name("effect");
    column.effect.empty() ? json.null() : json.text(column.effect);
    json.end_object();
  }
  json.end_list();
  json.name("differences").begin_list();
  for (const std::string& difference : inspection.differences) json.text(difference);
  json.end_list().end_object();
  return json.take() + '\n';
}

}  // namespace assay::audit
