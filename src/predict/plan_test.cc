#include "predict/plan.h"

#include "core/testing/stopped_token.h"
#include "embedding/testing/fake_models.h"
#include "files/testing/simulated_file_system.h"
#include "predict/testing/put_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::predict {
namespace {

using files::testing::SimulatedFileSystem;
using testing::put;

void put_images(SimulatedFileSystem& file_system, const std::filesystem::path& folder, int count) {
  for (int i = 0; i < count; ++i) put(file_system, folder / (std::to_string(i) + ".jpg"));
}

PlanOptions options_for(std::string source) {
  return {.source = std::move(source), .tree = DataTree("data")};
}

TEST(Plan, GoesFromSmallToLargeThenByName) {
  SimulatedFileSystem file_system;
  put_images(file_system, "in/b", 2);
  put_images(file_system, "in/c", 1);
  put_images(file_system, "in/a", 2);
  const auto plan = make_plan(file_system, options_for("in"), {});
  ASSERT_TRUE(plan) << plan.error().message;
  std::vector<std::string> order;
  for (const PlannedProject& project : plan->projects) order.push_back(project.project);
  EXPECT_EQ(order, (std::vector<std::string>{"c", "a", "b"}));
  EXPECT_TRUE(plan->is_missing_models());
  EXPECT_FALSE(plan->has_gaps());
}

TEST(Plan, ASourceThatATableCannotNameTakesNoPart) {
  SimulatedFileSystem file_system;
  put_images(file_system, "in/a", 1);
  put_images(file_system, "in/caf\xe9", 1);
  put(file_system, "data/training/ai_training_decisions/a_\xe9.db");
  const auto plan = make_plan(file_system, options_for("in"), {});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(plan->has_gaps());
  EXPECT_EQ(new_rows(*plan), (std::vector<ProjectRow>{{.project = "a", .source = "a"}}));
  const std::string told = "caf\xef\xbf\xbd: passed over, for its name is not UTF-8; rename it";
  EXPECT_TRUE(to_text(*plan).contains(told)) << to_text(*plan);
  EXPECT_TRUE(to_json(*plan).contains("\"not_utf8_sources\": ["));
  // Alone it says more than a source in which nothing is.
  put_images(file_system, "other/caf\xe9", 1);
  const auto other = make_plan(file_system, options_for("other"), {});
  ASSERT_FALSE(other);
  EXPECT_TRUE(other.error().message.contains(told)) << other.error().message;
}

TEST(Plan, TellsTheTimeOnlyWhereItWasMeasured) {
  SimulatedFileSystem file_system;
  put_images(file_system, "in/fast", 4);
  put_images(file_system, "in/slow", 6);
  PlanOptions options = options_for("in");
  auto plan = make_plan(file_system, options, {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->projects[1].estimated_seconds(), std::nullopt);
  EXPECT_NE(to_text(*plan).find("To do: 2 projects, 10 images\n"), std::string::npos);
  EXPECT_NE(to_json(*plan).find("\"estimated_seconds\": null"), std::string::npos);

  options.measure_time = [](const archives::EntrySource& source) {
    return std::optional(
        embedding::SampledTime{.seconds_per_image = source.name() == "in/fast" ? 10.0 : 1000.0,
                               .prepare_seconds_per_image = 0.002,
                               .num_samples = 4});
  };
  plan = make_plan(file_system, options, {});
  ASSERT_TRUE(plan);
  const std::string text = to_text(*plan);
  EXPECT_NE(text.find("To do: 2 projects, 10 images, 1.7 h\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  fast (4 images), 40 s\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  slow (6 images), 1.7 h\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("\nTime: "), std::string::npos) << text;

  plan->time_basis = embedding::TimeBasis{.num_samples = 8, .num_workers = 2};
  plan->time_basis->model_problem = "no model";
  EXPECT_NE(to_text(*plan).find("8 decoded samples: a worker takes 2.0 ms to read, decode and "
                                "resize an image; the model could not be measured and is not in "
                                "it (no model)."),
            std::string::npos)
      << to_text(*plan);
  plan->time_basis->model_seconds_per_image = 0.02;
  EXPECT_NE(to_text(*plan).find("20.0 ms for the model. How fast the disk keeps vectors is not in "
                                "it. What is"),
            std::string::npos)
      << to_text(*plan);
  plan->time_basis->store_seconds_per_image = 0.0005;
  EXPECT_NE(to_text(*plan).find("the model. Keeping its vector takes a worker 0.5 ms. What is"),
            std::string::npos)
      << to_text(*plan);
}

TEST(Plan, LooksAtTheSizeOfImagesWhereItIsAsked) {
  SimulatedFileSystem file_system;
  put(file_system, "in/a/1.png", embedding::testing::png_of(4, 5, 0));
  put(file_system, "in/b/1.png", "no image");
  PlanOptions options = options_for("in");
  EXPECT_EQ(make_plan(file_system, options, {})->projects[0].pixels_per_image, std::nullopt);
  options.num_size_samples = 2;
  const auto plan = make_plan(file_system, options, {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->projects[0].pixels_per_image, 20.0);
  EXPECT_EQ(plan->projects[1].pixels_per_image, std::nullopt);
}

TEST(Plan, NeedsRoomForWhatIsToDoAlone) {
  SimulatedFileSystem file_system;
  put_images(file_system, "in/a", 4);
  put_images(file_system, "in/done", 1);
  auto plan = make_plan(file_system, options_for("in"), {});
  ASSERT_TRUE(plan);
  const ByteCount all = plan->needed_space;
  put(file_system, "data/ai_data/batch_predictions_progress.txt", "done\n");
  plan = make_plan(file_system, options_for("in"), {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->needed_space.count() * 5, all.count() * 4);
  EXPECT_EQ(plan->projects[0].status, PlanStatus::kDone);
}

TEST(Plan, StopsWhenAsked) {
  SimulatedFileSystem file_system;
  put_images(file_system, "in/a", 1);
  const auto plan = make_plan(file_system, options_for("in"), assay::testing::stopped_token());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace assay::predict
