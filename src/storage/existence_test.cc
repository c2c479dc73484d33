#include "storage/existence.h"

#include "core/testing/stopped_token.h"
#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace assay::storage {
namespace {

class ExistenceTest : public ::testing::Test {
 protected:
  Status check(std::vector<ObjectAddress> addresses, std::stop_token stop = {}) {
    ASSIGN_OR_RETURN(ExistenceCheck check, ExistenceCheck::create(addresses, options_, services_));
    RETURN_IF_ERROR(check.run(
        [&](std::size_t index, const ExistenceVerdict& verdict) -> Status {
          EXPECT_TRUE(verdicts_.emplace(index, verdict).second);
          return on_verdict_;
        },
        stop));
    num_planned_ = check.plan().num_planned();
    return {};
  }

  ExistenceOptions options_{.tries = 1};
  ExistenceServices services_{.file_system = &files::posix_file_system(),
                              .clock = &system_clock(),
                              .random = &system_random()};
  std::map<std::size_t, ExistenceVerdict> verdicts_;
  std::uint64_t num_planned_ = 0;
  Status on_verdict_;
};

TEST_F(ExistenceTest, LooksAtFiles) {
  files::testing::TemporaryFolder folder;
  const std::string there = folder.path() / "there";
  const std::string gone = folder.path() / "gone";
  const std::string itself = folder.path();
  ASSERT_TRUE(files::write_file(files::posix_file_system(), there, "12345"));
  ASSERT_TRUE(check({{AddressScheme::kFile, "", there},
                     {AddressScheme::kFile, "", gone},
                     {AddressScheme::kFile, "", itself}}));
  EXPECT_EQ(verdicts_[0].presence, Presence::kPresent);
  ASSERT_TRUE(verdicts_[0].details);
  EXPECT_EQ(verdicts_[0].details->size_bytes, 5U);
  EXPECT_EQ(verdicts_[1].presence, Presence::kAbsent);
  EXPECT_EQ(verdicts_[2].presence, Presence::kAbsent) << "a folder is no object";
  EXPECT_EQ(num_planned_, 0U);
}

TEST_F(ExistenceTest, OfNothingIsDoneAtOnce) { EXPECT_TRUE(check({})); }

TEST_F(ExistenceTest, AStoreWhereNobodyListensIsAnErrorThatNamesIt) {
  options_.gcs_endpoint = "http://127.0.0.1:9";
  const Status status = check({{AddressScheme::kGcs, "b", "secret-name"}});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(status.error().message.find("127.0.0.1:9"), std::string::npos);
  EXPECT_EQ(status.error().message.find("secret-name"), std::string::npos);
}

TEST_F(ExistenceTest, AHostWhereNobodyListensIsUnknown) {
  ASSERT_TRUE(check(
      {{AddressScheme::kHttp, "127.0.0.1:9", "/x"}, {AddressScheme::kHttps, "not a host", "/x"}}));
  EXPECT_EQ(verdicts_[0].presence, Presence::kUnknown);
  EXPECT_EQ(verdicts_[0].doubt, Doubt::kConnection);
  EXPECT_EQ(verdicts_[1].doubt, Doubt::kBadAddress);
}

TEST_F(ExistenceTest, AnEndpointThatIsNoAddressIsAnError) {
  options_.gcs_endpoint = "nonsense";
  const Status status = check({{AddressScheme::kGcs, "b", "x"}});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(status.error().message.starts_with("the endpoint of GCS: "));
}

TEST_F(ExistenceTest, StopsWhenAsked) {
  options_.gcs_endpoint = "http://127.0.0.1:9";
  const Status status = check({{AddressScheme::kGcs, "b", "x"}}, assay::testing::stopped_token());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
}

TEST_F(ExistenceTest, AnErrorOfTheReceiverEndsTheRun) {
  on_verdict_ = no_space("full");
  options_.gcs_endpoint = "http://127.0.0.1:9";
  const Status status = check({{AddressScheme::kGcs, "b", "x"}});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNoSpace);
}

}  // namespace
}  // namespace assay::storage
