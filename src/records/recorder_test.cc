#include "records/recorder.h"

#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

namespace assay::records {
namespace {

using files::testing::SimulatedFileSystem;

constexpr std::string_view kTrellis = R"({"trellis_sparse_steps": 45})";

class RecorderTest : public ::testing::Test {
 protected:
  RecorderOptions options() {
    RecorderOptions options;
    options.miner_uid = 226;
    options.derive_interval = std::chrono::milliseconds(0);
    return options;
  }
  std::unique_ptr<Recorder> open() { return open(options()); }
  std::unique_ptr<Recorder> open(const RecorderOptions& options) {
    auto recorder = Recorder::open(file_system_, clock_, random_, "/data", options);
    if (!recorder) {
      ADD_FAILURE() << recorder.error().message;
      return nullptr;
    }
    return std::move(*recorder);
  }
  static NewGeneration text_generation(std::string id) {
    return {.generation_id = std::move(id),
            .task_type = "TEXT-TO-3D",
            .prompt = "red sports car",
            .prompt_length_code_points = {},
            .image_hash = {},
            .image_file_path = {},
            .validator_uid = {},
            .validator_hotkey = {},
            .miner_config = std::string(kTrellis)};
  }
  std::string content(std::string_view name) {
    return file_system_.content(std::filesystem::path("/data") / name).value_or("(no file)");
  }

  SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_;
  SeededRandom random_{1};
};

TEST_F(RecorderTest, WritesTheLineOfAFinishedGeneration) {
  auto recorder = open();
  ASSERT_NE(recorder, nullptr);
  ASSERT_TRUE(recorder->start(text_generation("a")));
  clock_.advance(std::chrono::seconds(2));
  ASSERT_TRUE(recorder->log_timing("a", R"({"total_time":21.45678})"));
  ASSERT_TRUE(recorder->log_output("a", {.output = R"({"num_gaussians": 5})",
                                         .pending_ply_path = {}}));
  ASSERT_TRUE(recorder->log_submission("a", std::nullopt));
  ASSERT_TRUE(recorder->log_feedback("a", {.validator_uid = 57, .validator_hotkey = {},
                                           .score = 0.65}));
  ASSERT_TRUE(recorder->finish("a"));
  ASSERT_TRUE(recorder->flush());
  EXPECT_EQ(content("generation_history.jsonl"), "");
}

}  // namespace
}  // namespace assay::records
