#include "jobs/callback_route.h"

#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "jobs/testing/numbered_jobs.h"
#include "protocol/btauth.h"
#include "protocol/epistula.h"
#include "protocol/legacy.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

namespace assay::jobs {
namespace {

using namespace std::chrono_literals;
using protocol::GenerationCallback;
using protocol::testing::alice;
using protocol::testing::bob;
using protocol::testing::eve;
using testing::id_of;

/// Alice validates, Bob took on `bobs`, Eve has no job.
class CallbackDeskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto ledger = JobLedger::open(file_system_, "jobs", clock_.now());
    ASSERT_TRUE(ledger);
    ledger_ = std::move(*ledger);
    add_job(1, bob());
    ASSERT_TRUE(ledger_->add_answers(std::vector{answer(1, "bobs")}));
    desk_ = std::make_unique<CallbackDesk>(*ledger_, clock_, alice().hotkey(), options_,
                                           [this] { ++num_taken_; });
  }

  void add_job(std::uint8_t number, const keys::KeyPair& miner) {
    ASSERT_TRUE(ledger_->add_sent(std::vector{JobSent{.id = id_of(number),
                                                      .at = clock_.now(),
                                                      .deadline = clock_.now() + 1h,
                                                      .uid = number,
                                                      .miner = miner.hotkey(),
                                                      .prompt = "a road"}}));
  }

  JobAnswered answer(std::uint8_t number, std::string task_id) {
    return {.id = id_of(number),
            .at = clock_.now(),
            .kind = AnswerKind::kAccepted,
            .status = 202,
            .text = std::move(task_id)};
  }

  static GenerationCallback done(std::string task_id) {
    return {.task_id = std::move(task_id),
            .outcome = protocol::JobOutcome::kCompleted,
            .has_image = true,
            .image_uri = "a.png"};
  }

  net::ServedRequest request(const keys::KeyPair& sender, const GenerationCallback& callback,
                             const protocol::Scheme& scheme = protocol::Btauth(),
                             const keys::Hotkey& receiver = alice().hotkey()) {
    net::ServedRequest made;
    made.method = net::HttpMethod::kPost;
    made.body = protocol::write_generation_callback(callback);
    auto headers =
        scheme.sign({.target = protocol::kCallbackTarget, .body = made.body, .receiver = receiver},
                    sender, clock_.now(), random_);
    EXPECT_TRUE(headers);
    made.headers = std::move(*headers);
    return made;
  }

  int status_of(const keys::KeyPair& sender, const GenerationCallback& callback) {
    clock_.advance(1ms);
    return desk_->answer(request(sender, callback)).status;
  }

  CallbackOptions options_ = {.patience = 20s, .max_waiting = 2};
  files::testing::SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<JobLedger> ledger_;
  std::unique_ptr<CallbackDesk> desk_;
  int num_taken_ = 0;
};

TEST_F(CallbackDeskTest, TakesTheCallbackOfTheJobsMiner) {
  EXPECT_EQ(status_of(bob(), done("bobs")), 200);
  EXPECT_EQ(ledger_->find(id_of(1))->state, JobState::kCompleted);
  EXPECT_EQ(num_taken_, 1);
  EXPECT_EQ(desk_->counts().taken, 1U);
}

TEST_F(CallbackDeskTest, TakesEpistulaToo) {
  EXPECT_EQ(desk_->answer(request(bob(), done("bobs"), protocol::Epistula())).status, 200);
}

TEST_F(CallbackDeskTest, ASecondCallbackChangesNothing) {
  EXPECT_EQ(status_of(bob(), done("bobs")), 200);
  // Signed anew, word for word: the miner did not hear our answer.
  EXPECT_EQ(status_of(bob(), done("bobs")), 200);
  auto other = done("bobs");
  other.image_uri = "b.png";
  EXPECT_EQ(status_of(bob(), other), 409);
  EXPECT_EQ(ledger_->find(id_of(1))->report->image_uri, "a.png");
  EXPECT_EQ(num_taken_, 1);
  EXPECT_EQ(desk_->counts().repeated, 1U);
  EXPECT_EQ(desk_->counts().contradicting, 1U);
}

TEST_F(CallbackDeskTest, TheSameRequestTwiceIsAReplay) {
  const auto made = request(bob(), done("bobs"));
  EXPECT_EQ(desk_->answer(made).status, 200);
  EXPECT_EQ(desk_->answer(made).status, 401);
}

TEST_F(CallbackDeskTest, StrangersAreRefused) {
  EXPECT_EQ(status_of(eve(), done("bobs")), 403);
  EXPECT_EQ(status_of(eve(), done("nobodys")), 403);
  add_job(2, eve());
  ASSERT_TRUE(ledger_->add_answers(std::vector{answer(2, "eves")}));
  EXPECT_EQ(status_of(eve(), done("bobs")), 403);
  EXPECT_EQ(status_of(eve(), done("nobodys")), 404);
  EXPECT_EQ(ledger_->find(id_of(1))->state, JobState::kAccepted);
  EXPECT_EQ(desk_->counts().strangers, 3U);
  EXPECT_EQ(desk_->counts().unknown, 1U);
}

TEST_F(CallbackDeskTest, WhatIsNotSignedForUsIsRefused) {
  net::ServedRequest bare;
  bare.method = net::HttpMethod::kPost;
  bare.body = protocol::write_generation_callback(done("bobs"));
  EXPECT_EQ(desk_->answer(bare).status, 401);

  auto changed = request(bob(), done("bobs"));
  changed.body = protocol::write_generation_callback(
      {.task_id = "bobs", .outcome = protocol::JobOutcome::kFailed, .reason = "x"});
  EXPECT_EQ(desk_->answer(changed).status, 401);

  const auto misdirected = request(bob(), done("bobs"), protocol::Btauth(), eve().hotkey());
  EXPECT_EQ(desk_->answer(misdirected).status, 401);

  auto empty = request(bob(), done("bobs"));
  empty.headers.back().value.clear();
  EXPECT_EQ(desk_->answer(empty).status, 401);

  auto old = request(bob(), done("bobs"));
  clock_.advance(1min);
  EXPECT_EQ(desk_->answer(old).status, 401);
  EXPECT_EQ(ledger_->find(id_of(1))->state, JobState::kAccepted);
}

TEST_F(CallbackDeskTest, ASignatureThatLeavesTheBodyOpenIsNotEnough) {
  // Legacy's: what it is signed for does not matter, as no scheme of the desk reads it.
  net::ServedRequest made;
  made.method = net::HttpMethod::kPost;
  made.body = protocol::write_generation_callback(done("bobs"));
  const auto headers = protocol::Legacy().sign(
      {.target = "/Callback", .body = made.body, .receiver = alice().hotkey()}, bob(), clock_.now(),
      random_);
  ASSERT_TRUE(headers);
  made.headers = *headers;
  EXPECT_EQ(desk_->answer(made).status, 401);
}

TEST_F(CallbackDeskTest, NoMessageIsABadRequest) {
  auto callback = done("bobs");
  callback.image_uri.clear();  // a claim without an address
  EXPECT_EQ(status_of(bob(), callback), 400);
  EXPECT_EQ(desk_->counts().malformed, 1U);
}

TEST_F(CallbackDeskTest, LateIsLate) {
  clock_.advance(1h);
  EXPECT_EQ(status_of(bob(), done("bobs")), 410);
  EXPECT_EQ(desk_->counts().late, 1U);
}

TEST_F(CallbackDeskTest, ADiskThatIsFullIsNoReasonToLoseACallback) {
  file_system_.inject({.operation = file_system_.num_operations() + 1, .error = no_space("full")});
  EXPECT_EQ(status_of(bob(), done("bobs")), 503);
  EXPECT_EQ(num_taken_, 0);
  EXPECT_EQ(status_of(bob(), done("bobs")), 200);
  EXPECT_EQ(num_taken_, 1);
}

TEST_F(CallbackDeskTest, ACallbackMayComeBeforeTheAnswerIsKnown) {
  add_job(2, eve());
  auto early = std::async(std::launch::async, [made = request(eve(), done("eves")), this] {
    return desk_->answer(made).status;
  });
  // Whichever of the two comes first.
  ASSERT_TRUE(ledger_->add_answers(std::vector{answer(2, "eves")}));
  EXPECT_EQ(early.get(), 200);
}

TEST_F(CallbackDeskTest, OnlySoManyWait) {
  std::vector<std::future<int>> waiting;
  add_job(2, eve());
  for (int i = 0; i < 2; ++i) {
    clock_.advance(1ms);
    waiting.push_back(std::async(std::launch::async, [made = request(eve(), done("eves")), this] {
      return desk_->answer(made).status;
    }));
  }
  while (desk_->num_waiting() < 2) std::this_thread::yield();
  EXPECT_EQ(status_of(eve(), done("eves")), 503);
  desk_->stop();
  for (auto& status : waiting) EXPECT_EQ(status.get(), 404);
}

}  // namespace
}  // namespace assay::jobs
