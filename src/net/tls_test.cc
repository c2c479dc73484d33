#include "net/http_client.h"
#include "net/http_pool.h"
#include "net/testing/loopback_server.h"
#include "net/testing/tls_authority.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace assay::net {
namespace {

using testing::http_reply;
using testing::kLoopbackName;
using testing::LoopbackServer;
using testing::TlsAuthority;

class Tls : public ::testing::Test {
 protected:
  Tls() { std::ofstream(bundle_) << authority_.certificate(); }
  ~Tls() override { std::filesystem::remove(bundle_); }

  HttpOptions trusting() const { return {.ca_bundle = bundle_}; }

  static Result<HttpResponse> ask(const LoopbackServer& server, HttpOptions options) {
    return make_http_transport(std::move(options))->send({.url = server.url("/secret-name")}, {});
  }

  static LoopbackServer::Reply answer(std::string_view) { return {http_reply(200, "content")}; }

  TlsAuthority authority_;
  // A file of this process's own: ctest runs tests of one program side by side.
  std::filesystem::path bundle_ = std::filesystem::path(::testing::TempDir()) /
                                  ("tls_test_authority_" + std::to_string(::getpid()) + ".pem");
};

TEST_F(Tls, AServerOfAnAuthorityOfOnesOwnIsTrusted) {
  const LoopbackServer server(answer, authority_.issue(kLoopbackName));
  const auto response = ask(server, trusting());
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "content");
  EXPECT_EQ(server.num_requests(), 1);
}

TEST_F(Tls, AServerOfAnUnknownAuthorityIsRefusedAndTheSettingNamed) {
  const TlsAuthority unknown;
  const LoopbackServer server(answer, unknown.issue(kLoopbackName));
  const auto response = ask(server, trusting());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kInvalidInput) << "a second try would fail too";
  const std::string& message = response.error().message;
  EXPECT_TRUE(message.starts_with(server.origin() + ": the server's certificate is not trusted"))
      << message;
  EXPECT_NE(message.find("SSL_CERT_FILE"), std::string::npos) << message;
  EXPECT_EQ(message.find("secret-name"), std::string::npos);
  EXPECT_EQ(server.num_requests(), 0) << "nothing may be told to a server that is not trusted";
}

TEST_F(Tls, ACertificateOfAnotherHostIsRefused) {
  const LoopbackServer server(answer, authority_.issue("DNS:elsewhere.invalid"));
  const auto response = ask(server, trusting());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kInvalidInput) << response.error().message;
  EXPECT_EQ(server.num_requests(), 0);
}

TEST_F(Tls, AFileOfAuthoritiesThatIsNotThereIsNamed) {
  const LoopbackServer server(answer, authority_.issue(kLoopbackName));
  const auto response = ask(server, {.ca_bundle = "/nowhere/authorities.pem"});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(response.error().message.find("SSL_CERT_FILE"), std::string::npos)
      << response.error().message;
}

TEST_F(Tls, PlainHttpOnATlsPortIsAnError) {
  const LoopbackServer server(answer, authority_.issue(kLoopbackName));
  const Url url = Url::parse("http://127.0.0.1:" + std::to_string(server.port()) + "/").value();
  const auto response = make_http_transport(trusting())->send({.url = url}, {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable) << response.error().message;
}

TEST_F(Tls, OneConnectionServesManyRequestsOfATransport) {
  const LoopbackServer server(answer, authority_.issue(kLoopbackName));
  const auto transport = make_http_transport(trusting());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(transport->send({.url = server.url()}, {}));
  }
  EXPECT_EQ(server.num_requests(), 5);
  EXPECT_EQ(server.num_connections(), 1);
}

TEST_F(Tls, APoolKeepsItsConnectionsFromRunToRun) {
  constexpr std::size_t kInFlight = 4;
  constexpr std::uint64_t kRequests = 50;
  const LoopbackServer server(answer, authority_.issue(kLoopbackName));
  auto pool = HttpPool::create({.http = trusting(), .max_in_flight = kInFlight});
  ASSERT_TRUE(pool);
  for (int run = 0; run < 2; ++run) {
    std::uint64_t next = 0;
    std::set<std::uint64_t> answered;
    const Status status = pool->run(
        [&] -> Result<NextRequest> {
          if (next == kRequests) return NoMoreRequests{};
          return PooledRequest{.id = next++, .request = {.url = server.url()}};
        },
        [&](std::uint64_t id, Result<HttpResponse> response) -> Status {
          EXPECT_TRUE(response) << response.error().message;
          answered.insert(id);
          return {};
        },
        {});
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(answered.size(), kRequests);
  }
  EXPECT_EQ(server.num_requests(), static_cast<int>(2 * kRequests));
  EXPECT_LE(server.num_connections(), static_cast<int>(kInFlight));
}

}  // namespace
}  // namespace assay::net
