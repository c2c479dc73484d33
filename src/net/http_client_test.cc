#include "net/http_client.h"

#include "net/testing/loopback_server.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace assay::net {
namespace {

using namespace std::chrono_literals;
using testing::http_reply;
using testing::LoopbackServer;
using Reply = LoopbackServer::Reply;

// Sets an environment variable, or takes it away, while it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* const before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { before_ ? set(before_->c_str()) : set(nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  void set(const char* value) const {
    value != nullptr ? ::setenv(name_, value, 1) : ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

class HttpClient : public ::testing::Test {
 protected:
  Result<HttpResponse> ask(LoopbackServer::Answer answer, HttpMethod method = HttpMethod::kGet) {
    LoopbackServer server(std::move(answer));
    return transport_->send({.method = method, .url = server.url()}, {});
  }

  std::unique_ptr<HttpTransport> transport_ = make_http_transport({});
};

TEST_F(HttpClient, HandsABodyOnPieceByPiece) {
  const std::string body(300'000, 'x');
  LoopbackServer server([&](std::string_view request) {
    if (request.starts_with("GET /absent")) return Reply{http_reply(404, "no")};
    return Reply{http_reply(206, body, "Content-Range: bytes 0-299999/300000\r\n")};
  });
  std::string got;
  std::size_t num_pieces = 0;
  const auto take = [&](const HttpResponse& head, std::string_view piece) -> Status {
    EXPECT_EQ(head.status, 206);
    EXPECT_EQ(head.header("content-range"), "bytes 0-299999/300000");
    got += piece;
    ++num_pieces;
    return {};
  };
  const auto whole =
      transport_->send({.url = server.url(), .max_body = ByteCount(300'000), .on_body = take}, {});
  ASSERT_TRUE(whole);
  EXPECT_EQ(got, body);
  EXPECT_GT(num_pieces, 1U);
  EXPECT_TRUE(whole->body.empty());
  // The words of a refusal are no part of what was asked for.
  const auto absent = transport_->send({.url = server.url("/absent"), .on_body = take}, {});
  ASSERT_TRUE(absent);
  EXPECT_EQ(absent->body, "no");
  const auto refused = transport_->send(
      {.url = server.url(),
       .on_body = [](const HttpResponse&, std::string_view) -> Status { return no_space("full"); }},
      {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  const auto longer =
      transport_->send({.url = server.url(), .max_body = ByteCount(1000), .on_body = take}, {});
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, ErrorCode::kExhausted);
}

TEST_F(HttpClient, GivesUpAnAnswerThatStalls) {
  LoopbackServer server(
      [](std::string_view) { return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome"}; });
  const auto response =
      transport_->send({.url = server.url(), .timeout = 60s, .stall_timeout = 1s}, {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
  EXPECT_NE(response.error().message.find("stalled"), std::string::npos)
      << response.error().message;
}

TEST_F(HttpClient, SendsWhatItIsGiven) {
  std::mutex mutex;
  std::vector<std::string> seen;
  LoopbackServer server([&](std::string_view request) {
    const std::scoped_lock lock(mutex);
    seen.emplace_back(request);
    return Reply{request.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
                                             : http_reply(200, "content", "X-One: 1\r\n")};
  });
  const HttpHeaders headers = HttpHeaders::create({{"Authorization", "Bearer t"}}).value();
  const Url url = server.url("/a/../b%2Fc//?q=1&r=%20");
  const auto got = transport_->send({.url = url, .headers = headers}, {});
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(got->body, "content");
  EXPECT_EQ(got->header("x-one"), "1");
  EXPECT_EQ(transport_->send({.method = HttpMethod::kHead, .url = url}, {})->body, "");
  EXPECT_EQ(transport_->send({.method = HttpMethod::kPost, .url = url, .body = "a=b"}, {})->status,
            200);
  EXPECT_EQ(transport_->send({.method = HttpMethod::kPut, .url = url, .body = "put"}, {})->status,
            200);
  EXPECT_EQ(transport_->send({.method = HttpMethod::kDelete, .url = url}, {})->status, 200);
  EXPECT_EQ(transport_->send({.url = url}, {})->body, "content");

  ASSERT_EQ(seen.size(), 6U);
  EXPECT_TRUE(seen[0].starts_with("GET /a/../b%2Fc//?q=1&r=%20 HTTP/1.1\r\n")) << seen[0];
  EXPECT_NE(seen[0].find("\r\nAuthorization: Bearer t\r\n"), std::string::npos);
  EXPECT_TRUE(seen[1].starts_with("HEAD /a/"));
  EXPECT_EQ(seen[1].find("Authorization"), std::string::npos);
  EXPECT_TRUE(seen[2].starts_with("POST /a/") && seen[2].ends_with("\r\n\r\na=b"));
  EXPECT_TRUE(seen[3].starts_with("PUT /a/") && seen[3].ends_with("\r\n\r\nput"));
  EXPECT_TRUE(seen[4].starts_with("DELETE /a/"));
  EXPECT_TRUE(seen[5].starts_with("GET /a/"));
  EXPECT_EQ(server.num_connections(), 1);
}

TEST_F(HttpClient, EveryStatusIsAnAnswer) {
  for (const int status : {204, 302, 401, 404, 503}) {
    const auto response = ask([&](std::string_view) {
      return Reply{http_reply(status, "", "Location: http://127.0.0.1:1/\r\n")};
    });
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, status);
  }
}

TEST_F(HttpClient, HeadersOfAnInterimResponseAreNotTheAnswers) {
  const auto response = ask([](std::string_view) {
    return Reply{"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n" +
                 http_reply(200, "x", "X-Late: 1\r\n")};
  });
  EXPECT_EQ(response->status, 200);
  EXPECT_FALSE(response->header("x-early"));
  EXPECT_TRUE(response->header("x-late"));
}

TEST_F(HttpClient, ABodyOverTheLimitIsExhausted) {
  LoopbackServer server(
      [](std::string_view) { return Reply{http_reply(200, std::string(2000, 'x'))}; });
  const auto long_body = transport_->send({.url = server.url(), .max_body = ByteCount(1999)}, {});
  EXPECT_EQ(long_body.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(transport_->send({.url = server.url(), .max_body = ByteCount(2000)}, {})->body.size(),
            2000U);
}

TEST_F(HttpClient, HeadersWithoutEndAreAnError) {
  const auto response = ask([](std::string_view) {
    std::string bytes = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 20'000; ++i)
      bytes += "X-Filler: 0123456789012345678901234567890123456789\r\n";
    return Reply{bytes + "\r\n"};
  });
  EXPECT_EQ(response.error().code, ErrorCode::kExhausted) << response.error().message;
}

TEST_F(HttpClient, ASlowAnswerIsATimeout) {
  LoopbackServer server([](std::string_view) { return Reply{http_reply(200, ""), 10s}; });
  const auto response = transport_->send({.url = server.url("/secret-name"), .timeout = 50ms}, {});
  EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(response.error().message, server.origin() + ": no answer within 0.05 s");
}

TEST_F(HttpClient, ARefusedConnectionIsUnavailable) {
  std::uint16_t port = 0;
  {
    port = LoopbackServer([](std::string_view) { return Reply{}; }).port();
  }
  const auto response = transport_->send(
      {.url = Url::parse("http://127.0.0.1:" + std::to_string(port) + "/secret").value()}, {});
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(response.error().message.find("no connection"), std::string::npos);
  EXPECT_EQ(response.error().message.find("secret"), std::string::npos);
}

TEST_F(HttpClient, AnUnknownHostIsUnavailable) {
  const auto response =
      transport_->send({.url = Url::parse("http://nowhere.invalid/").value(), .timeout = 20s}, {});
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable) << response.error().message;
}

TEST_F(HttpClient, ABrokenConnectionIsUnavailable) {
  for (const std::string bytes :
       {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 200", "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    const auto response =
        ask([&](std::string_view) { return Reply{bytes, 0ms, Reply::After::kClose}; });
    ASSERT_FALSE(response) << bytes;
    EXPECT_EQ(response.error().code, ErrorCode::kUnavailable) << response.error().message;
  }
}

TEST_F(HttpClient, AStopEndsTheWaitAtOnce) {
  LoopbackServer server([](std::string_view) { return Reply{http_reply(200, ""), 30s}; });
  std::stop_source source;
  std::jthread stopper([&] {
    // Long enough for the request to be on its way; a stop before that must end it as well.
    std::this_thread::sleep_for(30ms);
    source.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  const auto response = transport_->send({.url = server.url()}, source.get_token());
  EXPECT_EQ(response.error().code, ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
}

TEST_F(HttpClient, AnAddressThatHttpDoesNotReachIsRefused) {
  const auto response = transport_->send({.url = Url::parse("gs://bucket/x").value()}, {});
  EXPECT_EQ(response.error().code, ErrorCode::kInvalidInput);
}

TEST_F(HttpClient, ProxiesAreForOtherMachinesOnly) {
  std::mutex mutex;
  std::string seen;
  LoopbackServer proxy([&](std::string_view request) {
    const std::scoped_lock lock(mutex);
    seen = request;
    return Reply{http_reply(200, "proxied")};
  });
  const Variable address("http_proxy", proxy.origin().c_str());
  const Variable no_exceptions("no_proxy", nullptr);
  const Variable no_more_exceptions("NO_PROXY", nullptr);
  const auto away = transport_->send({.url = Url::parse("http://away.invalid/a?b").value()}, {});
  const auto here = ask([](std::string_view) { return Reply{http_reply(200, "direct")}; });
  ASSERT_TRUE(away) << away.error().message;
  EXPECT_EQ(away->body, "proxied");
  EXPECT_TRUE(seen.starts_with("GET http://away.invalid/a?b HTTP/1.1\r\n")) << seen;
  EXPECT_EQ(here->body, "direct");
}

TEST(HttpOptions, TakeTheBundleFromTheEnvironment) {
  const Variable own("CURL_CA_BUNDLE", nullptr);
  const Variable common("SSL_CERT_FILE", "/one.pem");
  EXPECT_EQ(HttpOptions::from_environment().ca_bundle, "/one.pem");
  own.set("/two.pem");
  EXPECT_EQ(HttpOptions::from_environment().ca_bundle, "/two.pem");
  own.set("");
  common.set("");
  EXPECT_EQ(HttpOptions::from_environment().ca_bundle, find_ca_bundle());
}

TEST(FindCaBundle, LooksWhereEachDistributionHasIt) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(::testing::TempDir()) / "find_ca_bundle";
  fs::remove_all(root);
  EXPECT_EQ(find_ca_bundle(root), "");
  const fs::path fedora = root / "etc/pki/tls/certs/ca-bundle.crt";
  fs::create_directories(fedora.parent_path());
  std::ofstream(fedora) << "PEM";
  EXPECT_EQ(find_ca_bundle(root), fedora);
  const fs::path debian = root / "etc/ssl/certs/ca-certificates.crt";
  fs::create_directories(debian.parent_path());
  std::ofstream(debian) << "PEM";
  EXPECT_EQ(find_ca_bundle(root), debian);
  fs::remove_all(root);
}

}  // namespace
}  // namespace assay::net
