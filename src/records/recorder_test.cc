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
  ASSERT_TRUE(
      recorder->log_output("a", {.output = R"({"num_gaussians": 5})", .ply = {}, .ply_file = {}}));
  ASSERT_TRUE(recorder->log_submission("a", std::nullopt));
  clock_.advance(std::chrono::milliseconds(10'500));
  ASSERT_TRUE(
      recorder->log_feedback("a", {.validator_uid = 57, .validator_hotkey = {}, .score = 0.65}));
  ASSERT_TRUE(recorder->finish("a"));
  ASSERT_TRUE(recorder->flush());
  EXPECT_EQ(
      content("generation_history.jsonl"),
      R"({"metadata": {"generation_id": "a", "timestamp": "2025-10-27T00:00:00+00:00", )"
      R"("miner_uid": 226, "miner_version": "unknown", "validator_uid": 57, )"
      R"("validator_hotkey": "unknown", "network": "mainnet"}, )"
      R"("task": {"task_type": "TEXT-TO-3D", "prompt": "red sports car", "prompt_length": 14, )"
      R"("is_base64_image": false, "base64_image_hash": null, "image_file_path": null}, )"
      R"("miner_config": {"trellis_sparse_steps": 45}, )"
      R"("generation": {"enhanced_prompt": null, "negative_prompt": null, )"
      R"("timing": {"total_time": 21.457}, "output": {"num_gaussians": 5}, )"
      R"("submission": {"submitted": true, "submission_time": "2025-10-27T00:00:02+00:00", )"
      R"("pre_submission_rejection": false, "rejection_reason": null}}, )"
      R"("validator_feedback": {"received": true, "feedback_time": )"
      R"("2025-10-27T00:00:12.500000+00:00", "score": 0.65, "accepted": true, )"
      R"("feedback_delay_seconds": 10.5}, "failure_analysis": {"failed": false, )"
      R"("error_type": null, "error_message": null, "stack_trace": null}})"
      "\n");
}

}  // namespace
}  // namespace assay::records
