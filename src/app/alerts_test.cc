#include "app/alerts.h"

#include "core/testing/fake_clock.h"
#include "files/atomic_file.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

namespace assay::app {
namespace {

class AlertBookTest : public ::testing::Test {
 protected:
  AlertBookTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("assay_alerts_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
  }
  ~AlertBookTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path() const { return folder_ / "state" / "alerts.json"; }

  AlertOutcome post(const std::vector<Alert>& alerts) {
    auto book = AlertBook::open(files::posix_file_system(), path());
    EXPECT_TRUE(book) << book.error().message;
    auto outcome = book->post("audit", alerts, clock_, [this](std::string_view json) -> Status {
      if (refuse_) return unavailable("the webhook is down");
      sent_.emplace_back(json);
      return {};
    });
    EXPECT_TRUE(outcome) << outcome.error().message;
    return *outcome;
  }

  std::filesystem::path folder_;
  assay::testing::FakeClock clock_;
  std::vector<std::string> sent_;
  bool refuse_ = false;
};

TEST_F(AlertBookTest, PostsOncePerChangeOfStateAcrossRuns) {
  const std::vector<Alert> suspect = {{"5Hot", "suspect", "5Hot is suspect"}};
  EXPECT_EQ(post(suspect).num_posted, 1U);
  EXPECT_EQ(post(suspect).num_unchanged, 1U);
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(sent_[0],
            R"({"topic":"audit","subject":"5Hot","state":"suspect","message":"5Hot is suspect",)"
            R"("time":"2025-10-27T00:00:00Z"})");
}

TEST_F(AlertBookTest, LeavesASubjectOfUnknownStateAsItIs) {
  post({{"lines", "2", "two"}});
  EXPECT_EQ(post({{"lines", "", ""}}).num_posted, 0U);
  EXPECT_EQ(post({{"lines", "2", "two"}}).num_posted, 0U);
  EXPECT_EQ(post({}).num_posted, 1U);
}

TEST_F(AlertBookTest, TellsWhenASubjectIsClearedAndWhenItComesBack) {
  const std::vector<Alert> suspect = {{"5Hot", "suspect", "m"}};
  post(suspect);
  EXPECT_EQ(post({}).num_posted, 1U);
  EXPECT_EQ(post({}).num_posted, 0U);
  EXPECT_EQ(post(suspect).num_posted, 1U);
  ASSERT_EQ(sent_.size(), 3U);
  EXPECT_NE(sent_[1].find(R"("state":"cleared")"), std::string::npos);
}

TEST_F(AlertBookTest, TriesAgainWhatWasNotAccepted) {
  refuse_ = true;
  const std::vector<Alert> suspect = {{"5Hot", "suspect", "m"}};
  const AlertOutcome outcome = post(suspect);
  EXPECT_EQ(outcome.num_failed, 1U);
  EXPECT_EQ(outcome.failure, "the webhook is down");
  refuse_ = false;
  EXPECT_EQ(post(suspect).num_posted, 1U);
}

TEST_F(AlertBookTest, LeavesAForeignFileAlone) {
  std::filesystem::create_directories(path().parent_path());
  ASSERT_TRUE(files::write_file(files::posix_file_system(), path(), "[1, 2]"));
  const auto book = AlertBook::open(files::posix_file_system(), path());
  ASSERT_FALSE(book);
  EXPECT_EQ(book.error().code, ErrorCode::kCorrupt);
}

TEST_F(AlertBookTest, RefusesASecondWriter) {
  const auto first = AlertBook::open(files::posix_file_system(), path());
  ASSERT_TRUE(first);
  const auto second = AlertBook::open(files::posix_file_system(), path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace assay::app
