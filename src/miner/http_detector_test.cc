#include "miner/http_detector.h"

#include "core/bytes.h"
#include "net/testing/fake_transport.h"

#include <gtest/gtest.h>

namespace assay::miner {
namespace {

using net::testing::FakeTransport;

Result<double> judged_by(FakeTransport& transport) {
  HttpDetector detector(transport, net::Url::parse("http://127.0.0.1:9/judge?key=k").value());
  const images::Image image;
  return detector.judge({.encoded = as_bytes("bytes"), .image = image}, {});
}

FakeTransport answering(int status, std::string body) {
  return FakeTransport([=](const net::HttpRequest&) {
    return Result<net::HttpResponse>(net::HttpResponse{.status = status, .body = body});
  });
}

TEST(HttpDetector, SendsTheBytesAndReadsThePrediction) {
  FakeTransport transport = answering(200, R"({"prediction": 0.25})");
  EXPECT_EQ(judged_by(transport).value(), 0.25);
  const auto requests = transport.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].body, "bytes");
  EXPECT_EQ(requests[0].url.target(), "/judge?key=k");
}

TEST(HttpDetector, TakesNothingButAProbability) {
  for (const char* body : {"", "0.5", R"({"prediction": "0.5"})", R"({"prediction": 1.5})",
                           R"({"prediction": -1})", R"({"prediction": NaN})", "{}"}) {
    FakeTransport transport = answering(200, body);
    const auto judged = judged_by(transport);
    ASSERT_FALSE(judged) << body;
    EXPECT_EQ(judged.error().code, ErrorCode::kCorrupt);
  }
  FakeTransport broken = answering(500, R"({"prediction": 0.5})");
  EXPECT_EQ(judged_by(broken).error().code, ErrorCode::kUnavailable);
}

TEST(HttpDetector, ItsNameHoldsNoKey) {
  FakeTransport transport = answering(200, "{}");
  const HttpDetector detector(transport, net::Url::parse("http://h:9/judge?key=k").value());
  EXPECT_EQ(detector.name(), "http://h:9");
}

}  // namespace
}  // namespace assay::miner
