#include "jobs/generation_jobs.h"

#include "files/testing/temporary_folder.h"
#include "images/encode.h"
#include "images/scene.h"
#include "jobs/job_ledger.h"
#include "net/http_client.h"
#include "net/testing/listening_socket.h"
#include "protocol/btauth.h"
#include "protocol/gate.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace assay::jobs {
namespace {

using namespace std::chrono_literals;
using protocol::testing::alice;
using protocol::testing::bob;
using protocol::testing::eve;

constexpr auto kPatience = 20s;

/// Waits until `is_true`, or the test's patience is over.
template <typename Condition>
bool becomes_true(const Condition& is_true) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

enum class Conduct { kHonest, kFalseClaiming, kRefusing };

/// A miner that takes jobs on, and calls back before it has answered or afterwards.
class ScriptedMiner {
 public:
  ScriptedMiner(const keys::KeyPair& key, Conduct conduct, std::filesystem::path store)
      : key_(&key), conduct_(conduct), store_(std::move(store)), gate_(make_gate()) {
    std::vector<net::HttpRoute> routes;
    routes.push_back(
        {.method = net::HttpMethod::kPost,
         .pattern = std::string(protocol::kGenerationTarget),
         .handler = [this](const net::ServedRequest& request) { return take(request); }});
    auto server = net::HttpServer::listen(std::move(routes), {});
    EXPECT_TRUE(server);
    server_ = std::move(*server);
    thread_ =
        std::jthread([this](const std::stop_token& stop) { EXPECT_TRUE(server_->run(stop)); });
  }

  JobMiner as_miner(Uid uid) const {
    return {.uid = uid, .hotkey = key_->hotkey(), .ip = "127.0.0.1", .port = server_->port()};
  }
  int num_jobs() const { return num_jobs_; }
  int num_recorded() const { return num_recorded_; }

 private:
  protocol::Gate make_gate() {
    std::vector<std::unique_ptr<protocol::Scheme>> schemes;
    schemes.push_back(std::make_unique<protocol::Btauth>());
    return {key_->hotkey(), std::move(schemes), [](const keys::Hotkey& sender) {
              return sender == alice().hotkey() ? std::nullopt
                                                : std::optional<std::string>("unknown");
            }};
  }

  net::ServedResponse take(const net::ServedRequest& request) {
    const auto verdict = gate_.check({.method = "POST",
                                      .target = protocol::kGenerationTarget,
                                      .headers = request.headers,
                                      .body = request.body},
                                     system_clock().now());
    EXPECT_TRUE(std::holds_alternative<protocol::Authentic>(verdict));
    if (conduct_ == Conduct::kRefusing) return net::error_response(503, "busy", "busy");
    const int number = ++num_jobs_;
    const std::string task_id = "task-" + std::to_string(number);
    const std::string url(request.header(protocol::kWebhookHeader).value_or(""));
    const std::scoped_lock lock(mutex_);
    workers_.emplace_back([this, number, task_id, url] { work(number, task_id, url); });
    // Every other callback leaves before the answer does, if the machine is not too busy: both
    // orders have to work.
    if (number % 2 == 0) std::this_thread::sleep_for(30ms);
    return {.status = protocol::kJobAccepted, .body = protocol::write_job_accepted(task_id)};
  }

  void work(int number, const std::string& task_id, const std::string& url) {
    const std::filesystem::path path = store_ / (key_->hotkey().to_ss58() + task_id + ".png");
    if (conduct_ == Conduct::kHonest) {
      const auto seed = static_cast<std::uint64_t>(number) * 2 + (key_ == &bob() ? 1 : 0);
      const auto png = images::encode_png(images::draw_scene(
          images::plan_scene(seed, images::SceneLabel::kNone), {.width = 160, .height = 96}));
      EXPECT_TRUE(storage::open_local_store(files::posix_file_system(), store_)
                      ->put(path.filename().native(), *png));
    }
    net::HttpRequest request{.method = net::HttpMethod::kPost, .url = net::Url::parse(url).value()};
    request.body = protocol::write_generation_callback({.task_id = task_id,
                                                        .outcome = protocol::JobOutcome::kCompleted,
                                                        .has_image = true,
                                                        .image_uri = "file://" + path.native()});
    const auto headers = protocol::Btauth().sign(
        {.target = request.url.target(), .body = request.body, .receiver = alice().hotkey()}, *key_,
        system_clock().now(), system_random());
    request.headers = net::HttpHeaders::create(*headers).value();
    const auto response = transport_->send(request, {});
    if (response && response->status == 200) ++num_recorded_;
  }

  const keys::KeyPair* key_;
  Conduct conduct_;
  std::filesystem::path store_;
  protocol::Gate gate_;
  std::unique_ptr<net::HttpTransport> transport_ = net::make_http_transport({});
  std::atomic<int> num_jobs_ = 0;
  std::atomic<int> num_recorded_ = 0;
  std::unique_ptr<net::HttpServer> server_;
  std::mutex mutex_;  // guards workers_
  std::vector<std::jthread> workers_;
  std::jthread thread_;
};

class CollectedImages final : public AcceptedImages {
 public:
  Status take(const AcceptedImage& image) override {
    EXPECT_FALSE(image.bytes.empty());
    const std::scoped_lock lock(mutex_);
    EXPECT_TRUE(jobs_.insert(image.job->id).second);
    return {};
  }
  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return jobs_.size();
  }

 private:
  mutable std::mutex mutex_;  // guards jobs_
  std::set<JobId> jobs_;
};

class GenerationJobsTest : public ::testing::Test {
 protected:
  GenerationJobsOptions options() const {
    return {.state_folder = folder_.path() / "state", .interval = 100ms, .answer_timeout = 5s};
  }

  GenerationJobsEnvironment environment(std::vector<JobMiner> miners) {
    return {.file_system = &files::posix_file_system(),
            .clock = &system_clock(),
            .random = &system_random(),
            .signer = &alice(),
            .scheme = &scheme_,
            .choose_miners = [miners = std::move(miners)](std::size_t) { return miners; },
            .prompts = &prompts_,
            .place = ImagePlace{.store = store_.get(),
                                .address = {.kind = storage::StoreKind::kLocal,
                                            .bucket = {},
                                            .key = folder_.path().native()}},
            .accepted = &accepted_};
  }

  files::testing::TemporaryFolder folder_;
  protocol::Btauth scheme_;
  TemplatePrompts prompts_;
  CollectedImages accepted_;
  std::unique_ptr<storage::ObjectStore> store_ =
      storage::open_local_store(files::posix_file_system(), folder_.path());
};

TEST_F(GenerationJobsTest, TellsTheFalseClaimerFromTheHonest) {
  ScriptedMiner honest(bob(), Conduct::kHonest, folder_.path());
  ScriptedMiner liar(eve(), Conduct::kFalseClaiming, folder_.path());
  auto service =
      GenerationJobs::start(options(), environment({honest.as_miner(3), liar.as_miner(9)}));
  ASSERT_TRUE(service) << service.error().message;
  const auto has_enough = [&] {
    const auto miners = (*service)->miners();
    return miners.size() == 2 && std::ranges::all_of(miners, [](const MinerJobs& miner) {
             return miner.counts.verified + miner.counts.missing >= 4;
           });
  };
  EXPECT_TRUE(becomes_true(has_enough));
  EXPECT_FALSE((*service)->failure());
  ASSERT_TRUE((*service)->stop());
  const auto miners = (*service)->miners();
  ASSERT_EQ(miners.size(), 2U);
  EXPECT_EQ(miners[0].uid, 3);
  EXPECT_EQ(miners[0].miner, bob().hotkey());
  EXPECT_EQ(miners[0].counts.missing, 0U);
  EXPECT_EQ(miners[0].counts.worthless, 0U);
  EXPECT_EQ(miners[1].counts.verified, 0U);
  EXPECT_GE(miners[1].counts.missing, 4U);
  EXPECT_EQ(accepted_.size(), miners[0].counts.verified);
  EXPECT_EQ((*service)->callbacks().unknown, 0U);

  const auto counts = read_job_counts(files::posix_file_system(), options().state_folder);
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->total(), (*service)->total());
}

TEST_F(GenerationJobsTest, GoesOnAfterARestart) {
  ScriptedMiner honest(bob(), Conduct::kHonest, folder_.path());
  JobCounts before;
  for (int start = 0; start < 3; ++start) {
    auto service = GenerationJobs::start(options(), environment({honest.as_miner(3)}));
    ASSERT_TRUE(service) << service.error().message;
    EXPECT_GE((*service)->total().completed, before.completed);
    const auto old = (*service)->total().completed;
    EXPECT_TRUE(becomes_true([&] { return (*service)->total().completed >= old + 2; }));
    ASSERT_TRUE((*service)->stop());
    before = (*service)->total();
  }
  // Each callback that was acknowledged is in the ledger, and no other.
  EXPECT_TRUE(
      becomes_true([&] { return std::cmp_equal(honest.num_recorded(), before.completed); }));
}

TEST_F(GenerationJobsTest, ARefusalIsNoFailure) {
  ScriptedMiner refusing(bob(), Conduct::kRefusing, folder_.path());
  auto service = GenerationJobs::start(options(), environment({refusing.as_miner(3)}));
  ASSERT_TRUE(service);
  EXPECT_TRUE(becomes_true([&] { return (*service)->total().refused >= 2; }));
  EXPECT_FALSE((*service)->failure());
  EXPECT_TRUE((*service)->stop());
  EXPECT_TRUE((*service)->stop());
}

TEST_F(GenerationJobsTest, NoMinersIsNoFailure) {
  std::atomic<int> num_asked = 0;
  auto environment = this->environment({});
  environment.choose_miners = [&](std::size_t count) -> Result<std::vector<JobMiner>> {
    EXPECT_EQ(count, 50U);
    if (++num_asked % 2 == 0) return unavailable("the chain is away");
    return std::vector<JobMiner>();
  };
  auto service = GenerationJobs::start(options(), environment);
  ASSERT_TRUE(service);
  EXPECT_TRUE(becomes_true([&] { return num_asked >= 3; }));
  EXPECT_FALSE((*service)->failure());
}

TEST_F(GenerationJobsTest, TellsWhichThreadIsStuck) {
  std::atomic<bool> hangs = true;
  std::atomic<bool> is_asked = false;
  auto environment = this->environment({});
  environment.choose_miners = [&](std::size_t) -> Result<std::vector<JobMiner>> {
    is_asked = true;
    // A chain that does not answer.
    while (hangs) std::this_thread::sleep_for(1ms);
    return std::vector<JobMiner>();
  };
  auto service = GenerationJobs::start(options(), environment);
  ASSERT_TRUE(service);
  ASSERT_TRUE(becomes_true([&] { return is_asked.load(); }));
  EXPECT_EQ((*service)->stuck(1h), "");
  EXPECT_TRUE(becomes_true([&] { return (*service)->stuck(50ms).contains("sender"); }));
  hangs = false;
  EXPECT_TRUE(becomes_true([&] { return (*service)->stuck(5s).empty(); }));
}

// Miners could not call back, and all would look well.
TEST_F(GenerationJobsTest, EndsWhenCallbacksCannotBeHeardAnyMore) {
  auto service = GenerationJobs::start(options(), environment({}));
  ASSERT_TRUE(service) << service.error().message;
  EXPECT_FALSE((*service)->failure());
  net::testing::break_listening_socket((*service)->callback_port());
  ASSERT_TRUE(becomes_true([&] { return (*service)->failure().has_value(); }));
  const std::string why = (*service)->failure()->message;
  EXPECT_TRUE(why.contains("the server of callbacks")) << why;
  EXPECT_FALSE((*service)->stop()) << "it did not end as it should";
}

TEST_F(GenerationJobsTest, TellsThatTheClockIsWrongWhenNoCallbackFitsIt) {
  auto service = GenerationJobs::start(options(), environment({}));
  ASSERT_TRUE(service) << service.error().message;
  const auto transport = net::make_http_transport({});
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 20; ++i) {
    net::HttpRequest request{
        .method = net::HttpMethod::kPost,
        .url = net::Url::parse("http://127.0.0.1:" + std::to_string((*service)->callback_port()) +
                               std::string(protocol::kCallbackTarget))
                   .value(),
        .body = "{}"};
    const auto headers = protocol::Btauth().sign(
        {.target = request.url.target(), .body = request.body, .receiver = alice().hotkey()}, bob(),
        system_clock().now() + 60s, system_random());
    request.headers = net::HttpHeaders::create(*headers).value();
    EXPECT_EQ(transport->send(request, {})->status, 401);
  }
  // What is captured goes to a file, which can be read meanwhile.
  const auto is_told = [] {
    std::ifstream captured("/proc/self/fd/2");
    return std::string(std::istreambuf_iterator(captured), {}).contains("set this machine's clock");
  };
  const bool was_told = becomes_true(is_told);
  EXPECT_TRUE((*service)->stop());
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(was_told) << logged;
}

TEST_F(GenerationJobsTest, TwoOnOneStateAreRefused) {
  auto first = GenerationJobs::start(options(), environment({}));
  ASSERT_TRUE(first);
  const auto second = GenerationJobs::start(options(), environment({}));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST_F(GenerationJobsTest, AnOriginThatIsNoneIsRefused) {
  auto wrong = options();
  for (const std::string origin :
       {"gs://bucket", "no address", "http://127.0.0.1:9/path", "http://127.0.0.1:9/?a=b"}) {
    wrong.callback_origin = origin;
    const auto service = GenerationJobs::start(wrong, environment({}));
    ASSERT_FALSE(service) << origin;
    EXPECT_EQ(service.error().code, ErrorCode::kInvalidInput) << origin;
  }
}

}  // namespace
}  // namespace assay::jobs
