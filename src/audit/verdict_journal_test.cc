#include "audit/verdict_journal.h"

#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::audit {
namespace {

using namespace std::chrono_literals;
using storage::ExistenceVerdict;
using storage::Presence;

Sha256 digest(unsigned char first) {
  Sha256::Bytes bytes{};
  bytes[0] = std::byte{first};
  return Sha256(bytes);
}

class VerdictJournalTest : public ::testing::Test {
 protected:
  Result<VerdictJournal> open(const Sha256& fingerprint = digest(1)) {
    return VerdictJournal::open(files::posix_file_system(), path_, fingerprint, system_clock());
  }

  files::testing::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "report.csv.journal";
};

TEST_F(VerdictJournalTest, GivesBackWhatAnUnfinishedRunKnew) {
  {
    auto journal = open().value();
    EXPECT_TRUE(journal.found().empty());
    ASSERT_TRUE(
        journal.record(digest(10), {.presence = Presence::kPresent, .status = 200, .tries = 2}));
    ASSERT_TRUE(journal.record(
        digest(11), {.presence = Presence::kDenied, .status = 403, .tries = 1, .message = "no"}));
    ExistenceVerdict detailed{.presence = Presence::kPresent, .status = 200};
    detailed.details =
        storage::ObjectDetails{.size_bytes = 0, .created = Timestamp(-5us), .md5_base64 = "AA=="};
    ASSERT_TRUE(journal.record(digest(12), detailed));
  }
  const auto journal = open().value();
  ASSERT_EQ(journal.found().size(), 3U);
  EXPECT_EQ(journal.found().at(digest(10)).presence, Presence::kPresent);
  EXPECT_EQ(journal.found().at(digest(10)).tries, 2);
  EXPECT_EQ(journal.found().at(digest(11)).status, 403);
  EXPECT_EQ(journal.found().at(digest(11)).message, "no");
  const auto& details = journal.found().at(digest(12)).details;
  ASSERT_TRUE(details);
  EXPECT_EQ(details->size_bytes, 0U);
  EXPECT_EQ(details->created, Timestamp(-5us));
  EXPECT_EQ(details->md5_base64, "AA==");
}

TEST_F(VerdictJournalTest, DoesNotKeepTheUnknown) {
  {
    auto journal = open().value();
    ASSERT_TRUE(journal.record(digest(10), {.presence = Presence::kUnknown, .status = 503}));
  }
  EXPECT_TRUE(open().value().found().empty());
}

TEST_F(VerdictJournalTest, AsksTheDeniedAgainOnceTheirRunHasEnded) {
  {
    auto journal = open().value();
    ASSERT_TRUE(journal.record(digest(10), {.presence = Presence::kAbsent, .status = 404}));
    ASSERT_TRUE(journal.record(digest(11), {.presence = Presence::kDenied, .status = 403}));
    ASSERT_TRUE(journal.close_run());
  }
  {
    auto journal = open().value();
    EXPECT_EQ(journal.found().size(), 1U);
    EXPECT_TRUE(journal.found().contains(digest(10)));
    ASSERT_TRUE(journal.record(digest(11), {.presence = Presence::kDenied, .status = 403}));
  }
  EXPECT_EQ(open().value().found().size(), 2U) << "the second run has not ended";
}

TEST_F(VerdictJournalTest, OfAnotherRunIsBegunAnew) {
  {
    auto journal = open(digest(1)).value();
    ASSERT_TRUE(journal.record(digest(10), {.presence = Presence::kAbsent}));
  }
  EXPECT_TRUE(open(digest(2)).value().found().empty());
  EXPECT_TRUE(open(digest(1)).value().found().empty());
}

TEST_F(VerdictJournalTest, OfLongAgoIsBegunAnew) {
  {
    auto journal = open().value();
    ASSERT_TRUE(journal.record(digest(10), {.presence = Presence::kAbsent}));
  }
  std::filesystem::last_write_time(path_, std::filesystem::file_time_type::clock::now() - 25h);
  EXPECT_TRUE(open().value().found().empty());
}

TEST_F(VerdictJournalTest, AVerdictIsInTheFileWhenItIsRecorded) {
  auto journal = open().value();
  for (unsigned char i = 0; i < 5; ++i) {
    const auto before = std::filesystem::file_size(path_);
    ASSERT_TRUE(journal.record(digest(i), {.presence = Presence::kAbsent}));
    EXPECT_GT(std::filesystem::file_size(path_), before);
  }
}

TEST_F(VerdictJournalTest, RetiredIsGone) {
  auto journal = open().value();
  ASSERT_TRUE(journal.retire());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(VerdictJournalTest, ARecordThatIsNoVerdictIsCorrupt) {
  {
    auto journal = open().value();
  }
  {
    auto raw = files::Journal::open(files::posix_file_system(), path_,
                                    [](std::span<const std::byte>) -> Status { return {}; })
                   .value();
    ASSERT_TRUE(raw.append(as_bytes("V nonsense")));
  }
  const auto journal = open();
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, ErrorCode::kCorrupt);
}

TEST_F(VerdictJournalTest, LeavesAFileOfAnotherKindAlone) {
  ASSERT_TRUE(
      files::write_file(files::posix_file_system(), path_, "my own notes, nothing to do with it"));
  const auto journal = open();
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace assay::audit
