#include "miner/command_detector.h"

#include "core/bytes.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace assay::miner {
namespace {

using namespace std::chrono_literals;

constexpr CommandDetectorOptions kQuickDetector = {.timeout = 2s, .first_pause = 1ms};

/// A program that does `script` for each line it reads, as $n and $id.
Result<std::unique_ptr<CommandDetector>> start(const std::string& script,
                                               CommandDetectorOptions options = kQuickDetector) {
  return CommandDetector::start(
      {"sh", "-c",
       "n=0; while read -r line; do n=$((n+1)); id=${line#*:}; id=${id%%,*}; " + script + "; done"},
      options);
}

Result<double> judge(CommandDetector& detector) {
  const images::Image image;
  return detector.judge({.encoded = as_bytes("bytes"), .image = image}, {});
}

TEST(CommandDetector, AsksOneProgramAboutEachImage) {
  const auto detector = start(
      R"(case $line in *'"image":"Ynl0ZXM="'*) echo "{\"id\": $id, \"prediction\": 0.$n}";; esac)");
  ASSERT_TRUE(detector);
  EXPECT_EQ(judge(**detector).value(), 0.1);
  EXPECT_EQ(judge(**detector).value(), 0.2);
  EXPECT_EQ((*detector)->name(), "command sh");
}

TEST(CommandDetector, ServesSeveralWhoAskAtOnce) {
  const auto detector = start(R"(echo "{\"id\": $id, \"prediction\": 0.5}")");
  ASSERT_TRUE(detector);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(judge(**detector).value(), 0.5); });
  }
}

TEST(CommandDetector, StartsAProgramAgainThatEnded) {
  const auto detector = start(R"([ $n = 2 ] && exit 3; echo "{\"id\": $id, \"prediction\": 0.5}")");
  ASSERT_TRUE(detector);
  EXPECT_TRUE(judge(**detector));
  EXPECT_EQ(judge(**detector).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(judge(**detector).value(), 0.5);
}

TEST(CommandDetector, TakesNoAnswerToAnotherQuestion) {
  const auto detector = start(R"(echo "{\"id\": 77, \"prediction\": 0.5}")");
  ASSERT_TRUE(detector);
  EXPECT_EQ(judge(**detector).error().code, ErrorCode::kCorrupt);
  const auto no_number = start(R"(echo "{\"id\": $id, \"prediction\": 7}")");
  EXPECT_EQ(judge(**no_number).error().code, ErrorCode::kCorrupt);
}

TEST(CommandDetector, GivesUpOnOneThatDoesNotAnswer) {
  const auto detector = start("sleep 60", {.timeout = 100ms, .first_pause = 1ms});
  ASSERT_TRUE(detector);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(judge(**detector).error().code, ErrorCode::kTimeout);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
}

TEST(CommandDetector, SaysThatThereIsNoSuchProgram) {
  EXPECT_EQ(CommandDetector::start({"no-such-program-x"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(CommandDetector::start({"/no/such/program"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(CommandDetector::start({}).error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace assay::miner
