#include "miner/job_desk.h"

#include "core/testing/fake_clock.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"
#include "images/decode.h"
#include "json/value.h"
#include "miner/work_watch.h"
#include "net/testing/fake_transport.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

namespace assay::miner {
namespace {

using namespace std::chrono_literals;
using net::testing::FakeTransport;
using protocol::testing::alice;
using protocol::testing::bob;

constexpr net::RetryOptions kQuickRetry = {.initial_delay = 1ms, .max_tries = 3, .total = 5s};

/// Draws, fails, or waits for the end, as the test says.
class OneMaker final : public ImageMaker {
 public:
  enum class Mood { kDraws, kFails, kNeverEnds };

  std::string name() const override { return "one"; }
  Result<images::Image> make(const ImageOrder& order, const std::stop_token& stop) override {
    size = order.size;
    is_asked = true;
    if (mood == Mood::kFails) return corrupt("SERVICE-SAID no");
    while (mood == Mood::kNeverEnds) {
      if (stop.stop_requested()) return cancelled("stopped");
      std::this_thread::sleep_for(1ms);  // as a service that is asked again and again
    }
    return drawing_.make(
        {.prompt = order.prompt, .seed = order.seed, .size = result_size.value_or(order.size)},
        stop);
  }

  std::atomic<bool> is_asked = false;
  Mood mood = Mood::kDraws;  // set before the desk takes jobs
  std::optional<images::ImageSize> result_size = std::nullopt;
  images::ImageSize size = {};  // read after the desk is drained

 private:
  SceneMaker drawing_;
};

class JobDeskTest : public ::testing::Test {
 protected:
  JobDeskTest() : transport_([this](const net::HttpRequest& request) { return answer(request); }) {
    recorder::RecorderOptions options;
    options.derive_interval = 0ms;
    options.hand_over = recorder::HandOver::kNever;
    recorder_ = std::move(
        recorder::Recorder::open(history_files_, clock_, random_, "/data", options).value());
    store_ = std::make_unique<ImageStore>(
        ImageStore::open(files::posix_file_system(), (folder_.path() / "store x").native(),
                         {.aws = missing("none"), .gcs = missing("none")})
            .value());
  }

  void open_desk(CharacterOptions character = {}, std::size_t max_pending = 64) {
    desk_ = std::make_unique<JobDesk>(
        JobDesk::Parts{.recorder = *recorder_,
                       .maker = maker_,
                       .store = *store_,
                       .callbacks = callbacks_,
                       .clock = clock_,
                       .random = random_,
                       .hotkey = "5Bob"},
        std::move(character),
        JobDeskOptions{.max_pending = max_pending, .max_of_validator = 2, .size = {64, 64}});
  }
  static JobOrder order(std::string prompt = "a road with roadwork") {
    return {.request = {.prompt = std::move(prompt)},
            .callback = {.url = net::Url::parse("http://127.0.0.1:9/cb").value(),
                         .validator = alice().hotkey()},
            .validator_uid = 3};
  }
  Result<net::HttpResponse> answer(const net::HttpRequest& request) {
    ++num_asked_;
    if (hold_ != nullptr) hold_->wait();
    sent_.push_back(request);
    const int status = statuses_.empty() ? 200 : statuses_.front();
    if (!statuses_.empty()) statuses_.erase(statuses_.begin());
    return net::HttpResponse{.status = status};
  }
  protocol::GenerationCallback callback(std::size_t i) {
    return protocol::parse_generation_callback(sent_.at(i).body).value();
  }
  std::string history() {
    EXPECT_TRUE(recorder_->flush());
    return history_files_.content("/data/generation_history.jsonl").value_or("");
  }
  std::filesystem::path image(const std::string& id) {
    return folder_.path() / "store x" / "5Bob" / (id + ".png");
  }

  files::testing::TemporaryFolder folder_;
  files::testing::SimulatedFileSystem history_files_;
  assay::testing::FakeClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<recorder::Recorder> recorder_;
  std::unique_ptr<ImageStore> store_;
  std::unique_ptr<std::latch> hold_;
  std::atomic<int> num_asked_ = 0;
  std::vector<int> statuses_;
  std::vector<net::HttpRequest> sent_;  // used by the desk's thread until it is drained
  FakeTransport transport_;
  CallbackSender callbacks_{transport_, bob(), clock_, random_, {.retry = kQuickRetry}};
  OneMaker maker_;
  std::unique_ptr<JobDesk> desk_;
};

TEST_F(JobDeskTest, StoresWhatItMakesAndSaysWhere) {
  open_desk();
  const auto id = desk_->take(order());
  ASSERT_TRUE(id);
  desk_->drain(20s);
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(callback(0).task_id, *id);
  EXPECT_EQ(callback(0).outcome, protocol::JobOutcome::kCompleted);
  EXPECT_TRUE(callback(0).has_image);
  EXPECT_EQ(callback(0).image_uri,
            "file://" + (folder_.path() / "store%20x/5Bob").native() + "/" + *id + ".png");
  const auto png = files::read_file(files::posix_file_system(), image(*id), ByteCount(1U << 20));
  ASSERT_TRUE(png);
  EXPECT_EQ(images::decode(as_bytes(*png)).value().size(), (images::ImageSize{64, 64}));
  EXPECT_TRUE(history().contains(*id));
  EXPECT_TRUE(history().contains(R"("submitted": true)"));
  EXPECT_TRUE(history().contains(R"("miner_config": {"generator": "one"})")) << history();
  EXPECT_TRUE(history().contains(R"("seed": )"));
  EXPECT_EQ(desk_->counts().num_made, 1U);
}

TEST_F(JobDeskTest, NamesSeedsThatEveryReaderOfTheHistoryHolds) {
  for (int i = 0; i < 6; ++i) {
    open_desk();
    ASSERT_TRUE(desk_->take(order()));
    ASSERT_TRUE(desk_->take(order()));
    desk_->drain(20s);
  }
  constexpr std::string_view kMember = R"("seed": )";
  const std::string lines = history();
  int num_seeds = 0;
  for (auto at = lines.find(kMember); at != std::string::npos; at = lines.find(kMember, at + 1)) {
    const char* const digits = lines.data() + at + kMember.size();
    std::int64_t seed = -1;
    EXPECT_EQ(std::from_chars(digits, lines.data() + lines.size(), seed).ec, std::errc());
    ++num_seeds;
  }
  EXPECT_EQ(num_seeds, 12);
}

TEST_F(JobDeskTest, SignsItsCallbacksForTheValidator) {
  open_desk();
  ASSERT_TRUE(desk_->take(order()));
  desk_->drain(20s);
  ASSERT_EQ(sent_.size(), 1U);
  const net::HttpRequest& request = sent_[0];
  const auto verdict = protocol::Btauth().verify({.method = "POST",
                                                  .target = request.url.target(),
                                                  .headers = request.headers.all(),
                                                  .body = request.body},
                                                 alice().hotkey(), clock_.now());
  const auto* authentic = std::get_if<protocol::Authentic>(&verdict);
  ASSERT_NE(authentic, nullptr);
  EXPECT_EQ(authentic->sender, bob().hotkey());
}

TEST_F(JobDeskTest, TriesACallbackAgainAndTellsTheHistoryWhenNobodyTookIt) {
  statuses_ = {503, 200, 400};
  open_desk();
  ASSERT_TRUE(desk_->take(order()));
  ASSERT_TRUE(desk_->take(order()));
  desk_->drain(20s);
  ASSERT_EQ(sent_.size(), 3U);
  EXPECT_EQ(callback(0).task_id, callback(1).task_id);
  EXPECT_NE(callback(1).task_id, callback(2).task_id);
  EXPECT_EQ(desk_->counts().num_untold, 1U);
  EXPECT_TRUE(history().contains("answered 400 to a callback"));
}

TEST_F(JobDeskTest, AFalseClaimerMakesNothingAndSaysItDid) {
  open_desk({.character = Character::kFalseClaiming});
  const auto id = desk_->take(order());
  desk_->drain(20s);
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_TRUE(callback(0).has_image);
  EXPECT_TRUE(callback(0).image_uri.ends_with(*id + ".png"));
  EXPECT_FALSE(std::filesystem::exists(image(*id)));
  EXPECT_TRUE(history().contains("false_claim"));
}

TEST_F(JobDeskTest, AFloodingOneSendsItsCallbackManyTimes) {
  open_desk({.character = Character::kFlooding, .num_callbacks = 5});
  ASSERT_TRUE(desk_->take(order()));
  desk_->drain(20s);
  EXPECT_EQ(sent_.size(), 5U);
}

TEST_F(JobDeskTest, TellsOfAFailureWithoutItsWords) {
  open_desk();
  std::filesystem::remove_all(folder_.path() / "store x");
  std::ofstream(folder_.path() / "store x") << "a file in place of the folder";
  ASSERT_TRUE(desk_->take(order()));
  desk_->drain(20s);
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(callback(0).outcome, protocol::JobOutcome::kFailed);
  EXPECT_FALSE(callback(0).has_image);
  EXPECT_FALSE(callback(0).reason.contains("store"));
  EXPECT_TRUE(history().contains(R"("failed": true)"));
  EXPECT_EQ(desk_->counts().num_failed, 1U);
}

TEST_F(JobDeskTest, WhatItsMakerCannotMakeIsAFailureInTheHistory) {
  maker_.mood = OneMaker::Mood::kFails;
  open_desk();
  ASSERT_TRUE(desk_->take(order()));
  desk_->drain(20s);
  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_EQ(callback(0).outcome, protocol::JobOutcome::kFailed);
  EXPECT_EQ(callback(0).reason, "corrupt");
  EXPECT_TRUE(history().contains("SERVICE-SAID no"));
  EXPECT_EQ(desk_->counts().num_failed, 1U);
}

TEST_F(JobDeskTest, RecordsTheSizeThatWasMadeNotTheOneThatWasAskedFor) {
  maker_.result_size = images::ImageSize{80, 64};
  open_desk();
  JobOrder large = order();
  large.request.resolution = "2K";
  const auto id = desk_->take(large);
  ASSERT_TRUE(id);
  desk_->drain(20s);
  EXPECT_EQ(maker_.size, (images::ImageSize{128, 128}));
  EXPECT_TRUE(history().contains(R"("width": 80)")) << history();
}

TEST_F(JobDeskTest, AMakerIsStoppedWhenTheTimeIsOver) {
  maker_.mood = OneMaker::Mood::kNeverEnds;
  open_desk();
  ASSERT_TRUE(desk_->take(order()));
  desk_->drain(1ms);
  EXPECT_EQ(desk_->counts().num_failed, 1U);
  EXPECT_TRUE(history().contains(R"("failed": true)"));
}

TEST_F(JobDeskTest, TellsHowLongItHasBeenAtOneStep) {
  maker_.mood = OneMaker::Mood::kNeverEnds;
  open_desk();
  clock_.advance(3h);
  EXPECT_EQ(desk_->silence(), 0s) << "nothing is ordered";
  ASSERT_TRUE(desk_->take(order()));
  while (!maker_.is_asked) std::this_thread::sleep_for(1ms);
  clock_.advance(3h);
  EXPECT_EQ(desk_->silence(), 3h);
  EXPECT_TRUE(describe_stuck({.jobs = desk_.get()}, {}).starts_with("the making of an image has"));
  EXPECT_EQ(describe_stuck({.jobs = desk_.get()}, {.job_step = 4h}), "");
  desk_->drain(1ms);
  EXPECT_EQ(desk_->silence(), 0s);
}

TEST_F(JobDeskTest, TakesSoManyOfOneValidatorAndSoManyOfAll) {
  hold_ = std::make_unique<std::latch>(1);
  open_desk({}, 3);
  ASSERT_TRUE(desk_->take(order()));
  ASSERT_TRUE(desk_->take(order()));
  EXPECT_EQ(desk_->take(order()).error().code, ErrorCode::kExhausted);
  JobOrder other = order();
  other.callback.validator = bob().hotkey();
  ASSERT_TRUE(desk_->take(other));
  EXPECT_EQ(desk_->take(other).error().code, ErrorCode::kUnavailable);
  hold_->count_down();
  desk_->drain(20s);
  EXPECT_EQ(sent_.size(), 3U);
}

TEST_F(JobDeskTest, WhatIsNotMadeInTimeCountsAsFailed) {
  hold_ = std::make_unique<std::latch>(1);
  open_desk();
  ASSERT_TRUE(desk_->take(order()));
  ASSERT_TRUE(desk_->take(order()));
  while (num_asked_ == 0) std::this_thread::sleep_for(1ms);
  const std::jthread release([&] {
    std::this_thread::sleep_for(1s);
    hold_->count_down();
  });
  desk_->drain(1ms);
  EXPECT_EQ(sent_.size(), 1U);
  EXPECT_EQ(desk_->counts().num_failed, 1U);
  EXPECT_TRUE(history().contains("stopped before"));
  EXPECT_EQ(desk_->take(order()).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace assay::miner
