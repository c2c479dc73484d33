/// \file
/// A recorder on a simulated file system, for tests.

#pragma once

#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "recorder/recorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assay::recorder::testing {

inline constexpr std::string_view kTrellis = R"({"trellis_sparse_steps": 45})";

class RecorderFixture : public ::testing::Test {
 protected:
  static RecorderOptions options() {
    RecorderOptions options;
    options.miner_uid = 226;
    options.derive_interval = std::chrono::milliseconds(0);
    options.hand_over = HandOver::kNever;
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

  void put(std::string_view name, std::string_view text) {
    const std::filesystem::path path = std::filesystem::path("/data") / name;
    ASSERT_TRUE(file_system_.create_folders(path.parent_path()));
    auto file = file_system_.open(path, files::OpenMode::kAppend);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->truncate(ByteCount(0)));
    ASSERT_TRUE((*file)->append(as_bytes(text)));
    ASSERT_TRUE((*file)->sync());
    ASSERT_TRUE(file_system_.sync_folder(path.parent_path()));
  }
  std::vector<std::string> names(std::string_view folder) {
    return file_system_.list(std::filesystem::path("/data") / folder)
        .value_or(std::vector<std::string>());
  }
  static records::FeedbackReceived score(double value) {
    return {.validator_uid = {}, .validator_hotkey = {}, .score = value};
  }
  static std::size_t num_lines(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
  }

  files::testing::SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_;
  SeededRandom random_{1};
};

}  // namespace assay::recorder::testing
