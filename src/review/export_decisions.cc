#include "review/export_decisions.h"

#include "db/database.h"
#include "decisions/database_names.h"
#include "decisions/side_tables.h"
#include "files/atomic_file.h"
#include "json/python_repr.h"
#include "report/visible_text.h"
#include "tables/csv.h"
#include "tables/parquet_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace assay::review {
namespace {

namespace fs = std::filesystem;
using decisions::CropBox;
using decisions::Decision;

/// A row group is what is in memory at once.
constexpr std::size_t kMaxRowsOfGroup = 65'536;

/// A value of any column, or nothing.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

struct ExportColumn {
  std::string name;
  tables::ColumnType type = tables::ColumnType::kText;
  std::function<Cell(const DecisionSource&, const Decision&)> cell;
};

template <typename T>
Cell cell_of(const std::optional<T>& value) {
  return value ? Cell(*value) : Cell();
}

Cell cell_of(const std::optional<bool>& value) {
  return value ? Cell(std::int64_t{*value ? 1 : 0}) : Cell();
}

/// Nothing for what is no size.
std::optional<images::ImageSize> size_from(std::optional<std::int64_t> width,
                                           std::optional<std::int64_t> height) {
  const auto is_length = [](std::optional<std::int64_t> length) {
    return length && *length > 0 && std::in_range<std::uint32_t>(*length);
  };
  if (!is_length(width) || !is_length(height)) return std::nullopt;
  return images::ImageSize{.width = static_cast<std::uint32_t>(*width),
                           .height = static_cast<std::uint32_t>(*height)};
}

Cell text_cell(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

/// Of the image that a pick means. The row itself has one size: that of the user's pick, or of the
/// model's where no user has picked.
std::optional<images::ImageSize> size_of_pick(
    const DecisionSource& source, const Decision& decision,
    std::optional<images::ImageSize> PickedSizes::* member) {
  const auto sizes = source.sizes.find(decision.group_id);
  if (sizes != source.sizes.end() && sizes->second.*member) return sizes->second.*member;
  // Older tools left the size of either there.
  const bool are_two_images = decision.ai_selected_index && decision.user_selected_index &&
                              decision.ai_selected_index != decision.user_selected_index;
  return are_two_images ? std::nullopt : size_from(decision.image_width, decision.image_height);
}

Cell image_cell(const Decision& decision, std::optional<std::int64_t> index) {
  return index ? Cell(decision.images[static_cast<std::size_t>(*index)]) : Cell();
}

/// The columns of a table in the making.
class Columns {
 public:
  template <typename Read>
  void text(std::string_view name, Read read) {
    add(name, tables::ColumnType::kText, std::move(read));
  }
  template <typename Read>
  void integer(std::string_view name, Read read) {
    add(name, tables::ColumnType::kInt64, std::move(read));
  }
  template <typename Read>
  void real(std::string_view name, Read read) {
    add(name, tables::ColumnType::kDouble, std::move(read));
  }

  void box(const std::string& name, std::optional<CropBox> Decision::* member) {
    constexpr std::array<std::pair<std::string_view, double CropBox::*>, 4> kSides = {
        {{"x1", &CropBox::x1}, {"y1", &CropBox::y1}, {"x2", &CropBox::x2}, {"y2", &CropBox::y2}}};
    for (const auto& [side, coordinate] : kSides) {
      real(fmt::format("{}_{}", name, side), [member, coordinate](const Decision& decision) {
        const auto& crop = decision.*member;
        return crop ? Cell((*crop).*coordinate) : Cell();
      });
    }
  }

  void pixels(const std::string& name, std::optional<CropBox> Decision::* member,
              std::optional<images::ImageSize> PickedSizes::* size_member) {
    constexpr std::array<std::pair<std::string_view, std::int64_t decisions::PixelBox::*>, 4>
        kSides = {{{"left", &decisions::PixelBox::left},
                   {"top", &decisions::PixelBox::top},
                   {"right", &decisions::PixelBox::right},
                   {"bottom", &decisions::PixelBox::bottom}}};
    for (const auto& [side, edge] : kSides) {
      integer(fmt::format("{}_{}", name, side),
              [member, size_member, edge](const DecisionSource& source, const Decision& decision) {
                const auto& crop = decision.*member;
                const auto size = size_of_pick(source, decision, size_member);
                if (!crop || !decisions::is_within_image(*crop) || !size) return Cell();
                return Cell(decisions::to_pixels(*crop, size->width, size->height).*edge);
              });
    }
  }

  std::vector<ExportColumn> take() { return std::move(columns_); }

 private:
  template <typename Read>
  void add(std::string_view name, tables::ColumnType type, Read read) {
    columns_.push_back({.name = std::string(name),
                        .type = type,
                        .cell = [read = std::move(read)](const DecisionSource& source,
                                                         const Decision& decision) -> Cell {
                          if constexpr (std::is_invocable_v<Read, const Decision&>) {
                            return read(decision);
                          } else {
                            return read(source, decision);
                          }
                        }});
  }

  std::vector<ExportColumn> columns_;
};

std::vector<ExportColumn> export_columns() {
  Columns columns;
  columns.text("database", [](const DecisionSource& source, const Decision& /*row*/) {
    return Cell(source.path.filename().native());
  });
  columns.text("group_id", [](const Decision& row) { return Cell(row.group_id); });
  columns.text("timestamp", [](const Decision& row) { return text_cell(row.timestamp); });
  columns.text("project_id", [](const Decision& row) { return text_cell(row.project_id); });
  columns.text("directory", [](const Decision& row) { return cell_of(row.directory); });
  columns.integer("batch_number", [](const Decision& row) { return cell_of(row.batch_number); });
  columns.text("images",
               [](const Decision& row) { return Cell(decisions::images_to_json(row.images)); });
  columns.integer("num_images", [](const Decision& row) {
    return Cell(static_cast<std::int64_t>(row.images.size()));
  });
  columns.integer("ai_selected_index",
                  [](const Decision& row) { return cell_of(row.ai_selected_index); });
  columns.text("ai_selected_image",
               [](const Decision& row) { return image_cell(row, row.ai_selected_index); });
  columns.box("ai_crop", &Decision::ai_crop_coords);
  columns.pixels("ai_crop", &Decision::ai_crop_coords, &PickedSizes::ai);
  columns.real("ai_confidence", [](const Decision& row) { return cell_of(row.ai_confidence); });
  columns.integer("user_selected_index",
                  [](const Decision& row) { return cell_of(row.user_selected_index); });
  columns.text("user_selected_image",
               [](const Decision& row) { return image_cell(row, row.user_selected_index); });
  columns.text("user_action", [](const Decision& row) { return cell_of(row.user_action); });
  columns.box("final_crop", &Decision::final_crop_coords);
  columns.pixels("final_crop", &Decision::final_crop_coords, &PickedSizes::user);
  columns.text("crop_timestamp", [](const Decision& row) { return cell_of(row.crop_timestamp); });
  columns.integer("image_width", [](const Decision& row) { return cell_of(row.image_width); });
  columns.integer("image_height", [](const Decision& row) { return cell_of(row.image_height); });
  columns.integer("selection_match",
                  [](const Decision& row) { return cell_of(row.selection_match); });
  columns.integer("crop_match", [](const Decision& row) { return cell_of(row.crop_match); });
  columns.integer("ai_crop_accepted",
                  [](const Decision& row) { return cell_of(row.ai_crop_accepted); });
  return columns.take();
}

std::string csv_field(const Cell& cell) {
  struct Show {
    std::string operator()(std::monostate /*nothing*/) const { return {}; }
    std::string operator()(std::int64_t value) const { return fmt::to_string(value); }
    std::string operator()(double value) const { return json::python_repr(value); }
    std::string operator()(const std::string& value) const { return value; }
  };
  return std::visit(Show{}, cell);
}

/// The values of one column in the rows of a group.
struct ColumnValues {
  std::vector<std::int16_t> levels;
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::string> texts;

  void add(Cell cell) {
    levels.push_back(std::holds_alternative<std::monostate>(cell) ? 0 : 1);
    if (const auto* integer = std::get_if<std::int64_t>(&cell)) integers.push_back(*integer);
    if (const auto* real = std::get_if<double>(&cell)) reals.push_back(*real);
    // Readers of Parquet refuse a column for a byte that is not UTF-8.
    if (auto* text = std::get_if<std::string>(&cell)) texts.push_back(report::visible_text(*text));
  }
};

/// Errors: as write_parquet().
Status write_group(tables::ParquetWriter& writer, std::span<const ExportColumn> columns,
                   std::span<const std::pair<const DecisionSource*, const Decision*>> rows) {
  std::vector<ColumnValues> values(columns.size());
  std::vector<std::vector<std::string_view>> views(columns.size());
  std::vector<tables::ColumnData> data;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (const auto& [source, decision] : rows) values[i].add(columns[i].cell(*source, *decision));
    views[i].assign(values[i].texts.begin(), values[i].texts.end());
    tables::ColumnData column{.levels = values[i].levels};
    switch (columns[i].type) {
      case tables::ColumnType::kInt64:
        column.values = std::span(std::as_const(values[i].integers));
        break;
      case tables::ColumnType::kDouble:
        column.values = std::span(std::as_const(values[i].reals));
        break;
      default:
        column.values = std::span(std::as_const(views[i]));
    }
    data.push_back(column);
  }
  return writer.write_row_group(rows.size(), data);
}

/// Errors: as db::Database; kInvalidInput (a table image_scores of another form).
Status read_sizes(db::Database& database, DecisionSource& source) {
  ASSIGN_OR_RETURN(const bool is_there, decisions::has_table(database, "image_scores"));
  if (!is_there) return {};
  ASSIGN_OR_RETURN(
      db::Statement row,
      database.prepare("SELECT group_id, image_index, width, height FROM image_scores"));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, row.step());
    if (!has_row) return {};
    const auto size = size_from(row.optional_integer(2), row.optional_integer(3));
    const auto decision = std::ranges::lower_bound(
        source.table.decisions, row.text(0), {},
        [](const Decision& of) -> std::string_view { return of.group_id; });
    if (!size || decision == source.table.decisions.end() || decision->group_id != row.text(0)) {
      continue;
    }
    const std::int64_t index = row.integer(1);
    if (decision->ai_selected_index == index) source.sizes[decision->group_id].ai = size;
    if (decision->user_selected_index == index) source.sizes[decision->group_id].user = size;
  }
}

/// Errors: as db::Database; kInvalidInput (no table of decisions, or a table of scores of another
/// form).
Result<DecisionSource> read_source(const fs::path& path) {
  ASSIGN_OR_RETURN(db::Database database, db::Database::open(path));
  ASSIGN_OR_RETURN(decisions::DecisionTable table, decisions::read_decisions(database));
  DecisionSource source{.path = path, .table = std::move(table)};
  RETURN_IF_ERROR(read_sizes(database, source));
  return source;
}

}  // namespace

Result<DecisionFolder> read_decision_folder(files::FileSystem& file_system, const fs::path& path,
                                            const std::stop_token& stop) {
  ASSIGN_OR_RETURN(
      const std::vector<fs::path> paths,
      decisions::find_databases(file_system, path, decisions::TemporaryDatabases::kIncluded));
  DecisionFolder folder;
  for (const fs::path& file : paths) {
    if (stop.stop_requested()) return cancelled("the export was interrupted");
    auto source = read_source(file);
    if (!source) {
      folder.problems.push_back(source.error().message);
      continue;
    }
    for (const decisions::BadRow& bad : source->table.bad_rows) {
      folder.problems.push_back(fmt::format("{}: {}: {}", file.native(), bad.row, bad.problem));
    }
    folder.sources.push_back(std::move(*source));
  }
  return folder;
}

Status write_csv(files::FileSystem& file_system, const fs::path& target,
                 std::span<const DecisionSource> sources) {
  const std::vector<ExportColumn> columns = export_columns();
  ASSIGN_OR_RETURN(files::AtomicFile file, files::AtomicFile::create(file_system, target));
  std::vector<std::string_view> views;
  views.reserve(columns.size());
  for (const ExportColumn& column : columns) views.push_back(column.name);
  std::string row;
  tables::append_csv_row(row, views);
  RETURN_IF_ERROR(file.write(row));
  for (const DecisionSource& source : sources) {
    for (const Decision& decision : source.table.decisions) {
      std::vector<std::string> fields;
      fields.reserve(columns.size());
      for (const ExportColumn& column : columns) {
        fields.push_back(csv_field(column.cell(source, decision)));
      }
      views.assign(fields.begin(), fields.end());
      row.clear();
      tables::append_csv_row(row, views);
      RETURN_IF_ERROR(file.write(row));
    }
  }
  return file.commit();
}

Status write_parquet(files::FileSystem& file_system, const fs::path& target,
                     std::span<const DecisionSource> sources) {
  const std::vector<ExportColumn> columns = export_columns();
  std::vector<tables::ColumnSpec> specs;
  specs.reserve(columns.size());
  for (const ExportColumn& column : columns) {
    specs.push_back({.path = column.name, .type = column.type});
  }
  ASSIGN_OR_RETURN(tables::ParquetWriter writer,
                   tables::ParquetWriter::create(
                       file_system, target, specs,
                       {.codec = tables::Codec::kZstd, .plain_columns = {"group_id", "images"}}));
  std::vector<std::pair<const DecisionSource*, const Decision*>> rows;
  for (const DecisionSource& source : sources) {
    for (const Decision& decision : source.table.decisions) {
      rows.emplace_back(&source, &decision);
      if (rows.size() < kMaxRowsOfGroup) continue;
      RETURN_IF_ERROR(write_group(writer, columns, rows));
      rows.clear();
    }
  }
  if (!rows.empty()) RETURN_IF_ERROR(write_group(writer, columns, rows));
  return writer.finish();
}

}  // namespace assay::review
