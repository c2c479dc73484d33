#include "review/review_sheet.h"

#include "archives/testing/zip_builder.h"
#include "core/testing/stopped_token.h"
#include "embedding/testing/fake_models.h"
#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace assay::review {
namespace {

namespace fs = std::filesystem;
using decisions::ScoredProject;
using embedding::testing::png_of;

std::string content_of(const fs::path& path) {
  return files::read_file(files::posix_file_system(), path, ByteCount(std::uint64_t{1} << 30))
      .value();
}

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class ReviewSheet : public ::testing::Test {
 protected:
  fs::path root() const { return folder_.path(); }
  fs::path page(int number) const {
    return root() / (number == 1 ? "out.html" : fmt::format("out-{}.html", number));
  }

  /// Two images, the first red.
  fs::path write_zip() const {
    archives::testing::ZipBuilder zip;
    zip.add("in/a_stage1_generated.png", png_of(600, 300, 250));
    zip.add("in/b_stage2_upscaled.png", png_of(40, 60, 10));
    fs::path path = root() / "mojo1.zip";
    std::ofstream(path, std::ios::binary) << zip.finish();
    return path;
  }

  static decisions::ScoredGroup group_of(const std::string& id) {
    decisions::ScoredGroup group{
        .decision = {.group_id = id,
                     .images = {"a_stage1_generated.png", "b_stage2_upscaled.png"},
                     .ai_selected_index = 1,
                     .ai_crop_coords =
                         decisions::CropBox{.x1 = 0.25, .y1 = 0, .x2 = 0.75, .y2 = 0.5},
                     .ai_confidence = 0.8},
        .images = {}};
    group.images.push_back({.name = group.decision.images[0],
                            .score = decisions::ImageScore{.group_id = id,
                                                           .image_index = 0,
                                                           .entry = "in/a_stage1_generated.png",
                                                           .score = 0.25}});
    group.images.push_back(
        {.name = group.decision.images[1],
         .score = decisions::ImageScore{
             .group_id = id, .image_index = 1, .entry = "in/b_stage2_upscaled.png", .score = 1.5}});
    return group;
  }

  static ScoredProject project_of(const fs::path& source, std::size_t num_groups) {
    ScoredProject project{
        .path = "dbs/mojo1.db", .project = "mojo1", .groups = {}, .dropped = {}, .bad_rows = {}};
    project.run = decisions::ScoringRun{.finished_at = "2025-10-27T10:00:01.743769Z",
                                        .source = source.native(),
                                        .options_json = "{}"};
    for (std::size_t i = 0; i < num_groups; ++i) {
      project.groups.push_back(group_of(fmt::format("group{}", i)));
    }
    return project;
  }

  Result<ReviewSummary> write(const std::vector<ScoredProject>& projects,
                              ReviewOptions options = {}, const std::stop_token& stop = {}) {
    options.target = page(1);
    return write_review(files::posix_file_system(), pool_, projects, options, {}, stop);
  }

  files::testing::TemporaryFolder folder_;
  ThreadPool pool_{{.num_threads = 2}};
};

TEST_F(ReviewSheet, ShowsEachImageThePickAndTheCrop) {
  ScoredProject project = project_of(write_zip(), 1);
  project.groups[0].score =
      decisions::GroupScore{.group_id = {}, .margin = 1.25, .is_uncertain = true};
  project.dropped["no_partner"] = 3;
  const auto summary = write({project});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->num_pictures, 2U);
  EXPECT_EQ(summary->num_pages, 1U);
  EXPECT_TRUE(summary->missing.empty());
  const std::string html = content_of(page(1));
  EXPECT_EQ(count_of(html, "data:image/jpeg;base64,/9j/"), 2U);
  // The large one was made small; the small one stays, with the crop in its pixels.
  EXPECT_TRUE(html.contains("2025-10-27T10:00:01Z"));
  EXPECT_TRUE(html.contains("viewBox=\"0 0 256 128\""));
  EXPECT_TRUE(html.contains("viewBox=\"0 0 40 60\""));
  EXPECT_TRUE(
      html.contains(R"(<rect class="frame" x="10.0" y="0.0" width="20.0" height="30.0"/>)"));
  EXPECT_EQ(count_of(html, "class=\"picture good\""), 1U);
  EXPECT_TRUE(html.contains("class=\"card flagged\""));
  EXPECT_TRUE(html.contains("confidence 80.0"));
  EXPECT_TRUE(html.contains("margin 1.250"));
  EXPECT_TRUE(html.contains("score 1.500"));
  EXPECT_TRUE(html.contains("3 no_partner"));
  EXPECT_TRUE(html.contains("1 of 1 taken"));
  for (const std::string_view part : {"http:", "https:", "url(", "src="}) {
    EXPECT_FALSE(html.contains(part)) << part;
  }
}

TEST_F(ReviewSheet, GroupsBeyondThePageGoToFilesThatAreLinked) {
  const ScoredProject project = project_of(write_zip(), 5);
  ScoredProject other = project_of(write_zip(), 1);
  other.path = "dbs/zoe.db";
  other.project = "zoe";
  const auto summary = write({project, other}, {.max_groups_of_page = 2});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->num_pages, 3U);
  EXPECT_EQ(summary->num_groups, 6U);
  const std::string first = content_of(page(1));
  EXPECT_TRUE(first.contains("<strong>Page 1</strong> <a href=\"./out-2.html\">Page 2</a>"));
  EXPECT_TRUE(first.contains("group1") && !first.contains("group2"));
  EXPECT_TRUE(first.contains("<a href=\"./out-3.html\">Page 3</a></td>"));  // where zoe begins
  EXPECT_TRUE(content_of(page(2)).contains("mojo1, continued"));
  const std::string last = content_of(page(3));
  EXPECT_TRUE(last.contains("group4") && last.contains(">zoe</h2>"));
}

TEST_F(ReviewSheet, UncertainOnlyLeavesTheOthersOut) {
  ScoredProject project = project_of(write_zip(), 3);
  project.groups[1].score = decisions::GroupScore{.group_id = {}, .is_uncertain = true};
  const auto summary = write({project}, {.groups = ReviewedGroups::kUncertain});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->num_groups, 1U);
  const std::string html = content_of(page(1));
  EXPECT_TRUE(html.contains("group1") && !html.contains("group0") && !html.contains("group2"));
}

TEST_F(ReviewSheet, AMissingSourceCostsThePicturesAndALine) {
  const auto summary = write({project_of(root() / "gone.zip", 2)});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->num_pictures, 0U);
  ASSERT_EQ(summary->missing.size(), 1U);
  EXPECT_TRUE(summary->missing.begin()->first.contains("gone.zip"));
  EXPECT_EQ(summary->missing.begin()->second, 4U);
  const std::string html = content_of(page(1));
  EXPECT_EQ(count_of(html, "class=\"no-picture\""), 4U);
  EXPECT_EQ(count_of(html, "The source cannot be read"), 1U);
}

TEST_F(ReviewSheet, AnArchiveThatWasMovedIsFoundByItsName) {
  write_zip();
  const auto summary = write({project_of("/elsewhere/mojo1.zip", 1)}, {.source_folder = root()});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->num_pictures, 2U);
}

TEST_F(ReviewSheet, AnImageThatIsAnotherOneNowIsNotShown) {
  ScoredProject project = project_of(write_zip(), 1);
  project.groups[0].images[0].score->crc32 = 12345;
  project.groups[0].images[1].score->entry = "in/c.png";
  const auto summary = write({project});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->missing.at("changed since the run"), 1U);
  EXPECT_EQ(summary->missing.at("no longer in the source"), 1U);
}

TEST_F(ReviewSheet, HostileNamesAreTextOnly) {
  ScoredProject project = project_of(write_zip(), 1);
  project.project = "<script>x</script>";
  project.groups[0].decision.group_id = "\"><img src=x onerror=y>";
  ASSERT_TRUE(write({project}));
  const std::string html = content_of(page(1));
  EXPECT_FALSE(html.contains("<script>x"));
  EXPECT_FALSE(html.contains("<img"));
}

TEST_F(ReviewSheet, AStopLeavesNoFirstPage) {
  const auto summary = write({project_of(write_zip(), 1)}, {}, assay::testing::stopped_token());
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(fs::exists(page(1)));
}

}  // namespace
}  // namespace assay::review
