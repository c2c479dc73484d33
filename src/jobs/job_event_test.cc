#include "jobs/job_event.h"

#include "jobs/testing/numbered_jobs.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::jobs {
namespace {

using namespace std::chrono_literals;
using testing::hotkey_of;
using testing::id_of;
using testing::kTime;

std::vector<JobEvent> one_of_each() {
  const Sha256 content{Sha256::Bytes{std::byte{9}}};
  return {JobSent{.id = id_of(1),
                  .at = kTime,
                  .deadline = kTime + 2h,
                  .uid = 258,
                  .miner = hotkey_of(1),
                  .validator = hotkey_of(2),
                  .label = PromptLabel::kRoadwork,
                  .prompt = "a road \xc3\xa9",
                  .resolution = "2K"},
          JobAnswered{.id = id_of(1),
                      .at = kTime + 1s,
                      .kind = AnswerKind::kAccepted,
                      .status = 202,
                      .text = "task-1"},
          JobReported{.id = id_of(1),
                      .kind = ReportKind::kCompleted,
                      .report = {.at = kTime + 9s,
                                 .has_image = true,
                                 .image_uri = "s3://b/1.png",
                                 .reason = "none"}},
          JobGivenUp{.id = id_of(2), .at = kTime, .why = GivingUp::kInterrupted},
          JobChecked{.id = id_of(1),
                     .check = {.verdict = ImageVerdict::kDuplicate,
                               .at = kTime + 10s,
                               .content = content,
                               .size_bytes = 1234,
                               .size = {.width = 640, .height = 360},
                               .look = 0x0123'4567'89AB'CDEF,
                               .duplicate_of = id_of(7),
                               .reason = "as before"}}};
}

TEST(JobEvent, ReadsBackWhatItWrites) {
  const std::string record = encode_events(one_of_each());
  const auto events = decode_events(as_bytes(record));
  ASSERT_TRUE(events) << events.error().message;
  ASSERT_EQ(events->size(), 5U);
  EXPECT_EQ(encode_events(*events), record);
  const auto& sent = std::get<JobSent>(events->at(0));
  EXPECT_EQ(sent.uid, 258);
  EXPECT_EQ(sent.miner, hotkey_of(1));
  EXPECT_EQ(sent.validator, hotkey_of(2));
  EXPECT_EQ(sent.deadline, kTime + 2h);
  EXPECT_EQ(sent.label, PromptLabel::kRoadwork);
  EXPECT_EQ(sent.prompt, "a road \xc3\xa9");
  const auto& report = std::get<JobReported>(events->at(2)).report;
  EXPECT_TRUE(report.has_image);
  EXPECT_EQ(report.image_uri, "s3://b/1.png");
  const auto& check = std::get<JobChecked>(events->at(4)).check;
  EXPECT_EQ(check.duplicate_of, id_of(7));
  EXPECT_EQ(check.look, 0x0123'4567'89AB'CDEFU);
  EXPECT_EQ(check.size.height, 360U);
}

TEST(JobEvent, NoPrefixOfARecordIsTaken) {
  const std::string record = encode_events(one_of_each());
  const std::string first = encode_events(std::vector<JobEvent>{one_of_each().front()});
  for (std::size_t size = 0; size < first.size(); ++size) {
    EXPECT_FALSE(decode_events(as_bytes(record.substr(0, size)))) << size;
  }
  EXPECT_TRUE(decode_events(as_bytes(first)));
}

TEST(JobEvent, RefusesWhatIsNoEvent) {
  const auto code_of = [](std::string_view record) {
    return decode_events(as_bytes(record)).error().code;
  };
  EXPECT_EQ(code_of("\x01\x63"), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(std::string(1, '\0') + "\x01"), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of("\x02"), ErrorCode::kInvalidInput);
  std::string given_up = encode_events(std::vector<JobEvent>{JobGivenUp{}});
  EXPECT_EQ(given_up.size(), kMinLedgerRecord.count());
  given_up.back() = 2;
  EXPECT_EQ(code_of(given_up), ErrorCode::kCorrupt);
}

TEST(JobEvent, ALongTextIsCut) {
  const std::string record =
      encode_events(std::vector<JobEvent>{JobAnswered{.text = std::string(100'000, 'x')}});
  const auto events = decode_events(as_bytes(record));
  ASSERT_TRUE(events);
  EXPECT_EQ(std::get<JobAnswered>(events->front()).text.size(), kMaxEventText);
}

}  // namespace
}  // namespace assay::jobs
