#include "cache/label_judge.h"

#include "cache/generate.h"
#include "cache/import.h"
#include "cache/scene_generator.h"
#include "cache/testing/cache_fixture.h"
#include "files/atomic_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace assay::cache {
namespace {

/// Sees works wherever the picture has more rows than a bound.
class RowJudge final : public LabelJudge {
 public:
  explicit RowJudge(std::uint32_t num_rows) : num_rows_(num_rows) {}
  std::string model() const override { return "rows.bin"; }
  Result<double> roadwork_share(const images::Image& image) const override {
    return image.size().height > num_rows_ ? 0.9 : 0.1;
  }

 private:
  std::uint32_t num_rows_;
};

/// Has no engine.
class FailingJudge final : public LabelJudge {
 public:
  std::string model() const override { return "none"; }
  Result<double> roadwork_share(const images::Image&) const override { return internal("broke"); }
};

class LabelChecks : public ::testing::Test {
 protected:
  Result<ImportReport> import(const LabelCheck& check, std::optional<Label> label) {
    std::vector<ImportFile> files;
    for (const auto& [name, rows] : {std::pair("low.jpg", 48U), std::pair("high.jpg", 96U)}) {
      files.push_back(
          {.path = fixture_.put(name, testing::jpeg_picture(rows, 64, rows)), .label = label});
    }
    return import_files(*store_, files,
                        {.source = "test", .label_check = check, .min_free_bytes = ByteCount(0)});
  }
  static std::vector<std::string> names_below(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) names.push_back(entry.path().filename().native());
    }
    std::ranges::sort(names);
    return names;
  }
  std::string text_of(std::string_view stem) {
    const auto folder = store_->layout().folder(ItemFolder::kRoadworkImage);
    if (!std::filesystem::exists(folder)) return "";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string name = entry.path().filename().native();
      if (name.starts_with(stem) && name.ends_with(".json")) {
        return files::read_file(fixture_.file_system, entry.path(), kMaxSidecarSize).value();
      }
    }
    return "";
  }

  testing::CacheFixture fixture_;
  std::unique_ptr<Store> store_ = fixture_.open();
};

TEST_F(LabelChecks, RefuseAnImageThatDoesNotLookLikeItsLabel) {
  const RowJudge judge(60);
  const auto report = import({.judge = &judge}, Label::kRoadwork);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->count(ImportOutcome::kAdded), 1U);
  EXPECT_EQ(report->count(ImportOutcome::kDoubtful), 1U);
  ASSERT_EQ(report->problems.size(), 1U);
  EXPECT_EQ(report->problems[0].reason,
            "rows.bin says 0.100 for the label roadwork; at least 0.5 is asked for");
  EXPECT_EQ(names_below(store_->layout().root() / "quarantine").size(), 2U);
  EXPECT_TRUE(text_of("low").empty());
  const std::string sidecar = text_of("high");
  EXPECT_TRUE(sidecar.contains(R"("model": "rows.bin")")) << sidecar;
  EXPECT_TRUE(sidecar.contains(R"("doubtful": false)")) << sidecar;
  EXPECT_EQ(read_sidecar(sidecar).state, ItemState::kReady);
}

TEST_F(LabelChecks, GiveNoLabelInDoubtToAnImageThatIsThere) {
  ASSERT_TRUE(import({}, std::nullopt));
  const RowJudge judge(60);
  const auto report = import({.judge = &judge}, Label::kRoadwork);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->count(ImportOutcome::kAlreadyThere), 2U);
  EXPECT_EQ(report->num_labelled, 1U);
  EXPECT_EQ(read_sidecar(text_of("low")).state, ItemState::kNoLabel);
  EXPECT_EQ(read_sidecar(text_of("high")).label, Label::kRoadwork);
}

TEST_F(LabelChecks, AskForTheLabelThatTheImageHas) {
  const RowJudge judge(60);
  const auto report = import({.judge = &judge}, Label::kNone);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->count(ImportOutcome::kDoubtful), 1U);
  EXPECT_TRUE(text_of("high").empty());
  EXPECT_FALSE(text_of("low").empty());
}

TEST_F(LabelChecks, MayMarkInsteadOfRefusing) {
  const RowJudge judge(60);
  const auto report =
      import({.judge = &judge, .doubtful = DoubtfulLabels::kMarked}, Label::kRoadwork);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->count(ImportOutcome::kAdded), 2U);
  EXPECT_TRUE(text_of("low").contains(R"("doubtful": true)")) << text_of("low");
}

TEST_F(LabelChecks, LeaveImagesWithoutALabelAlone) {
  const FailingJudge judge;
  const auto report = import({.judge = &judge}, std::nullopt);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->count(ImportOutcome::kAdded), 2U);
}

TEST_F(LabelChecks, StopTheImportWhenTheModelFails) {
  const FailingJudge judge;
  const auto report = import({.judge = &judge}, Label::kNone);
  ASSERT_FALSE(report);
  EXPECT_TRUE(report.error().message.contains("broke"));
  EXPECT_TRUE(text_of("low").empty());
}

TEST_F(LabelChecks, FindAnImageThatIsThereAlreadyThere) {
  const RowJudge judge(60);
  ASSERT_TRUE(import({}, Label::kRoadwork));
  const auto report = import({.judge = &judge}, Label::kRoadwork);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->count(ImportOutcome::kAlreadyThere), 2U);
}

TEST_F(LabelChecks, SetImagesAsideThatWereMadeAndDoNotLookLikeIt) {
  const RowJudge judge(60);
  const GenerateOptions options{.number = 1,
                                .size = {.width = 128, .height = 72},
                                .seed = 1,
                                .label_check = {.judge = &judge},
                                .min_free_bytes = ByteCount(0)};
  const auto report = generate(*store_, SceneGenerator(), options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->count(GenerateOutcome::kAdded), 1U);
  // It is tried again and again, but not for ever.
  EXPECT_GT(report->count(GenerateOutcome::kDoubtful), 1U);
  EXPECT_EQ(report->num_missing, 1U);
  EXPECT_EQ(names_below(store_->layout().root() / "quarantine").size(),
            2 * report->count(GenerateOutcome::kDoubtful));
  EXPECT_EQ(names_below(store_->layout().folder(ItemFolder::kSyntheticT2i)).size(), 2U);
}

TEST_F(LabelChecks, ReadTheirPromptsFromATable) {
  const auto read = [this](std::string_view text) {
    return read_label_prompts(fixture_.file_system, fixture_.put("prompts.csv", text));
  };
  const auto prompts = read("label,prompt\nroadwork,\"cones, and barriers\"\nnone,a road\n");
  ASSERT_TRUE(prompts) << prompts.error().message;
  ASSERT_EQ(prompts->size(), 2U);
  EXPECT_EQ(prompts->at(0).text, "cones, and barriers");
  EXPECT_EQ(prompts->at(1).label, Label::kNone);
  const auto refusal = [&read](std::string_view text) {
    const auto refused = read(text);
    return refused ? "" : refused.error().message;
  };
  EXPECT_TRUE(refusal("label,text\n").contains("expected the columns label and prompt"));
  EXPECT_TRUE(refusal("label,prompt\nmaybe,a\n").contains("row 1 (line 2): expected the label"));
  EXPECT_TRUE(refusal("label,prompt\nnone, \n").contains("expected a prompt"));
  EXPECT_TRUE(refusal("label,prompt\nnone,a\n").contains("no prompt for the label roadwork"));
}

}  // namespace
}  // namespace assay::cache
