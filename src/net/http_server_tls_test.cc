#include "net/http_client.h"
#include "net/http_server.h"
#include "net/testing/raw_client.h"
#include "net/testing/tls_authority.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

namespace assay::net {
namespace {

using namespace std::chrono_literals;
using testing::kLoopbackName;
using testing::RawClient;
using testing::TlsAuthority;

class HttpServerTls : public ::testing::Test {
 protected:
  HttpServerTls() { std::ofstream(bundle_) << authority_.certificate(); }
  ~HttpServerTls() override {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
    std::filesystem::remove(bundle_);
  }

  static ServerIdentity identity(const testing::TlsIdentity& issued) {
    return {.certificates = issued.certificate,
            .key = crypto::Secret(std::string_view(issued.key))};
  }
  static Result<std::unique_ptr<HttpServer>> listen(const ServerIdentity& identity,
                                                    HttpServerOptions options = {}) {
    options.identity = &identity;
    std::vector<HttpRoute> routes;
    routes.push_back({HttpMethod::kPost, "/size",
                      [](const ServedRequest& request) {
                        return ServedResponse{.body = std::to_string(request.body.size())};
                      },
                      ByteCount(4U << 20)});
    return HttpServer::listen(std::move(routes), options);
  }
  void start(HttpServerOptions options = {}) {
    auto server = listen(identity(authority_.issue(kLoopbackName)), options);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    thread_ = std::jthread([this] { EXPECT_TRUE(server_->run(stop_.get_token())); });
  }
  Result<HttpResponse> post(std::string body, std::vector<HttpHeader> headers = {}) {
    return transport_->send(
        {.method = HttpMethod::kPost,
         .url =
             Url::parse("https://127.0.0.1:" + std::to_string(server_->port()) + "/size").value(),
         .headers = HttpHeaders::create(std::move(headers)).value(),
         .body = std::move(body)},
        {});
  }

  TlsAuthority authority_;
  // A file of this process's own: ctest runs tests of one program side by side.
  std::filesystem::path bundle_ =
      std::filesystem::path(::testing::TempDir()) /
      ("http_server_tls_test_authority_" + std::to_string(::getpid()) + ".pem");
  std::unique_ptr<HttpTransport> transport_ = make_http_transport({.ca_bundle = bundle_});
  std::stop_source stop_;
  std::unique_ptr<HttpServer> server_;
  std::jthread thread_;
};

TEST_F(HttpServerTls, ServesWhoTrustsItsAuthority) {
  start();
  for (const std::size_t size : {0UL, 5UL, 3UL << 20}) {
    const auto response = post(std::string(size, 'a'));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, std::to_string(size));
  }
}

TEST_F(HttpServerTls, RefusesALongBodyWithAnAnswer) {
  start();
  const auto response = post(std::string(5UL << 20, 'a'));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 413);
}

TEST_F(HttpServerTls, APageOfItsOwnOriginIsNoStranger) {
  start();
  const std::string own = "https://127.0.0.1:" + std::to_string(server_->port());
  EXPECT_EQ(post("", {{"Origin", own}})->status, 200);
  EXPECT_EQ(post("", {{"Origin", "http" + own.substr(5)}})->status, 403);
}

TEST_F(HttpServerTls, PlainHttpGetsNoAnswer) {
  start();
  RawClient client(server_->port());
  const std::string answer = client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").read_to_end();
  EXPECT_FALSE(answer.contains("HTTP/1.1")) << answer;
  EXPECT_EQ(post("abc")->body, "3") << "others go on";
}

TEST_F(HttpServerTls, WhoBeginsAndSaysNothingIsSentAway) {
  start({.read_timeout = 200ms});
  RawClient client(server_->port());
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(post("abc")->body, "3");
}

TEST_F(HttpServerTls, StopsWhileConnectionsAreOpen) {
  start();
  ASSERT_TRUE(post("abc"));
  const RawClient silent(server_->port());
  stop_.request_stop();
  thread_.join();
}

TEST_F(HttpServerTls, WhatCannotBeUsedIsTold) {
  const auto issued = authority_.issue(kLoopbackName);
  const auto other = authority_.issue(kLoopbackName);
  const auto error_of = [](const testing::TlsIdentity& wrong) {
    const auto server = listen(identity(wrong));
    if (server) return std::string("none");
    EXPECT_EQ(server.error().code, ErrorCode::kInvalidInput);
    return server.error().message;
  };
  EXPECT_TRUE(error_of({.certificate = "no", .key = issued.key}).contains("no certificate in PEM"));
  EXPECT_TRUE(error_of({.certificate = issued.certificate, .key = "no"}).contains("no key in PEM"));
  if (issued.key != other.key) {
    EXPECT_TRUE(error_of({.certificate = issued.certificate, .key = other.key})
                    .contains("fits the certificate"));
  }
}

}  // namespace
}  // namespace assay::net
