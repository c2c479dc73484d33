#include "validator/watchdog.h"

#include "core/testing/fake_clock.h"

#include <gtest/gtest.h>

#include <future>

namespace assay::validator {
namespace {

using namespace std::chrono_literals;

TEST(Watchdog, NamesTheWorkerThatDoesNotGoOn) {
  assay::testing::FakeClock clock;
  std::promise<std::string> told;
  Watchdog watchdog(40ms, clock,
                    [&](std::string_view reason) { told.set_value(std::string(reason)); });
  Heart& quick = watchdog.watch("the quick one");
  watchdog.watch("the slow one");
  Heart& ended = watchdog.watch("the one that has ended");
  ended.rest();
  auto reason = told.get_future();
  EXPECT_EQ(reason.wait_for(60ms), std::future_status::timeout);
  clock.advance(30ms);
  quick.beat();
  clock.advance(30ms);
  ASSERT_EQ(reason.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(reason.get(), "the slow one has not gone on for 60ms");
}

}  // namespace
}  // namespace assay::validator
