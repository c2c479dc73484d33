#include "storage/testing/engine_fixture.h"
#include "storage/web_service_internal.h"

#include <gtest/gtest.h>

namespace assay::storage {
namespace {

using testing::response;

TEST(WebService, AnAddressSignedForGetIsAskedByGet) {
  WebService service{ExistenceOptions{}};
  const ObjectAddress address{AddressScheme::kHttps, "host", "/x?signature=1"};
  EXPECT_EQ(service.ask(address, AskManner::kUsual)->request.method, net::HttpMethod::kHead);
  EXPECT_EQ(service.read(address, AskManner::kUsual, response(403)).next, NextStep::kAskAnother);
  EXPECT_EQ(service.ask(address, AskManner::kOther)->request.method, net::HttpMethod::kGet);
  EXPECT_EQ(service.read(address, AskManner::kOther, response(206)).verdict.presence,
            Presence::kPresent);
  EXPECT_EQ(service.read(address, AskManner::kOther, response(416)).verdict.presence,
            Presence::kPresent);
  EXPECT_EQ(service.read(address, AskManner::kOther, response(403)).verdict.presence,
            Presence::kDenied);
  EXPECT_EQ(service.read(address, AskManner::kUsual, response(410)).verdict.presence,
            Presence::kAbsent);
  // A redirection may lead to a page to log in: no sign of an object.
  EXPECT_EQ(service.read(address, AskManner::kUsual, response(302)).verdict.presence,
            Presence::kUnknown);
}

}  // namespace
}  // namespace assay::storage
