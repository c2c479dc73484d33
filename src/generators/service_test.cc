#include "generators/service.h"

#include "core/testing/fake_clock.h"
#include "net/testing/fake_transport.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace assay::generators {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using net::testing::FakeTransport;

struct ServiceFixture {
  explicit ServiceFixture(FakeTransport::Answer answer) : transport(std::move(answer)) {}

  Result<Service> open(std::string_view endpoint, std::string_view key = "",
                       KeyForm form = KeyForm::kBearer) {
    return Service::create(
        {.transport = transport,
         .clock = clock,
         .random = random,
         .wait = [this](std::chrono::milliseconds span, const std::stop_token&) -> Status {
           clock.advance(span);
           return {};
         }},
        {.endpoint = net::Url::parse(endpoint).value(),
         .key = crypto::Secret(key),
         .key_form = form});
  }

  assay::testing::FakeClock clock;
  SeededRandom random{1};
  FakeTransport transport;
};

std::string header_of(const HttpRequest& request, std::string_view name) {
  for (const net::HttpHeader& header : request.headers.all()) {
    if (header.name == name) return header.value;
  }
  return "";
}

TEST(Service, SendsTheKeyAsItsFormSays) {
  ServiceFixture fixture(
      [](const HttpRequest&) { return HttpResponse{.status = 200, .body = "{}"}; });
  ASSERT_TRUE(fixture.open("https://a.test", "key-1")->ask("/v1/x", "application/json", "{}", {}));
  ASSERT_TRUE(fixture.open("https://a.test/", "user:word", KeyForm::kBasic)
                  ->ask("/v1/x", "application/json", "{}", {}));
  const auto requests = fixture.transport.requests();
  EXPECT_EQ(header_of(requests[0], "Authorization"), "Bearer key-1");
  EXPECT_EQ(header_of(requests[1], "Authorization"), "Basic dXNlcjp3b3Jk");
  EXPECT_EQ(requests[1].url.text(), "https://a.test/v1/x");
}

TEST(Service, TellsHowLongTheServiceAsksToWait) {
  ServiceFixture fixture([](const HttpRequest&) {
    return HttpResponse{.status = 429, .headers = {{.name = "Retry-After", .value = "900"}}};
  });
  const auto answer = fixture.open("https://a.test")->ask("/v1/x", "a/b", "", {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().retry_after, std::chrono::minutes(15));
}

TEST(Service, TakesAnAddressWithAndWithoutTheVersion) {
  ServiceFixture fixture(
      [](const HttpRequest&) { return HttpResponse{.status = 200, .body = "{}"}; });
  for (const char* endpoint :
       {"http://127.0.0.1:1/api", "http://127.0.0.1:1/api/v1", "http://127.0.0.1:1/api/v1/"}) {
    ASSERT_TRUE(fixture.open(endpoint)->ask("/v1/images/edits", "x/y", "", {}));
    EXPECT_EQ(fixture.transport.requests().back().url.path(), "/api/v1/images/edits");
  }
}

TEST(Service, RefusesToSendAKeyInTheClear) {
  ServiceFixture fixture([](const HttpRequest&) { return HttpResponse{}; });
  const auto service = fixture.open("http://images.test", "key-1");
  ASSERT_FALSE(service);
  EXPECT_EQ(service.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(service.error().message.contains("unencrypted"));
  EXPECT_TRUE(fixture.open("http://127.0.0.1:9", "key-1")) << "this machine is no wire";
  EXPECT_FALSE(fixture.open("https://images.test", "key\n1"));
  EXPECT_FALSE(fixture.open("gs://images"));
}

TEST(Service, SaysWhatARefusalMeans) {
  const std::pair<int, ErrorCode> kCases[] = {
      {401, ErrorCode::kDenied},       {403, ErrorCode::kDenied},
      {404, ErrorCode::kNotFound},     {302, ErrorCode::kNotFound},
      {400, ErrorCode::kInvalidInput}, {422, ErrorCode::kInvalidInput},
      {429, ErrorCode::kUnavailable},  {503, ErrorCode::kUnavailable}};
  for (const auto& [status, code] : kCases) {
    ServiceFixture fixture([status](const HttpRequest&) {
      return HttpResponse{.status = status,
                          .body = R"({"error": {"message": "bad key key-12345 here"}})"};
    });
    const auto answer = fixture.open("https://a.test", "key-12345")->ask("/v1/x", "a/b", "", {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, code) << status << answer.error().message;
    EXPECT_FALSE(answer.error().message.contains("key-12345")) << answer.error().message;
    EXPECT_EQ(answer.error().message.contains("bad key (the key) here"),
              status != 401 && status != 403)
        << answer.error().message;
  }
}

TEST(Service, TriesAgainWhatMaySucceedThen) {
  int num_tries = 0;
  ServiceFixture fixture([&](const HttpRequest&) {
    return ++num_tries < 3 ? HttpResponse{.status = 500}
                           : HttpResponse{.status = 200, .body = "[]"};
  });
  EXPECT_TRUE(fixture.open("https://a.test")->ask("/v1/x", "a/b", "", {}));
  EXPECT_EQ(num_tries, 3);
}

TEST(Service, SaysThatAPageIsNoAnswer) {
  ServiceFixture fixture(
      [](const HttpRequest&) { return HttpResponse{.status = 200, .body = "<html>"}; });
  const auto answer = fixture.open("https://a.test")->ask("/v1/x", "a/b", "", {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kCorrupt);
}

TEST(Service, FetchesFromOtherHostsWithoutTheKey) {
  ServiceFixture fixture(
      [](const HttpRequest&) { return HttpResponse{.status = 200, .body = "image"}; });
  const auto service = fixture.open("https://a.test", "key-1");
  EXPECT_EQ(service->fetch("https://store.test/1.png?sig=2", {}).value(), "image");
  EXPECT_EQ(service->fetch("https://a.test/1.png", {}).value(), "image");
  const auto requests = fixture.transport.requests();
  EXPECT_EQ(header_of(requests[0], "Authorization"), "");
  EXPECT_EQ(header_of(requests[1], "Authorization"), "Bearer key-1");
  for (const char* address :
       {"http://127.0.0.1:80/x", "http://localhost/x", "file:///etc/passwd", "nonsense"}) {
    const auto refused = service->fetch(address, {});
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_EQ(fixture.transport.requests().size(), 2U);
}

}  // namespace
}  // namespace assay::generators
