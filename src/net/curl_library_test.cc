#include "net/curl_library_internal.h"

#include <gtest/gtest.h>

namespace assay::net {
namespace {

TEST(CurlLibrary, TellsWhichPackageIsMissing) {
  const auto library = open_curl("libcurl_of_nobody.so");
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(library.error().message.contains("apt-get install libcurl4"))
      << library.error().message;
}

TEST(CurlLibrary, RefusesALibraryWithoutTheFunctions) {
  const auto library = open_curl("libm.so.6");
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(library.error().message.contains("libm.so.6 is of another version"))
      << library.error().message;
}

}  // namespace
}  // namespace assay::net
