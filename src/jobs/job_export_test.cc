#include "jobs/job_export.h"

#include "crypto/digest.h"
#include "files/testing/simulated_file_system.h"
#include "jobs/job_columns.h"
#include "jobs/job_ledger.h"
#include "jobs/testing/numbered_jobs.h"
#include "tables/leaf_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::jobs {
namespace {

using namespace std::chrono_literals;
using testing::hotkey_of;
using testing::id_of;
using testing::kTime;

class JobExportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto ledger = JobLedger::open(file_system_, "/jobs", kTime);
    ASSERT_TRUE(ledger);
    ledger_ = std::move(*ledger);
  }

  void send(std::uint8_t number) {
    ASSERT_TRUE(
        ledger_->add_sent(std::vector{JobSent{.id = id_of(number),
                                              .at = kTime + std::chrono::hours(number),
                                              .deadline = kTime + std::chrono::hours(number + 2),
                                              .uid = number,
                                              .miner = hotkey_of(number),
                                              .prompt = "a secret road"}}));
  }
  void answer(std::uint8_t number, AnswerKind kind, int status, std::string text) {
    ASSERT_TRUE(
        ledger_->add_answers(std::vector{JobAnswered{.id = id_of(number),
                                                     .at = kTime + std::chrono::hours(number) + 1s,
                                                     .kind = kind,
                                                     .status = status,
                                                     .text = std::move(text)}}));
  }
  void accept(std::uint8_t number) { answer(number, AnswerKind::kAccepted, 202, "t"); }
  void call_back(std::uint8_t number, const protocol::GenerationCallback& callback) {
    ASSERT_EQ(ledger_->take_callback(hotkey_of(number), callback,
                                     kTime + std::chrono::hours(number) + 5s),
              CallbackOutcome::kTaken);
  }

  /// The texts of a column, by row; `-` for null.
  std::vector<std::string> texts(const std::string& path) {
    std::vector<std::string> found;
    const tables::DatasetSources sources{.file_system = &file_system_};
    auto scan = tables::LeafScan::open(sources, {{"/jobs.parquet", {}}},
                                       {.leaves = {path}, .num_workers = 1}, {});
    EXPECT_TRUE(scan) << scan.error().message;
    const Status status = scan->run(
        [&](std::size_t, tables::LeafBatch& batch) -> Status {
          ASSIGN_OR_RETURN(const tables::LeafColumn* column, batch.column(0));
          for (std::size_t row = 0; row < batch.num_rows(); ++row) {
            found.push_back(text_of(*column, row));
          }
          return {};
        },
        {});
    EXPECT_TRUE(status) << status.error().message;
    return found;
  }

  static std::string text_of(const tables::LeafColumn& column, std::size_t row) {
    if (const auto value = column.boolean(row)) return *value ? "true" : "false";
    if (const auto value = column.integer(row)) return std::to_string(*value);
    if (const auto value = column.timestamp(row)) return to_rfc3339(*value);
    return std::string(column.text(row).value_or("-"));
  }

  JobExport run(const JobExportOptions& options = {}) {
    auto exported = export_jobs(file_system_, "/jobs", "/jobs.parquet", options);
    EXPECT_TRUE(exported) << exported.error().message;
    return exported.value_or(JobExport());
  }

  files::testing::SimulatedFileSystem file_system_;
  std::unique_ptr<JobLedger> ledger_;
};

using Texts = std::vector<std::string>;

// One job of each fate, in order: claimed and sound, claimed and absent, failed, refused,
// unanswered, timed out, open, and completed without an image.
// Written out a second time: whoever reads exports knows these names.
TEST(JobColumns, AreThoseOfAnExportThatTheAuditWasMadeFor) {
  std::vector<std::string> names;
  for (const tables::ColumnSpec& leaf : job_columns()) {
    const std::string name(leaf.path.substr(0, leaf.path.find('.')));
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"job_id",           "job_type",         "model_id",
                                      "priority",         "status",           "miner_hotkey",
                                      "miner_uid",        "validator_hotkey", "source",
                                      "created_at",       "queued_at",        "started_at",
                                      "completed_at",     "updated_at",       "expires_at",
                                      "retry_count",      "timeout_seconds",  "payload",
                                      "response_payload", "failure_reason",   "result_image_sha256",
                                      "audit_status",     "is_audit_job"}));
}

TEST_F(JobExportTest, EachFateHasItsRow) {
  const protocol::GenerationCallback done = {.task_id = "t",
                                             .outcome = protocol::JobOutcome::kCompleted,
                                             .has_image = true,
                                             .image_uri = "s3://b/1.png"};
  const Sha256 content{{std::byte{7}}};
  for (std::uint8_t number = 1; number <= 8; ++number) send(number);
  for (std::uint8_t number = 1; number <= 2; ++number) {
    accept(number);
    call_back(number, done);
  }
  ASSERT_TRUE(ledger_->add_check(
      id_of(1), {.verdict = ImageVerdict::kSound, .at = kTime + 9h, .content = content}));
  ASSERT_TRUE(ledger_->add_check(id_of(2), {.verdict = ImageVerdict::kAbsent, .at = kTime}));
  accept(3);
  call_back(3, {.task_id = "t", .reason = "no GPU"});
  answer(4, AnswerKind::kRefused, 429, "it answered 429");
  answer(5, AnswerKind::kUnanswered, 0, "timed out");
  accept(6);
  ASSERT_EQ(ledger_->give_up_late(kTime + 8h), 1U);
  accept(7);
  accept(8);
  call_back(8, {.task_id = "t", .outcome = protocol::JobOutcome::kCompleted});

  const JobExport exported = run();
  EXPECT_EQ(exported.num_jobs, 8U);
  EXPECT_EQ(exported.num_miners, 8U);
  EXPECT_EQ(texts("status"), (Texts{"success", "success", "failed", "failed", "failed", "failed",
                                    "pending", "success"}));
  EXPECT_EQ(texts("response_payload.callback_metadata.has_image"),
            (Texts{"true", "true", "false", "-", "-", "-", "-", "false"}));
  EXPECT_EQ(texts("response_payload.image_uri"),
            (Texts{"s3://b/1.png", "s3://b/1.png", "-", "-", "-", "-", "-", "-"}));
  EXPECT_EQ(texts("response_payload.callback_metadata.callback_status"),
            (Texts{"completed", "completed", "failed", "-", "-", "-", "-", "completed"}));
  EXPECT_EQ(texts("failure_reason"),
            (Texts{"-", "-", "no GPU", "refused (429): it answered 429", "no answer: timed out",
                   "no callback in time", "-", "-"}));
  EXPECT_EQ(texts("audit_status"),
            (Texts{"pass", "fail", "none", "none", "none", "none", "none", "none"}));
  EXPECT_EQ(texts("result_image_sha256").front(), content.to_hex());
  EXPECT_EQ(texts("result_image_sha256").at(1), "-");
  EXPECT_EQ(texts("miner_hotkey").at(2), hotkey_of(3).to_ss58());
  EXPECT_EQ(texts("miner_uid").at(2), "3");
  EXPECT_EQ(texts("created_at").at(1), "2025-10-27T02:00:00Z");
  EXPECT_EQ(texts("started_at").at(1), "2025-10-27T02:00:01Z");
  EXPECT_EQ(texts("completed_at").at(1), "2025-10-27T02:00:05Z");
  EXPECT_EQ(texts("expires_at").at(1), "2025-10-27T04:00:00Z");
  EXPECT_EQ(texts("timeout_seconds").at(1), "7200");
}

TEST_F(JobExportTest, NoPromptLeaves) {
  send(1);
  run();
  EXPECT_EQ(texts("payload.prompt_hash"), Texts{crypto::sha256("a secret road").to_hex()});
  const auto bytes = file_system_.content("/jobs.parquet");
  ASSERT_TRUE(bytes);
  EXPECT_FALSE(bytes->contains("a secret road"));
}

TEST_F(JobExportTest, SinceIsAMomentOfSending) {
  for (std::uint8_t number = 1; number <= 4; ++number) send(number);
  EXPECT_EQ(run({.since = kTime + 3h}).num_jobs, 2U);
  EXPECT_EQ(texts("miner_uid"), (Texts{"3", "4"}));
}

TEST_F(JobExportTest, NoJobsAreATableWithoutRows) {
  EXPECT_EQ(run().num_jobs, 0U);
  EXPECT_EQ(texts("status"), Texts());
}

TEST_F(JobExportTest, WithoutALedgerNothingIsWritten) {
  const auto exported = export_jobs(file_system_, "/elsewhere", "/jobs.parquet");
  ASSERT_FALSE(exported);
  EXPECT_EQ(exported.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(file_system_.content("/jobs.parquet"));
}

}  // namespace
}  // namespace assay::jobs
