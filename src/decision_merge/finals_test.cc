#include "decision_merge/finals.h"

#include "archives/testing/zip_builder.h"
#include "core/testing/fake_clock.h"
#include "db/database.h"
#include "decisions/decision_database.h"
#include "decisions/decision_table.h"
#include "files/testing/temporary_folder.h"
#include "images/encode.h"
#include "images/resize.h"
#include "images/testing/pictures.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace assay::decision_merge {
namespace {

namespace fs = std::filesystem;
using images::Image;
using images::testing::cut;
using images::testing::picture;

constexpr images::ImageSize kSize{.width = 320, .height = 240};
/// The first image of group g1, which is not the one that was predicted.
constexpr images::ImageSize kOtherSize{.width = 300, .height = 200};

std::string text_of(const std::vector<std::byte>& bytes) { return std::string(as_text(bytes)); }
std::string png(const Image& image) {
  return text_of(images::encode_png(image, {.compression_level = 1}).value());
}
std::string jpeg(const Image& image) {
  return text_of(images::encode_jpeg(image, {.quality = 85}).value());
}

class Finals : public ::testing::Test {
 protected:
  fs::path root() const { return folder_.path(); }

  /// Groups g0 to g5, each of two images, in a zip, and predictions of the second image of each.
  void predict_groups() {
    archives::testing::ZipBuilder zip;
    auto database = decisions::DecisionDatabase::create(files::posix_file_system(), root(), "p");
    ASSERT_TRUE(database);
    for (int group = 0; group < 6; ++group) {
      decisions::Decision decision{
          .group_id = "g" + std::to_string(group),
          .timestamp = "2025-11-01T00:00:00Z",
          .project_id = "p",
          .ai_selected_index = 1,
          .ai_crop_coords = decisions::CropBox{.x1 = 0.25, .x2 = 0.75, .y2 = 0.5},
          .image_width = kSize.width,
          .image_height = kSize.height};
      for (int i = 0; i < 2; ++i) {
        const std::string name = name_of(group, i);
        decision.images.push_back(name);
        zip.add("in/" + name, png(picture(size_of(group, i), seed_of(group, i))));
        ASSERT_TRUE(database->add(decisions::ImageScore{
            .group_id = decision.group_id, .image_index = i, .entry = "in/" + name}));
      }
      ASSERT_TRUE(database->add(decision));
    }
    std::ofstream(root() / "p.zip", std::ios::binary) << zip.finish();
    ASSERT_TRUE(
        database->add(decisions::RunRecord{.run_id = "r", .source = (root() / "p.zip").native()}));
    ASSERT_TRUE(database->finish());
  }

  static std::string name_of(int group, int image) {
    return std::to_string(group) + "_" + std::to_string(image) + ".png";
  }
  static images::ImageSize size_of(int group, int image) {
    return group == 1 && image == 0 ? kOtherSize : kSize;
  }
  static std::uint64_t seed_of(int group, int image) {
    return (static_cast<std::uint64_t>(group) * 2) + static_cast<std::uint64_t>(image) + 1;
  }

  void put_final(const std::string& path, const std::string& bytes) const {
    const fs::path file = root() / "final" / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
  }

  /// One of each kind: cropped, approved, another picture, no image at all, rejected, an old
  /// choice.
  void make_finals() const {
    const Image first = picture(kSize, seed_of(0, 1));
    put_final("a/" + name_of(0, 1), png(cut(first, {.left = 80, .top = 0, .size = {160, 120}})));
    put_final(name_of(1, 0), jpeg(picture(kOtherSize, seed_of(1, 0))));
    put_final(name_of(2, 0), png(picture({.width = 200, .height = 150}, 1'000)));
    put_final(name_of(3, 0), "no image");
    const Image last = picture(kSize, seed_of(5, 0));
    put_final("5_0.jpg", jpeg(images::resize(cut(last, {.left = 20, .top = 40, .size = {200, 150}}),
                                             {.width = 400, .height = 300})));
  }

  Result<FinalsReport> find(MergeMode mode = MergeMode::kApply) {
    return find_finals(files::posix_file_system(), pool_, clock_,
                       {.database = root() / "p.db", .finals = root() / "final", .mode = mode});
  }

  std::vector<decisions::Decision> rows() const {
    auto database = db::Database::open(root() / "p.db");
    EXPECT_TRUE(database);
    return decisions::read_decisions(*database)->decisions;
  }

  files::testing::TemporaryFolder folder_;
  assay::testing::FakeClock clock_;
  ThreadPool pool_{{.num_threads = 2}};
};

TEST_F(Finals, TellsApartWhatTheUserDid) {
  predict_groups();
  make_finals();
  const auto report = find();
  ASSERT_TRUE(report) << report.error().message;
  const std::vector<FinalFate> expected = {FinalFate::kCropped,   FinalFate::kApproved,
                                           FinalFate::kUnmatched, FinalFate::kUnreadable,
                                           FinalFate::kRejected,  FinalFate::kCropped};
  ASSERT_EQ(report->finals.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(report->finals[i].fate, expected[i]) << i << ": " << report->finals[i].problem;
  }
  EXPECT_FALSE(report->is_complete());
  EXPECT_TRUE(report->merge.backup);

  const std::vector<decisions::Decision> written = rows();
  // To the pixel: 80 of 320, and half of both sides.
  EXPECT_EQ(written[0].final_crop_coords, (decisions::CropBox{.x1 = 0.25, .x2 = 0.75, .y2 = 0.5}));
  EXPECT_EQ(written[0].user_action, "crop");
  EXPECT_EQ(written[0].user_selected_index, 1);
  EXPECT_EQ(written[0].selection_match, true);
  EXPECT_EQ(written[0].crop_match, true);
  EXPECT_EQ(written[1].user_action, "approve");
  EXPECT_EQ(written[1].user_selected_index, 0);
  EXPECT_EQ(written[1].final_crop_coords, std::nullopt);
  EXPECT_EQ(written[1].selection_match, false);
  // The size goes with the user's choice.
  EXPECT_EQ(written[1].image_width, kOtherSize.width);
  EXPECT_EQ(written[1].image_height, kOtherSize.height);
  EXPECT_EQ(written[0].image_width, kSize.width);
  EXPECT_EQ(written[2].user_action, std::nullopt);
  EXPECT_EQ(written[3].user_action, std::nullopt);
  EXPECT_EQ(written[4].user_action, "reject");
  EXPECT_EQ(written[4].user_selected_index, 1);
  // Of another image than the predicted one: its crop says nothing about the prediction.
  ASSERT_TRUE(written[5].final_crop_coords);
  EXPECT_TRUE(decisions::crops_match(
      *written[5].final_crop_coords,
      {.x1 = 20.0 / 320, .y1 = 40.0 / 240, .x2 = 220.0 / 320, .y2 = 190.0 / 240}, 0.01));
  EXPECT_EQ(written[5].crop_match, std::nullopt);
}

TEST_F(Finals, TheScoreAndThePlaceStayInTheDatabase) {
  predict_groups();
  make_finals();
  ASSERT_TRUE(find());
  auto database = db::Database::open(root() / "p.db").value();
  auto row = database
                 .prepare(
                     "SELECT fate, final, score, scale, box_pixels, problem FROM "
                     "final_matches ORDER BY group_id")
                 .value();
  ASSERT_TRUE(row.step().value());
  EXPECT_EQ(row.text(0), "cropped");
  EXPECT_EQ(row.text(1), "a/0_1.png");
  EXPECT_GT(row.real(2), 0.99);
  EXPECT_EQ(row.real(3), 1);
  EXPECT_EQ(row.text(4), "[80.0, 0.0, 240.0, 120.0]");
  EXPECT_TRUE(row.is_null(5));
  ASSERT_TRUE(row.step().value());
  ASSERT_TRUE(row.step().value());
  EXPECT_EQ(row.text(0), "unmatched");
  EXPECT_NE(row.text(5).find("under 0.8"), std::string::npos);
}

TEST_F(Finals, ADecisionThatIsThereStaysAndADryRunChangesNothing) {
  predict_groups();
  make_finals();
  const auto dry = find(MergeMode::kDryRun);
  ASSERT_TRUE(dry) << dry.error().message;
  EXPECT_GT(dry->merge.plan.changes.size(), 0U);
  EXPECT_FALSE(dry->merge.backup);
  EXPECT_EQ(rows()[0].user_action, std::nullopt);
  ASSERT_TRUE(find());
  const auto again = find();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->count(FinalFate::kDecidedBefore), 4U);
  EXPECT_EQ(again->merge.plan.changes.size(), 0U);
  EXPECT_FALSE(again->merge.backup);
}

TEST_F(Finals, AFolderOfSomethingElseRejectsNobody) {
  predict_groups();
  put_final("other.png", png(picture(kSize, 1)));
  const auto report = find();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(report.error().message.find("is it the right folder?"), std::string::npos);
  EXPECT_EQ(rows()[0].user_action, std::nullopt);
}

TEST_F(Finals, OfSeveralFilesOfOneNameTheOneThatFitsCounts) {
  predict_groups();
  put_final("a/" + name_of(0, 0), png(picture({.width = 160, .height = 120}, 77)));
  const Image original = picture(kSize, seed_of(0, 0));
  put_final("b/" + name_of(0, 0), png(cut(original, {.left = 64, .top = 48, .size = {128, 96}})));
  const auto report = find();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->finals[0].fate, FinalFate::kCropped);
  EXPECT_EQ(report->finals[0].final, "b/0_0.png");
  EXPECT_EQ(report->finals[0].crop,
            (decisions::CropBox{.x1 = 0.2, .y1 = 0.2, .x2 = 0.6, .y2 = 0.6}));
}

TEST_F(Finals, WithoutOurTablesTheOriginalsAreNamed) {
  predict_groups();
  make_finals();
  {
    auto database = db::Database::open(root() / "p.db", {.mode = db::OpenMode::kWrite}).value();
    ASSERT_TRUE(database.execute("DROP TABLE runs; DROP TABLE image_scores"));
  }
  const auto lost = find();
  ASSERT_FALSE(lost);
  EXPECT_NE(lost.error().message.find("--source"), std::string::npos);
  const auto report = find_finals(
      files::posix_file_system(), pool_, clock_,
      {.database = root() / "p.db", .finals = root() / "final", .originals = root() / "p.zip"});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->finals[0].fate, FinalFate::kCropped);
}

}  // namespace
}  // namespace assay::decision_merge
