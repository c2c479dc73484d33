#include "updater/image_table.h"

#include "core/timestamp.h"
#include "crypto/base64.h"
#include "tables/leaf_scan.h"
#include "tables/wide_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

namespace assay::updater {
namespace {

using tables::FieldDescription;
using tables::LeafColumn;
using tables::LeafKind;

// Of columns that LeafScan reads: a page is in memory twice, packed and not.
constexpr ByteCount kMaxPageSize{std::uint64_t{1} << 30};
// A longer text in a sidecar helps nobody.
constexpr std::size_t kMaxTextSize = 32U << 10;
constexpr std::size_t kMaxColumnsTold = 12;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  return result;
}

bool speaks_of_images(std::string_view name) {
  const std::string words = lower(name);
  return std::ranges::any_of(
      std::to_array<std::string_view>({"image", "img", "photo", "picture", "base64", "b64"}),
      [&](std::string_view word) { return words.contains(word); });
}

/// The form in which a column of the table may hold images, and the leaf with their bytes.
struct Candidate {
  ImageForm form;
  std::string column;
  std::string leaf;
};

std::optional<Candidate> candidate_of(std::span<const FieldDescription> fields, std::size_t i,
                                      bool is_named) {
  const FieldDescription& field = fields[i];
  if (field.depth != 0) return std::nullopt;
  if (field.info.kind == LeafKind::kBinary) {
    return Candidate{.form = ImageForm::kBinary, .column = field.name, .leaf = field.path};
  }
  if (field.info.kind == LeafKind::kText && (is_named || speaks_of_images(field.name))) {
    return Candidate{.form = ImageForm::kBase64, .column = field.name, .leaf = field.path};
  }
  if (field.info.kind != LeafKind::kGroup) return std::nullopt;
  const FieldDescription* found = nullptr;
  for (std::size_t j = i + 1; j < fields.size() && fields[j].depth > 0; ++j) {
    if (fields[j].depth != 1 || fields[j].info.kind != LeafKind::kBinary) continue;
    if (fields[j].name == "bytes") found = &fields[j];
    if (found == nullptr && lower(fields[j].name).contains("bytes")) found = &fields[j];
  }
  if (found == nullptr) return std::nullopt;
  return Candidate{.form = ImageForm::kStruct, .column = field.name, .leaf = found->path};
}

std::optional<cache::Label> label_of(const LeafColumn& column) {
  std::optional<double> number;
  if (const auto boolean = column.boolean(0)) number = *boolean ? 1 : 0;
  if (const auto integer = column.integer(0)) number = static_cast<double>(*integer);
  if (const auto real = column.real(0)) number = real;
  if (const auto text = column.text(0)) {
    const auto label = cache::parse_label(lower(*text));
    return label ? std::optional(*label) : std::nullopt;
  }
  if (number == 1.0) return cache::Label::kRoadwork;
  if (number == 0.0) return cache::Label::kNone;
  return std::nullopt;
}

/// None: too long for a sidecar.
std::optional<json::Value> value_of(const LeafColumn& column, bool is_unsigned) {
  if (const auto boolean = column.boolean(0)) return json::Value(*boolean);
  if (const auto integer = column.integer(0)) {
    if (is_unsigned && *integer < 0) {
      return json::Value(static_cast<double>(static_cast<std::uint64_t>(*integer)));
    }
    return json::Value(*integer);
  }
  // What JSON cannot say is written as null.
  if (const auto real = column.real(0)) return json::Value(*real);
  if (const auto instant = column.timestamp(0)) return json::Value(to_rfc3339(*instant));
  if (const auto text = column.text(0)) {
    if (text->size() > kMaxTextSize) return std::nullopt;
    return json::Value(std::string(*text));
  }
  return json::Value();
}

/// Members of objects, by their paths.
struct Members {
  std::map<std::string, Members> inner = {};
  std::optional<json::Value> value = {};

  void set(std::string_view path, json::Value content) {
    const std::size_t dot = path.find('.');
    Members& member = inner[std::string(path.substr(0, dot))];
    if (dot == std::string_view::npos) {
      member.value = std::move(content);
    } else {
      member.set(path.substr(dot + 1), std::move(content));
    }
  }
  json::Value as_value() const {
    if (value) return *value;
    json::Value::Object object;
    for (const auto& [name, member] : inner) object.emplace(name, member.as_value());
    return json::Value(std::move(object));
  }
};

}  // namespace

Result<std::string> decode_image_text(std::string_view text) {
  if (text.starts_with("data:")) {
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos) return invalid_input("a data URL without data");
    text.remove_prefix(comma + 1);
  }
  std::string plain;
  plain.reserve(text.size());
  for (const char letter : text) {
    if (letter != '\n' && letter != '\r') plain += letter;
  }
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, crypto::base64_decode(plain));
  return std::string(as_text(bytes));
}

Result<ImageTable> ImageTable::open(const tables::DatasetSources& sources, std::string address,
                                    const ImageColumns& columns, const std::stop_token& stop) {
  if (stop.stop_requested()) return cancelled("stopped");
  ASSIGN_OR_RETURN(tables::FileDescription description, tables::describe_file(sources, address));
  ImageTable table(sources, std::move(address), std::move(description), columns);
  RETURN_IF_ERROR(table.find_image_column());
  table.plan_leaves();
  return table;
}

Status ImageTable::find_image_column() {
  std::optional<Candidate> best;
  std::string names;
  std::size_t num_columns = 0;
  for (std::size_t i = 0; i < description_.fields.size(); ++i) {
    const FieldDescription& field = description_.fields[i];
    if (field.depth != 0) continue;
    if (++num_columns <= kMaxColumnsTold) {
      names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", field.name, field.info.type);
    }
    if (!columns_.image.empty() && field.name != columns_.image) continue;
    auto candidate = candidate_of(description_.fields, i, !columns_.image.empty());
    if (!candidate) continue;
    const auto rank = [](const Candidate& one) {
      return std::pair(one.form, !speaks_of_images(one.column));
    };
    if (!best || rank(*candidate) < rank(*best)) best = std::move(candidate);
  }
  if (!best) {
    return invalid_input(
        fmt::format("{}: {}; its columns: {}{}. Expected a struct with the field bytes, binary "
                    "values, or base64 "
                    "texts in a column with image in its name; name one by --image-column",
                    address_,
                    columns_.image.empty() ? std::string("no column holds images")
                                           : "no column '" + columns_.image + "' holds images",
                    names, num_columns > kMaxColumnsTold ? " and more" : ""));
  }
  image_column_ = best->column;
  form_ = best->form;
  image_path_ = best->leaf;
  return {};
}

std::size_t ImageTable::add_leaf(const std::string& path) {
  leaves_.push_back(path);
  return leaves_.size() - 1;
}

void ImageTable::plan_leaves() {
  add_leaf(image_path_);
  for (const FieldDescription& field : description_.fields) {
    const bool is_of_image =
        field.path == image_column_ || field.path.starts_with(image_column_ + ".");
    if (is_of_image) {
      const bool is_name = field.name == "path" && field.info.kind == LeafKind::kText;
      if (is_name) name_leaf_ = add_leaf(field.path);
      continue;
    }
    switch (field.info.kind) {
      case LeafKind::kBoolean:
      case LeafKind::kInteger:
      case LeafKind::kTimestamp:
      case LeafKind::kReal:
      case LeafKind::kText:
        break;
      case LeafKind::kGroup:
        continue;
      default:
        // Parts of a list stand below it.
        if (field.info.kind != LeafKind::kAbsent) omitted_.push_back(field.path);
        continue;
    }
    const bool is_within_list = std::ranges::any_of(
        omitted_, [&](const std::string& path) { return field.path.starts_with(path + "."); });
    if (is_within_list) continue;
    const std::size_t leaf = add_leaf(field.path);
    if (field.path == columns_.label) {
      label_leaf_ = leaf;
    } else if (field.path == columns_.description && field.info.kind == LeafKind::kText) {
      description_leaf_ = leaf;
    } else {
      others_.push_back({.path = field.path, .leaf = leaf});
    }
  }
  std::erase_if(omitted_, [&](const std::string& path) {
    return std::ranges::any_of(
        omitted_, [&](const std::string& list) { return path.starts_with(list + "."); });
  });
}

bool ImageTable::has_labels() const { return label_leaf_.has_value(); }

Result<std::vector<std::optional<cache::Label>>> ImageTable::read_labels(
    const std::stop_token& stop) const {
  std::vector<std::optional<cache::Label>> labels(description_.num_rows);
  if (!label_leaf_) return labels;
  ASSIGN_OR_RETURN(tables::LeafScan scan,
                   tables::LeafScan::open(sources_, {{.address = address_, .constants = {}}},
                                          {.leaves = {columns_.label},
                                           .num_workers = 1,
                                           .batch_rows = 1,
                                           .max_page_size = kMaxPageSize},
                                          stop));
  RETURN_IF_ERROR(scan.run(
      [&](std::size_t, tables::LeafBatch& batch) -> Status {
        ASSIGN_OR_RETURN(const LeafColumn* const column, batch.column(0));
        labels[batch.row_number(0)] = label_of(*column);
        return {};
      },
      stop));
  return labels;
}

void ImageTable::put_image(TableRow& row, std::optional<std::string_view> bytes) const {
  if (!bytes || bytes->empty()) return;
  if (form_ != ImageForm::kBase64) {
    row.image = *bytes;
    return;
  }
  auto decoded = decode_image_text(*bytes);
  if (decoded) {
    row.image = std::move(*decoded);
  } else {
    row.problem = "no base64: " + decoded.error().message;
  }
}

/// All of a row but its image.
Result<TableRow> ImageTable::read_row(tables::LeafBatch& batch,
                                      std::span<const tables::LeafInfo> infos) const {
  TableRow row{.row = batch.row_number(0)};
  const auto text_at = [&](std::optional<std::size_t> leaf) -> Result<std::string> {
    if (!leaf) return std::string();
    ASSIGN_OR_RETURN(const LeafColumn* const column, batch.column(*leaf));
    return std::string(column->text(0).value_or(""));
  };
  ASSIGN_OR_RETURN(row.original_name, text_at(name_leaf_));
  ASSIGN_OR_RETURN(row.description, text_at(description_leaf_));
  if (label_leaf_) {
    ASSIGN_OR_RETURN(const LeafColumn* const label, batch.column(*label_leaf_));
    row.label = label_of(*label);
  }
  Members members;
  json::Value::List omitted;
  for (const std::string& path : omitted_) omitted.emplace_back(path);
  for (const OtherLeaf& other : others_) {
    ASSIGN_OR_RETURN(const LeafColumn* const column, batch.column(other.leaf));
    auto value = value_of(*column, infos[other.leaf].is_unsigned);
    if (value) {
      members.set(other.path, std::move(*value));
    } else {
      omitted.emplace_back(other.path);
    }
  }
  for (const auto& [name, member] : members.inner)
    row.columns.emplace_back(name, member.as_value());
  if (!omitted.empty()) {
    row.columns.emplace_back("omitted_columns", json::Value(std::move(omitted)));
  }
  return row;
}

Status ImageTable::scan_rows(std::span<const std::uint64_t> rows, WithImages with,
                             const OnRow& on_row, const std::stop_token& stop) const {
  ASSIGN_OR_RETURN(tables::LeafScan scan,
                   tables::LeafScan::open(sources_, {{.address = address_, .constants = {}}},
                                          {.leaves = leaves_,
                                           .num_workers = 1,
                                           .max_rows = rows.back() + 1,
                                           .batch_rows = 1,
                                           .max_page_size = kMaxPageSize},
                                          stop));
  const std::vector<tables::LeafInfo> infos = scan.files().front().leaves;
  std::size_t next = 0;
  return scan.run(
      [&](std::size_t, tables::LeafBatch& batch) -> Status {
        if (next == rows.size() || batch.row_number(0) != rows[next]) return {};
        ++next;
        ASSIGN_OR_RETURN(TableRow row, read_row(batch, infos));
        if (with == WithImages::kYes) {
          ASSIGN_OR_RETURN(const LeafColumn* const image, batch.column(0));
          put_image(row, image->text(0));
        }
        return on_row(std::move(row));
      },
      stop);
}

Status ImageTable::read_rows(std::span<const std::uint64_t> rows, const OnRow& on_row,
                             const std::stop_token& stop) const {
  if (rows.empty()) return {};
  std::map<std::uint64_t, TableRow> found;
  RETURN_IF_ERROR(scan_rows(
      rows, WithImages::kNo,
      [&](TableRow row) -> Status {
        const std::uint64_t number = row.row;
        found.emplace(number, std::move(row));
        return {};
      },
      stop));
  ASSIGN_OR_RETURN(const tables::WideRead read,
                   tables::read_wide_values(
                       sources_, address_, {.leaf = image_path_}, rows,
                       [&](std::uint64_t number, std::optional<std::string_view> bytes) -> Status {
                         auto row = found.extract(number);
                         if (row.empty()) return corrupt("a row of the table came twice");
                         put_image(row.mapped(), bytes);
                         return on_row(std::move(row.mapped()));
                       },
                       stop));
  if (read == tables::WideRead::kDone) return {};
  found.clear();
  return scan_rows(rows, WithImages::kYes, on_row, stop);
}

}  // namespace assay::updater
