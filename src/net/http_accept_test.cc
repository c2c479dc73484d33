#include "net/http_server.h"
#include "net/testing/listening_socket.h"
#include "net/testing/raw_client.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace assay::net {
namespace {

using namespace std::chrono_literals;
using net::testing::break_listening_socket;
using net::testing::listening_descriptor;
using net::testing::RawClient;

constexpr std::string_view kRequest = "GET /here HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A server that says so when it has ended.
class HttpAccept : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<HttpRoute> routes;
    routes.push_back({HttpMethod::kGet, "/here",
                      [](const ServedRequest&) { return ServedResponse{.body = "yes"}; }});
    auto server = HttpServer::listen(std::move(routes), {});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    ended_ = std::async(std::launch::async, [this] { return server_->run(stop_.get_token()); });
  }
  void TearDown() override { stop_.request_stop(); }

  std::unique_ptr<HttpServer> server_;
  std::stop_source stop_;
  std::future<Status> ended_;
};

/// While it lives, nothing more can be opened than what `num_spare` descriptors are enough for.
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t num_spare) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    std::vector<int> free;
    for (std::size_t i = 0; i <= num_spare; ++i) free.push_back(::open("/dev/null", O_RDONLY));
    for (const int descriptor : free) ::close(descriptor);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(free.back());
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; ++at) ++count;
  return count;
}

TEST_F(HttpAccept, GoesOnWhenThereAreDescriptorsAgain) {
  ::testing::internal::CaptureStderr();
  std::unique_ptr<RawClient> client;
  {
    const FewDescriptors few(1);  // for the client alone
    client = std::make_unique<RawClient>(server_->port());
    client->send(kRequest);
    EXPECT_EQ(ended_.wait_for(700ms), std::future_status::timeout);
  }
  EXPECT_TRUE(client->read_response().ends_with("yes"));
  const std::string logged = ::testing::internal::GetCapturedStderr();
  // Tried several times, told once, with a count at the end.
  EXPECT_EQ(count_of(logged, "cannot be accepted"), 1U) << logged;
  EXPECT_EQ(count_of(logged, "accepted again"), 1U) << logged;
  EXPECT_FALSE(logged.contains("tries_that_failed=1\n")) << logged;
  EXPECT_TRUE(RawClient(server_->port()).send(kRequest).read_response().ends_with("yes"));
}

TEST_F(HttpAccept, ASocketThatListensNoMoreEndsTheServer) {
  EXPECT_TRUE(RawClient(server_->port()).send(kRequest).read_response().ends_with("yes"));
  break_listening_socket(server_->port());
  ASSERT_EQ(ended_.wait_for(5s), std::future_status::ready) << "it only looks alive";
  const Status ended = ended_.get();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kInternal);
  EXPECT_TRUE(ended.error().message.contains("cannot accept connections")) << ended.error().message;
}

// Nothing wakes the thread then: it looks for itself.
TEST_F(HttpAccept, ASocketThatWasClosedBehindItsBackEndsTheServer) {
  EXPECT_TRUE(RawClient(server_->port()).send(kRequest).read_response().ends_with("yes"));
  ::close(listening_descriptor(server_->port()));
  ASSERT_EQ(ended_.wait_for(5s), std::future_status::ready) << "it only looks alive";
  EXPECT_FALSE(ended_.get());
}

TEST_F(HttpAccept, TheThreadShowsThatItGoesRound) {
  RawClient(server_->port()).send(kRequest).read_response();
  // It grows, and is small again when the thread has gone round.
  const auto becomes = [&](const auto& is_so) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!is_so(server_->silence())) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  };
  EXPECT_TRUE(becomes([](auto silence) { return silence > 500ms; }));
  EXPECT_TRUE(becomes([](auto silence) { return silence > 0ns && silence < 500ms; }));
  stop_.request_stop();
  EXPECT_TRUE(ended_.get());
  EXPECT_EQ(server_->silence(), 0ns) << "who has ended owes no sign";
}

}  // namespace
}  // namespace assay::net
