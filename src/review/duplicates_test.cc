#include "review/duplicates.h"

#include "embedding_store/embedding_store.h"
#include "files/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::review {
namespace {

namespace fs = std::filesystem;
using decisions::ScoredProject;

Sha256 digest_of(std::uint8_t number) {
  Sha256::Bytes bytes{};
  bytes[0] = std::byte{number};
  return Sha256(bytes);
}

class Duplicates : public ::testing::Test {
 protected:
  fs::path store_folder() const { return folder_.path() / "store"; }

  /// A store of one vector for each angle, in degrees; the content is its position.
  void write_store(const std::vector<double>& angles, const std::string& precision = "fp32") {
    auto store =
        embedding_store::EmbeddingStore::open(file_system_, store_folder(), random_).value();
    variant_ = store->add_variant({.model = digest_of(9),
                                   .activation = "gelu",
                                   .preprocessing = "test",
                                   .precision = precision});
    std::vector<embedding_store::Embedding> embeddings;
    for (std::size_t i = 0; i < angles.size(); ++i) {
      constexpr double kRadians = 0.017453292519943295;
      std::vector<float> vector(512);
      vector[7] = static_cast<float>(3 * std::cos(angles[i] * kRadians));
      vector[300] = static_cast<float>(3 * std::sin(angles[i] * kRadians));
      embeddings.push_back(
          {.key = {.content = digest_of(static_cast<std::uint8_t>(i)), .variant = variant_},
           .vector = std::move(vector)});
    }
    ASSERT_TRUE(store->put(embeddings));
  }

  /// A project of groups, each a list of contents; the entry of an image is its place.
  ScoredProject project_of(const std::string& name,
                           const std::vector<std::vector<std::uint8_t>>& groups) const {
    ScoredProject project{.path = "dbs/" + name + ".db",
                          .project = name,
                          .groups = {},
                          .dropped = {},
                          .bad_rows = {}};
    project.run = decisions::ScoringRun{.source = name + ".zip"};
    for (std::size_t g = 0; g < groups.size(); ++g) {
      decisions::ScoredGroup group{.decision = {.group_id = fmt::format("{}_g{}", name, g)},
                                   .images = {}};
      for (std::size_t i = 0; i < groups[g].size(); ++i) {
        decisions::ImageScore score{.group_id = group.decision.group_id,
                                    .entry = fmt::format("{}/{}", g, i)};
        score.embedding_key =
            fmt::format("{}.{}", digest_of(groups[g][i]).to_hex(), variant_.to_hex());
        group.images.push_back({.name = score.entry, .score = score});
      }
      project.groups.push_back(std::move(group));
    }
    return project;
  }

  Result<DuplicateReport> find(const std::vector<ScoredProject>& projects,
                               const DuplicateOptions& options = {}) {
    return find_duplicates(file_system_, random_, pool_, projects, store_folder(), options);
  }

  files::testing::TemporaryFolder folder_;
  files::FileSystem& file_system_ = files::posix_file_system();
  SeededRandom random_{5};
  ThreadPool pool_{{.num_threads = 2}};
  Sha256 variant_ = digest_of(0);
};

TEST_F(Duplicates, AreFoundWithinProjectsAndAcross) {
  // 0 and 1 are 5 degrees apart (cosine 0.996), 2 is at a right angle.
  write_store({0, 5, 90});
  const auto report = find({project_of("anna", {{0, 2}, {0}}), project_of("zoe", {{1}, {2}})});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_images, 5U);
  EXPECT_EQ(report->num_contents, 3U);
  ASSERT_EQ(report->exact.size(), 2U);
  EXPECT_EQ(report->num_exact_across, 1U);
  EXPECT_EQ(
      report->exact[0].images,
      (std::vector<GroupedImage>{{.project = "anna", .group_id = "anna_g0", .entry = "0/0"},
                                 {.project = "anna", .group_id = "anna_g1", .entry = "1/0"}}));
  ASSERT_EQ(report->near.size(), 1U);
  EXPECT_EQ(report->num_near_across, 1U);
  EXPECT_EQ(report->near[0].first.entry, "0/0");
  EXPECT_EQ(report->near[0].second.project, "zoe");
  EXPECT_NEAR(report->near[0].cosine, 0.9962, 1e-4);
}

TEST_F(Duplicates, StagesOfOnePictureAreNone) {
  write_store({0, 5, 6});
  const auto report = find({project_of("anna", {{0, 1}, {2}})});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_near_in_group, 1U);
  EXPECT_EQ(report->num_near, 2U);
  EXPECT_EQ(report->num_near_across, 0U);
  EXPECT_NEAR(report->near.at(0).cosine, 0.99985, 1e-5);  // the nearest leads
}

TEST_F(Duplicates, TheSmallestCosineIsTheUsers) {
  write_store({0, 15});
  EXPECT_EQ(find({project_of("anna", {{0}, {1}})})->num_near, 0U);
  EXPECT_EQ(find({project_of("anna", {{0}, {1}})}, {.min_cosine = 0.9})->num_near, 1U);
}

TEST_F(Duplicates, TwoDatabasesOfOneArchiveAreNoDuplicates) {
  write_store({0, 5});
  const ScoredProject project = project_of("anna", {{0}, {1}});
  ScoredProject waiting = project;
  waiting.path = "dbs/anna_ai_predictions_temp.db";
  const auto report = find({project, waiting});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->exact.empty());
  EXPECT_EQ(report->num_near, 1U);
}

TEST_F(Duplicates, AnArchiveThatChangedBetweenItsDatabasesHasBothContents) {
  write_store({0, 5});
  ScoredProject later = project_of("anna", {{1}, {1}});
  later.path = "dbs/anna_ai_predictions_temp.db";
  const auto report = find({project_of("anna", {{0}, {0}}), later});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_contents, 2U);
  EXPECT_EQ(report->num_images, 4U);
  EXPECT_EQ(report->num_near, 1U);
}

TEST_F(Duplicates, WithoutAStoreOnlyBytesAreCompared) {
  ScoredProject project = project_of("anna", {{0}, {0}, {1}});
  project.groups[2].images[0].score.reset();
  const auto report = find({project});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->exact.size(), 1U);
  EXPECT_EQ(report->num_without_vector, 1U);
  EXPECT_EQ(report->num_unknown, 1U);
  EXPECT_FALSE(fs::exists(store_folder()));
}

TEST_F(Duplicates, VectorsOfDifferentModelsAreNotCompared) {
  write_store({0});
  const ScoredProject anna = project_of("anna", {{0}});
  write_store({90, 0}, "bf16");
  const ScoredProject zoe = project_of("zoe", {{1}});
  const auto report = find({anna, zoe});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_variants, 2U);
  EXPECT_EQ(report->num_near, 0U);
}

TEST_F(Duplicates, TextListsSoManyAndCountsAll) {
  write_store({0, 1, 2});
  const auto report = find({project_of("anna", {{0}, {1}, {2}, {2}})});
  const std::string text = duplicates_text(*report, 1);
  EXPECT_TRUE(text.contains("4 images, 3 contents")) << text;
  EXPECT_TRUE(text.contains("Equal: 1 set, 0 in several projects\n  2 x\n    anna: 2/0\n"));
  EXPECT_TRUE(text.contains("3 pairs"));
  EXPECT_TRUE(text.contains("  0.9998  anna: "));
  EXPECT_EQ(text.find("0.9994"), std::string::npos);
  EXPECT_TRUE(duplicates_json(*report).contains("\"near_pairs\": 3"));
}

}  // namespace
}  // namespace assay::review
