#include "process/reload_signal.h"

#include <gtest/gtest.h>

#include <csignal>

namespace assay::process {
namespace {

TEST(ReloadSignal, IsTakenOnceHoweverOftenItCame) {
  const auto reload = ReloadSignal::install();
  ASSERT_TRUE(reload) << reload.error().message;
  EXPECT_FALSE((*reload)->take());
  ASSERT_EQ(raise(SIGHUP), 0);
  ASSERT_EQ(raise(SIGHUP), 0);
  EXPECT_TRUE((*reload)->take());
  EXPECT_FALSE((*reload)->take());
  ASSERT_EQ(raise(SIGHUP), 0);
  EXPECT_TRUE((*reload)->take());
}

TEST(ReloadSignal, OneThatIsIgnoredStaysIgnored) {
  struct sigaction before{};
  struct sigaction ignored{};
  ignored.sa_handler = SIG_IGN;
  ASSERT_EQ(sigaction(SIGHUP, &ignored, &before), 0);
  {
    const auto reload = ReloadSignal::install();
    ASSERT_TRUE(reload);
    ASSERT_EQ(raise(SIGHUP), 0);
    EXPECT_FALSE((*reload)->take());
  }
  struct sigaction after{};
  ASSERT_EQ(sigaction(SIGHUP, &before, &after), 0);
  EXPECT_EQ(after.sa_handler, SIG_IGN);
}

}  // namespace
}  // namespace assay::process
