#include "updater/image_table.h"

#include "cache/intake.h"
#include "files/file_system.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace assay::updater {
namespace {

using cache::Label;

const std::filesystem::path kTableFolder = std::filesystem::path(ASSAY_TESTS) / "data/cache/tables";

Result<ImageTable> open(std::string_view name, const ImageColumns& columns = {}) {
  return ImageTable::open({.file_system = &files::posix_file_system()},
                          (kTableFolder / name).native(), columns, {});
}

std::vector<TableRow> rows_of(const ImageTable& table, std::vector<std::uint64_t> rows = {}) {
  const bool is_all = rows.empty();
  for (std::uint64_t row = 0; is_all && row < table.num_rows(); ++row) rows.push_back(row);
  std::vector<TableRow> found;
  const Status read = table.read_rows(rows,
                                      [&](TableRow row) -> Status {
                                        found.push_back(std::move(row));
                                        return {};
                                      },
                                      {});
  EXPECT_TRUE(read) << read.error().message;
  std::ranges::sort(found, {}, &TableRow::row);
  return found;
}

std::string format_of(const TableRow& row) {
  const auto image = cache::examine(as_bytes(row.image), {});
  return image ? image->facts.format : "refused: " + image.error().reason;
}

std::string text_of(const json::Value& value) {
  return value.text() == nullptr ? std::string(value.kind_name()) : *value.text();
}

TEST(ImageTable, FindsTheColumnByItsType) {
  struct Case {
    std::string name;
    std::string column;
    ImageForm form;
  };
  for (const Case& known :
       {Case{"extract/struct_jpeg_png.parquet", "image", ImageForm::kStruct},
        Case{"extract/binary_column.parquet", "Image", ImageForm::kBinary},
        Case{"extract/base64_string.parquet", "image", ImageForm::kBase64},
        // Not the text whose name begins with "image".
        Case{"extract/bad_rows.parquet", "photo", ImageForm::kStruct},
        Case{"roadwork/data/train-00000-of-00002.parquet", "image", ImageForm::kStruct}}) {
    const auto table = open(known.name);
    ASSERT_TRUE(table) << table.error().message;
    EXPECT_EQ(table->image_column(), known.column) << known.name;
    EXPECT_EQ(table->form(), known.form) << known.name;
    EXPECT_EQ(format_of(rows_of(*table).back()), known.name.contains("png") ? "png" : "jpeg")
        << known.name;
  }
}

TEST(ImageTable, SaysWhatThereIsWhenThereAreNoImages) {
  const auto table = open("extract/no_image_column.parquet");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(table.error().message.find("label (int64)"), std::string::npos)
      << table.error().message;
  const auto named = open("extract/bad_rows.parquet", {.image = "label"});
  ASSERT_FALSE(named);
  EXPECT_NE(named.error().message.find("no column 'label' holds images"), std::string::npos)
      << named.error().message;
}

TEST(ImageTable, ReadsEveryFormat) {
  const auto table = open("extract/formats.parquet");
  ASSERT_TRUE(table);
  std::vector<std::string> formats;
  for (const TableRow& row : rows_of(*table)) formats.push_back(format_of(row));
  EXPECT_EQ(formats, (std::vector<std::string>{"webp", "gif", "bmp", "tiff", "png", "jpeg"}));
}

TEST(ImageTable, ReadsPagesOfEveryForm) {
  for (const std::string name : {"pages_v2", "pages_v2_unpacked", "pages_unpacked", "pages_zstd"}) {
    const auto table = open("extract/" + name + ".parquet");
    ASSERT_TRUE(table) << table.error().message;
    const auto rows = rows_of(*table);
    ASSERT_EQ(rows.size(), 9U) << name;
    for (const TableRow& row : rows) {
      EXPECT_EQ(row.image.empty(), row.row == 3) << name;
      if (row.row == 3) continue;
      EXPECT_EQ(row.original_name, "photo_" + std::to_string(row.row) + ".jpg");
      EXPECT_EQ(format_of(row), "jpeg") << name;
    }
  }
}

TEST(ImageTable, KeepsNullsAsNulls) {
  const auto table = open("extract/null_metadata.parquet");
  ASSERT_TRUE(table);
  const auto labels = table->read_labels({});
  ASSERT_TRUE(labels);
  EXPECT_EQ(*labels, (std::vector<std::optional<Label>>{Label::kRoadwork, std::nullopt}));
  const auto rows = rows_of(*table);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].description, "x");
  EXPECT_EQ(rows[1].label, std::nullopt);
  EXPECT_EQ(rows[1].description, "");
}

TEST(ImageTable, ReadsSomeRowsOfSeveralRowGroups) {
  const auto table = open("roadwork/data/train-00000-of-00002.parquet");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->num_rows(), 40U);
  const auto whole = rows_of(*table);
  const auto some = rows_of(*table, {1, 15, 16, 17, 39});
  ASSERT_EQ(some.size(), 5U);
  for (const TableRow& row : some) {
    EXPECT_EQ(row.image, whole[row.row].image);
    EXPECT_EQ(row.original_name, "photo_" + std::to_string(row.row) + ".jpg");
    EXPECT_EQ(row.label, row.row % 2 == 1 ? Label::kRoadwork : Label::kNone);
  }
  EXPECT_EQ(some[1].description, "cones on lane 15");
}

TEST(ImageTable, GivesTheOtherColumnsAsJson) {
  const auto table = open("roadwork/data/train-00000-of-00002.parquet");
  ASSERT_TRUE(table);
  const auto rows = rows_of(*table, {3, 4});
  ASSERT_EQ(rows.size(), 2U);
  const auto column = [&](std::size_t row, std::string_view name) {
    for (const auto& [key, value] : rows[row].columns) {
      if (key == name) return value;
    }
    return json::Value(std::string("(absent)"));
  };
  EXPECT_EQ(text_of(column(0, "image_id")), "id-3");
  EXPECT_EQ(text_of(column(0, "captured")), "2025-06-01T12:03:00Z");
  EXPECT_TRUE(column(0, "is_wet").is_null());
  EXPECT_EQ(column(1, "is_wet").boolean(), true);
  EXPECT_EQ(column(0, "place").require_text("city").value_or(""), "Hamburg");
  EXPECT_EQ(text_of(column(0, "image")), "(absent)");
  EXPECT_EQ(text_of(column(0, "label")), "(absent)");
  const json::Value omitted = column(0, "omitted_columns");
  ASSERT_TRUE(omitted.list() != nullptr && !omitted.list()->empty());
  EXPECT_EQ(omitted.list()->size(), 1U);
  EXPECT_EQ(text_of(omitted.list()->front()), "boxes");
  const json::Value place = column(0, "place");
  const json::Value* const gps = place.find("gps");
  ASSERT_NE(gps, nullptr);
  EXPECT_EQ(gps->require_number("lat").value_or(0), 53.53);
}

TEST(DecodeImageText, TakesDataUrls) {
  EXPECT_EQ(decode_image_text("YWJj").value_or(""), "abc");
  EXPECT_EQ(decode_image_text("data:image/png;base64,YW\nJj").value_or(""), "abc");
  EXPECT_FALSE(decode_image_text("data:image/png;base64"));
  EXPECT_FALSE(decode_image_text("no base64!"));
}

}  // namespace
}  // namespace assay::updater
