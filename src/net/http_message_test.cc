#include "net/http_message.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::net {
namespace {

TEST(HttpHeaders, RefuseWhatWouldBreakOutOfTheirLine) {
  for (const HttpHeader& header :
       {HttpHeader{"", "x"}, HttpHeader{"A b", "x"}, HttpHeader{"A:", "x"},
        HttpHeader{"A\r\nB", "x"}, HttpHeader{"A", "hush\r\nB: c"},
        HttpHeader{"A", std::string("hush\0", 5)}}) {
    const auto headers = HttpHeaders::create({header});
    ASSERT_FALSE(headers);
    EXPECT_EQ(headers.error().message.find("hush"), std::string::npos);
  }
}

TEST(HttpHeaders, CopiesShareOneList) {
  const HttpHeaders headers = HttpHeaders::create({{"A", "1"}, {"B", ""}}).value();
  const HttpHeaders copy = headers;
  EXPECT_EQ(copy.all().data(), headers.all().data());
  EXPECT_EQ(copy.all().size(), 2U);
  EXPECT_TRUE(HttpHeaders().all().empty());
}

TEST(HttpResponse, FindsHeadersInWhateverCase) {
  const HttpResponse response{.status = 200, .headers = {{"Retry-After", "5"}, {"ETag", "\"x\""}}};
  EXPECT_EQ(response.header("retry-after"), "5");
  EXPECT_EQ(response.header("ETAG"), "\"x\"");
  EXPECT_EQ(response.header("etag2"), std::nullopt);
}

}  // namespace
}  // namespace assay::net
