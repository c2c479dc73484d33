#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"
#include "miner/axon.h"
#include "miner/testing/axon_fixture.h"
#include "net/testing/fake_transport.h"
#include "protocol/btauth.h"
#include "protocol/generation_messages.h"
#include "protocol/legacy.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace assay::miner {
namespace {

using namespace std::chrono_literals;
using protocol::testing::alice;
using protocol::testing::bob;
using protocol::testing::eve;

/// An axon that takes generation jobs; callbacks go nowhere.
class AxonJobsTest : public testing::AxonFixture {
 protected:
  AxonJobsTest() {
    recorder::RecorderOptions options;
    options.derive_interval = 0ms;
    options.hand_over = recorder::HandOver::kNever;
    recorder_ = std::move(
        recorder::Recorder::open(history_files_, clock_, random_, "/data", options).value());
    store_ = std::make_unique<ImageStore>(
        ImageStore::open(files::posix_file_system(), (folder_.path() / "store").native(),
                         {.aws = missing("none"), .gcs = missing("none")})
            .value());
    desk_ = std::make_unique<JobDesk>(JobDesk::Parts{.recorder = *recorder_,
                                                     .maker = maker_,
                                                     .store = *store_,
                                                     .callbacks = callbacks_,
                                                     .clock = clock_,
                                                     .random = random_,
                                                     .hotkey = "5Bob"},
                                      CharacterOptions{},
                                      JobDeskOptions{.max_of_validator = 1, .size = {64, 64}});
    start({}, {}, {}, desk_.get());
  }
  ~AxonJobsTest() override { stop(); }

  net::HttpResponse order(const std::string& body, std::string webhook,
                          const keys::KeyPair& sender = alice(),
                          const protocol::Scheme& scheme = protocol::Btauth()) {
    auto headers = signed_headers(
        scheme, {.target = protocol::kGenerationTarget, .body = body, .receiver = bob().hotkey()},
        sender);
    if (!webhook.empty()) {
      headers.push_back({std::string(protocol::kWebhookHeader), std::move(webhook)});
    }
    return post(protocol::kGenerationTarget, body, std::move(headers));
  }

  files::testing::TemporaryFolder folder_;
  files::testing::SimulatedFileSystem history_files_;
  assay::testing::FakeClock clock_;
  std::atomic<bool> holds_ = false;
  net::testing::FakeTransport nowhere_{[this](const net::HttpRequest&) {
    while (holds_) std::this_thread::sleep_for(1ms);
    return Result<net::HttpResponse>(net::HttpResponse{.status = 200});
  }};
  std::unique_ptr<recorder::Recorder> recorder_;
  std::unique_ptr<ImageStore> store_;
  CallbackSender callbacks_{nowhere_, bob(), clock_, random_};
  SceneMaker maker_;
  std::unique_ptr<JobDesk> desk_;
};

constexpr const char* kPrompt = R"({"prompt": "a road"})";
constexpr const char* kWebhook = "http://127.0.0.1:9/generative_callback";

TEST_F(AxonJobsTest, TakesAJobAndNamesIt) {
  const auto response = order(kPrompt, kWebhook);
  EXPECT_EQ(response.status, protocol::kJobAccepted);
  const auto id = protocol::parse_job_accepted(response.body);
  ASSERT_TRUE(id) << response.body;
  desk_->drain(20s);
  ASSERT_EQ(nowhere_.requests().size(), 1U);
  EXPECT_TRUE(nowhere_.requests()[0].body.contains(*id));
}

TEST_F(AxonJobsTest, RefusesWhatIsNoOrder) {
  EXPECT_EQ(order("{}", kWebhook).status, 400);
  EXPECT_EQ(order(R"({"prompt": ""})", kWebhook).status, 400);
  EXPECT_EQ(order(kPrompt, "").status, 400);
  EXPECT_EQ(order(kPrompt, "file:///etc/passwd").status, 400);
  EXPECT_EQ(order(kPrompt, "http://user:pw@h/").status, 400);
  EXPECT_EQ(order(kPrompt, kWebhook, eve()).status, 403);
  EXPECT_EQ(order(kPrompt, kWebhook, alice(), protocol::Legacy()).status, 401);
  EXPECT_EQ(desk_->counts().num_taken, 0U);
}

TEST_F(AxonJobsTest, SaysWhenTooManyWait) {
  holds_ = true;
  EXPECT_EQ(order(kPrompt, kWebhook).status, 202);
  const auto response = order(kPrompt, kWebhook);
  EXPECT_EQ(response.status, 429);
  EXPECT_TRUE(response.header("Retry-After"));
  holds_ = false;
}

}  // namespace
}  // namespace assay::miner
