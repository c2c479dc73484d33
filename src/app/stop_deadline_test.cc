#include "app/stop_deadline.h"

#include "core/testing/stopped_token.h"

#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

namespace assay::app {
namespace {

using namespace std::chrono_literals;

TEST(StopDeadlineDeathTest, WhoHangsAfterAStopIsEndedWithTheReason) {
  EXPECT_EXIT(
      {
        const StopDeadline deadline(assay::testing::stopped_token(), 20ms);
        std::this_thread::sleep_for(20s);  // what hangs
      },
      ::testing::ExitedWithCode(1), "asked to stop, and is still there after 20ms");
}

TEST(StopDeadlineDeathTest, TheStopMayComeLater) {
  EXPECT_EXIT(
      {
        std::jthread asked([](const std::stop_token& stop) {
          const StopDeadline deadline(stop, 20ms);
          std::this_thread::sleep_for(20s);  // what hangs
        });
        std::this_thread::sleep_for(10ms);  // most likely the thread waits by then
        asked.request_stop();
        asked.join();
      },
      ::testing::ExitedWithCode(1), "asked to stop, and is still there after 20ms");
}

TEST(StopDeadline, WhoWasNotAskedOrEndsInTimeIsLeftAlone) {
  const StopDeadline never_asked({}, 1ms);
  const StopDeadline asked(assay::testing::stopped_token(), 10s);
  std::this_thread::sleep_for(50ms);  // long enough for one that wrongly began to end the process
}

}  // namespace
}  // namespace assay::app
