#include "jobs/job_ledger.h"

#include "core/random.h"
#include "files/testing/simulated_file_system.h"
#include "jobs/testing/numbered_jobs.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

namespace assay::jobs {
namespace {

using namespace std::chrono_literals;
using files::testing::SimulatedFileSystem;
using protocol::GenerationCallback;
using protocol::JobOutcome;
using testing::hotkey_of;
using testing::id_of;
using testing::kTime;

constexpr std::string_view kFolder = "state/jobs";

/// Job `number` of miner `number`.
JobSent sent(std::uint8_t number) {
  return {.id = id_of(number),
          .at = kTime,
          .deadline = kTime + 1h,
          .uid = number,
          .miner = hotkey_of(number),
          .prompt = "a road"};
}

JobAnswered accepted(std::uint8_t number, std::string task_id) {
  return {.id = id_of(number),
          .at = kTime + 1s,
          .kind = AnswerKind::kAccepted,
          .status = 202,
          .text = std::move(task_id)};
}

GenerationCallback done(std::string task_id, std::string uri = "a.png") {
  return {.task_id = std::move(task_id),
          .outcome = JobOutcome::kCompleted,
          .has_image = true,
          .image_uri = std::move(uri)};
}

std::unique_ptr<JobLedger> open(files::FileSystem& file_system, Timestamp now = kTime) {
  auto ledger = JobLedger::open(file_system, kFolder, now);
  EXPECT_TRUE(ledger) << ledger.error().message;
  return std::move(ledger.value());
}

/// A ledger with job 1 of miner 1, taken on as `task-1`.
std::unique_ptr<JobLedger> with_one_job(files::FileSystem& file_system) {
  auto ledger = open(file_system);
  EXPECT_TRUE(ledger->add_sent(std::vector{sent(1)}));
  EXPECT_TRUE(ledger->add_answers(std::vector{accepted(1, "task-1")}));
  return ledger;
}

TEST(JobLedger, ACallbackIsTakenOnce) {
  SimulatedFileSystem file_system;
  const auto ledger = with_one_job(file_system);
  const auto now = kTime + 1min;
  EXPECT_EQ(ledger->take_callback(hotkey_of(1), done("task-1"), now), CallbackOutcome::kTaken);
  EXPECT_EQ(ledger->take_callback(hotkey_of(1), done("task-1"), now + 1s),
            CallbackOutcome::kRepeated);
  EXPECT_EQ(ledger->take_callback(hotkey_of(1), done("task-1", "b.png"), now),
            CallbackOutcome::kContradicts);
  EXPECT_EQ(ledger->take_callback(hotkey_of(1),
                                  {.task_id = "task-1", .outcome = JobOutcome::kFailed}, now),
            CallbackOutcome::kContradicts);
  const auto job = ledger->find(id_of(1));
  ASSERT_TRUE(job);
  EXPECT_EQ(job->state, JobState::kCompleted);
  EXPECT_EQ(job->report->at, now);
  EXPECT_EQ(job->report->image_uri, "a.png");
}

TEST(JobLedger, NobodyAnswersForAnother) {
  SimulatedFileSystem file_system;
  const auto ledger = with_one_job(file_system);
  ASSERT_TRUE(ledger->add_sent(std::vector{sent(2)}));
  EXPECT_EQ(ledger->take_callback(hotkey_of(2), done("task-1"), kTime), CallbackOutcome::kStranger);
  EXPECT_EQ(ledger->take_callback(hotkey_of(3), done("task-1"), kTime), CallbackOutcome::kStranger);
  EXPECT_EQ(ledger->take_callback(hotkey_of(1), done("task-9"), kTime), CallbackOutcome::kUnknown);
  EXPECT_EQ(ledger->find(id_of(1))->state, JobState::kAccepted);
  EXPECT_TRUE(ledger->knows(hotkey_of(2)));
  EXPECT_FALSE(ledger->knows(hotkey_of(3)));
}

TEST(JobLedger, OneTaskIdOfTwoMinersIsTwoJobs) {
  SimulatedFileSystem file_system;
  const auto ledger = with_one_job(file_system);
  ASSERT_TRUE(ledger->add_sent(std::vector{sent(2)}));
  ASSERT_TRUE(ledger->add_answers(std::vector{accepted(2, "task-1")}));
  EXPECT_EQ(ledger->take_callback(hotkey_of(2), done("task-1"), kTime), CallbackOutcome::kTaken);
  EXPECT_EQ(ledger->find(id_of(1))->state, JobState::kAccepted);
  EXPECT_EQ(ledger->find(id_of(2))->state, JobState::kCompleted);
}

TEST(JobLedger, AMinerThatGivesOneTaskIdTwiceHasRefused) {
  SimulatedFileSystem file_system;
  const auto ledger = with_one_job(file_system);
  std::vector<JobSent> more = {sent(2), sent(3)};
  for (JobSent& job : more) job.miner = hotkey_of(1);
  ASSERT_TRUE(ledger->add_sent(more));
  // One of an earlier batch, two of this one.
  ASSERT_TRUE(ledger->add_answers(std::vector{accepted(2, "task-1")}));
  EXPECT_EQ(ledger->find(id_of(2))->state, JobState::kRefused);
  ASSERT_TRUE(ledger->add_sent(std::vector{[] {
    JobSent job = sent(4);
    job.miner = hotkey_of(1);
    return job;
  }()}));
  ASSERT_TRUE(ledger->add_answers(std::vector{accepted(3, "task-3"), accepted(4, "task-3")}));
  EXPECT_EQ(ledger->find(id_of(3))->state, JobState::kAccepted);
  EXPECT_EQ(ledger->find(id_of(4))->state, JobState::kRefused);
}

TEST(JobLedger, ALateCallbackIsNone) {
  SimulatedFileSystem file_system;
  const auto ledger = with_one_job(file_system);
  // Late by the clock, before anybody looked at the deadline.
  EXPECT_EQ(ledger->take_callback(hotkey_of(1), done("task-1"), kTime + 1h),
            CallbackOutcome::kTooLate);
  EXPECT_EQ(ledger->give_up_late(kTime + 1h - 1us), 0U);
  EXPECT_EQ(ledger->give_up_late(kTime + 1h), 1U);
  EXPECT_EQ(ledger->give_up_late(kTime + 2h), 0U);
  // And late although that clock went back.
  EXPECT_EQ(ledger->take_callback(hotkey_of(1), done("task-1"), kTime), CallbackOutcome::kTooLate);
  EXPECT_EQ(ledger->find(id_of(1))->state, JobState::kTimedOut);
  EXPECT_FALSE(ledger->find(id_of(1))->report);
}

TEST(JobLedger, ARestartEndsWhatAwaitedItsAnswerAndKeepsTheRest) {
  SimulatedFileSystem file_system;
  {
    const auto ledger = with_one_job(file_system);
    ASSERT_TRUE(ledger->add_sent(std::vector{sent(2)}));
  }
  const auto ledger = open(file_system, kTime + 5min);
  EXPECT_EQ(ledger->find(id_of(2))->state, JobState::kInterrupted);
  EXPECT_EQ(ledger->find(id_of(2))->given_up, kTime + 5min);
  EXPECT_EQ(ledger->take_callback(hotkey_of(1), done("task-1"), kTime + 6min),
            CallbackOutcome::kTaken);
  EXPECT_EQ(ledger->count().total().interrupted, 1U);
}

TEST(JobLedger, WaitsForAnAnswerThatIsOnItsWay) {
  SimulatedFileSystem file_system;
  const auto ledger = open(file_system);
  ASSERT_TRUE(ledger->add_sent(std::vector{sent(1)}));
  EXPECT_TRUE(ledger->awaits_answer(hotkey_of(1)));
  EXPECT_FALSE(ledger->awaits_answer(hotkey_of(2)));
  const std::jthread answers(
      [&] { EXPECT_TRUE(ledger->add_answers(std::vector{accepted(1, "task-1")})); });
  ledger->wait_for_answer(hotkey_of(1), 1min, {});
  EXPECT_EQ(ledger->take_callback(hotkey_of(1), done("task-1"), kTime), CallbackOutcome::kTaken);
}

TEST(JobLedger, WhatCannotBeWrittenDidNotHappen) {
  SimulatedFileSystem file_system;
  const auto ledger = with_one_job(file_system);
  file_system.inject({.operation = file_system.num_operations() + 1, .error = no_space("full")});
  const auto refused = ledger->take_callback(hotkey_of(1), done("task-1"), kTime);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(ledger->find(id_of(1))->state, JobState::kAccepted);
  EXPECT_EQ(ledger->take_callback(hotkey_of(1), done("task-1"), kTime), CallbackOutcome::kTaken);
}

TEST(JobLedger, OldJobsGoAndTheirSegmentsToo) {
  SimulatedFileSystem file_system;
  LedgerOptions small;
  small.journal.segment_size = ByteCount(300);
  const auto ledger = JobLedger::open(file_system, kFolder, kTime, small);
  ASSERT_TRUE(ledger);
  for (std::uint8_t number = 1; number <= 20; ++number) {
    JobSent job = sent(number);
    job.at = kTime + std::chrono::hours(number);
    job.deadline = job.at + 1h;
    ASSERT_TRUE((*ledger)->add_sent(std::vector{job}));
    if (number == 12) continue;  // stays open
    ASSERT_TRUE((*ledger)->add_answers(
        std::vector{JobAnswered{.id = job.id, .at = job.at, .kind = AnswerKind::kUnanswered}}));
  }
  const std::size_t num_files = file_system.list(kFolder)->size();
  ASSERT_TRUE((*ledger)->forget_before(kTime + 15h));
  EXPECT_LT(file_system.list(kFolder)->size(), num_files / 2 + 3);
  EXPECT_FALSE((*ledger)->find(id_of(11)));
  EXPECT_FALSE((*ledger)->knows(hotkey_of(11)));
  EXPECT_TRUE((*ledger)->find(id_of(12)));
  EXPECT_FALSE((*ledger)->find(id_of(14)));
  EXPECT_EQ((*ledger)->count().total().sent, 7U);
  EXPECT_EQ((*ledger)->count(kTime + 16h).total().sent, 5U);
}

TEST(JobLedger, IsReadWhileItIsWritten) {
  SimulatedFileSystem file_system;
  const auto ledger = with_one_job(file_system);
  ASSERT_TRUE(ledger->take_callback(hotkey_of(1), done("task-1"), kTime + 3s));
  std::vector<Job> jobs;
  const auto reading =
      read_jobs(file_system, kFolder, [&](const Job& job) { jobs.push_back(job); });
  ASSERT_TRUE(reading) << reading.error().message;
  EXPECT_EQ(reading->num_records, 3U);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs.front().report->image_uri, "a.png");
  EXPECT_EQ(read_jobs(file_system, "elsewhere", [](const Job&) {}).error().code,
            ErrorCode::kNotFound);
}

TEST(JobLedger, FindsTheEarliestTwinOfSoundImagesOnly) {
  SimulatedFileSystem file_system;
  const auto ledger = open(file_system);
  const auto content = [](std::uint8_t number) { return Sha256({std::byte{number}}); };
  for (std::uint8_t number = 1; number <= 3; ++number) {
    ASSERT_TRUE(ledger->add_sent(std::vector{sent(number)}));
    ASSERT_TRUE(ledger->add_answers(std::vector{accepted(number, "t")}));
    ASSERT_EQ(ledger->take_callback(hotkey_of(number), done("t"), kTime), CallbackOutcome::kTaken);
    ASSERT_TRUE(ledger->add_check(
        id_of(number), {.verdict = number == 1 ? ImageVerdict::kBroken : ImageVerdict::kSound,
                        .content = content(number),
                        .look = 0xFF}));
  }
  EXPECT_EQ(ledger->find_twin(content(3), 0xFFFF'0000, 4), id_of(3));
  EXPECT_EQ(ledger->find_twin(content(9), 0xFF ^ 0xF, 4), id_of(2));
  EXPECT_EQ(ledger->find_twin(content(9), 0xFF ^ 0x1F, 4), std::nullopt);
  EXPECT_TRUE(ledger->unchecked(10).empty());
}

// One life of a ledger, which ends where the power does. `acknowledged` tells how far each job had
// come by what the calls returned.
void live(files::FileSystem& file_system, std::map<std::uint8_t, JobState>& acknowledged,
          std::uint8_t first) {
  // As by default, but for the size: when it syncs is what is tested.
  LedgerOptions options;
  options.journal.segment_size = ByteCount(400);
  auto ledger = JobLedger::open(file_system, kFolder, kTime, options);
  if (!ledger) return;
  for (std::uint8_t number = first; number < first + 4; ++number) {
    const std::string task = "task-" + std::to_string(number);
    if (!(*ledger)->add_sent(std::vector{sent(number)})) return;
    acknowledged[number] = JobState::kSent;
    if (!(*ledger)->add_answers(std::vector{accepted(number, task)})) return;
    acknowledged[number] = JobState::kAccepted;
    if (number % 4 == 3) {
      if (!(*ledger)->give_up_late(kTime + 1h)) return;
      acknowledged[number] = JobState::kTimedOut;
      continue;
    }
    if (!(*ledger)->take_callback(hotkey_of(number), done(task), kTime)) return;
    acknowledged[number] = JobState::kCompleted;
  }
}

bool may_follow(JobState acknowledged, JobState found, std::uint8_t number) {
  if (found == acknowledged) return true;
  // The last call may have become lasting although it was not acknowledged, and what awaited its
  // answer is closed at the start.
  const bool is_late = number % 4 == 3;
  const JobState end = is_late ? JobState::kTimedOut : JobState::kCompleted;
  if (acknowledged == JobState::kSent) {
    return found == JobState::kAccepted || found == JobState::kInterrupted;
  }
  return acknowledged == JobState::kAccepted && found == end;
}

TEST(JobLedger, NoCrashAtAnyOperationLosesWhatWasAcknowledged) {
  std::uint64_t num_operations = 0;
  {
    SimulatedFileSystem file_system;
    std::map<std::uint8_t, JobState> acknowledged;
    live(file_system, acknowledged, 1);
    live(file_system, acknowledged, 5);
    ASSERT_EQ(acknowledged.size(), 8U);
    num_operations = file_system.num_operations();
  }
  ASSERT_GT(num_operations, 60U);
  for (std::uint64_t operation = 1; operation <= num_operations; ++operation) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      SimulatedFileSystem file_system;
      SeededRandom random(operation * 100 + seed);
      std::map<std::uint8_t, JobState> acknowledged;
      file_system.cut_power_at(operation);
      live(file_system, acknowledged, 1);
      live(file_system, acknowledged, 5);
      seed == 0 ? file_system.kill() : file_system.crash(random);
      if (seed == 0) file_system.cut_power_at(0);
      const auto ledger = JobLedger::open(file_system, kFolder, kTime);
      ASSERT_TRUE(ledger) << operation << ": " << ledger.error().message;
      for (const auto& [number, state] : acknowledged) {
        const auto job = (*ledger)->find(id_of(number));
        ASSERT_TRUE(job) << "operation " << operation << ", job " << int{number};
        EXPECT_TRUE(may_follow(state, job->state, number))
            << "operation " << operation << ", job " << int{number} << ": " << to_string(state)
            << " became " << to_string(job->state);
        if (state != JobState::kAccepted || job->state != JobState::kAccepted) continue;
        // It goes on, and once only.
        const auto task = job->task_id;
        EXPECT_EQ((*ledger)->take_callback(job->miner, done(task), kTime), CallbackOutcome::kTaken);
      }
      EXPECT_LE((*ledger)->count().total().sent, acknowledged.size() + 1);
    }
  }
}

}  // namespace
}  // namespace assay::jobs
