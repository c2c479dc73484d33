#include "validator/old_state.h"

#include "archives/testing/zip_builder.h"
#include "files/file_system.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::validator {
namespace {

Result<OldState> read(const std::string& name) {
  const std::string path = std::string(ASSAY_TEST_DATA) + "/validator/" + name;
  return read_old_state(files::open_byte_source(files::posix_file_system(), path).value());
}

/// A version 1.0 array with this header and content.
std::string npy(const std::string& header, const std::string& content) {
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\0';
  file += static_cast<char>(header.size());
  file += '\0';
  return file + header + content;
}

Result<OldState> read_arrays(const std::string& step, const std::string& scores,
                             const std::string& hotkeys) {
  archives::testing::ZipBuilder zip;
  zip.add("step.npy", step).add("scores.npy", scores).add("hotkeys.npy", hotkeys);
  return read_old_state(files::memory_byte_source("state.npz", zip.finish()));
}

const std::string kStep = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (), }",
                              std::string("\7\0\0\0\0\0\0\0", 8));
const std::string kScores =
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", std::string("\0\0\0\x3f", 4));
const std::string kHotkeys = npy("{'descr': '<U2', 'fortran_order': False, 'shape': (1,), }",
                                 std::string("a\0\0\0b\0\0\0", 8));

TEST(OldState, ReadsWhatNumpyWrote) {
  const auto state = read("state.npz");
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->step, 4711U);
  EXPECT_EQ(state->scores, (std::vector<float>{0.5F, 0, 0.125F, 0}));
  EXPECT_EQ(state->num_bad_scores, 1U);
  EXPECT_EQ(state->hotkeys,
            (std::vector<std::string>{"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
                                      "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty", "short",
                                      "späť"}));
}

TEST(OldState, RefusesPickledObjectsByName) {
  const auto state = read("state_objects.npz");
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(state.error().message.find("hotkeys.npy is an array of Python objects"),
            std::string::npos)
      << state.error().message;
}

TEST(OldState, NamesTheArrayThatIsWrong) {
  ASSERT_TRUE(read_arrays(kStep, kScores, kHotkeys));
  EXPECT_EQ(read_arrays(kStep, kScores, kHotkeys)->hotkeys, (std::vector<std::string>{"ab"}));
  const auto message = [](const auto& result) {
    return result ? std::string("read") : result.error().message;
  };
  EXPECT_EQ(message(read_arrays(kScores, kScores, kHotkeys)),
            "state.npz: step.npy is of type \"<f4\", expected integers of 32 or 64 bits");
  EXPECT_EQ(message(read_arrays(kStep, kHotkeys, kHotkeys)),
            "state.npz: scores.npy is of type \"<U2\", expected floats of 32 or 64 bits");
  EXPECT_EQ(message(read_arrays(kStep, kScores.substr(0, kScores.size() - 1), kHotkeys)),
            "state.npz: scores.npy has not as many elements as it says");
  EXPECT_EQ(message(read_arrays(kStep, kScores.substr(0, 30), kHotkeys)),
            "state.npz: scores.npy is cut short");
  EXPECT_EQ(message(read_arrays(kStep, "junk", kHotkeys)),
            "state.npz: scores.npy is no NumPy array");
  const std::string none = npy("{'descr': '<U2', 'fortran_order': False, 'shape': (0,), }", "");
  EXPECT_EQ(message(read_arrays(kStep, kScores, none)), "state.npz: has 1 scores and 0 hotkeys");
  const std::string nothing = npy("{'descr': '<U0', 'shape': (99999999999999999,), }", "");
  EXPECT_EQ(message(read_arrays(kStep, kScores, nothing)),
            "state.npz: hotkeys.npy is of type \"<U0\", expected numbers or texts");
  const std::string square = npy("{'descr': '<f4', 'shape': (1, 1), }", std::string(4, '\0'));
  EXPECT_EQ(message(read_arrays(kStep, square, kHotkeys)),
            "state.npz: scores.npy has more than one dimension");
  const std::string huge =
      npy("{'descr': '<f4', 'shape': (99999999999999999,), }", std::string(4, '\0'));
  EXPECT_EQ(message(read_arrays(kStep, huge, kHotkeys)),
            "state.npz: scores.npy has not as many elements as it says");
}

TEST(OldState, RefusesWhatIsNoZipAndWhatLacksAnArray) {
  EXPECT_EQ(read_old_state(files::memory_byte_source("state.npz", "not a zip")).error().code,
            ErrorCode::kInvalidInput);
  archives::testing::ZipBuilder zip;
  zip.add("step.npy", kStep);
  EXPECT_EQ(read_old_state(files::memory_byte_source("state.npz", zip.finish())).error().message,
            "state.npz: holds no scores.npy");
}

TEST(OldState, ReadsWhatItWrites) {
  const OldState state{.step = 4711,
                       .scores = {0.5F, 0, 0.125F},
                       .hotkeys = {"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "", "b"},
                       .num_bad_scores = 0};
  const auto bytes = write_old_state(state);
  ASSERT_TRUE(bytes) << bytes.error().message;
  const auto read = read_old_state(files::memory_byte_source("state.npz", *bytes));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->step, state.step);
  EXPECT_EQ(read->scores, state.scores);
  EXPECT_EQ(read->hotkeys, state.hotkeys);
  EXPECT_FALSE(write_old_state({.step = 0, .scores = {1}, .hotkeys = {}}));
  EXPECT_FALSE(write_old_state({.step = 0, .scores = {1}, .hotkeys = {"\xc3\xa4"}}));
}

}  // namespace
}  // namespace assay::validator
