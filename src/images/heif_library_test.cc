#include "images/heif_library_internal.h"
#include "images/refusal.h"

#include <gtest/gtest.h>

namespace assay::images {
namespace {

TEST(HeifLibrary, TellsWhichPackageIsMissing) {
  HeifLibrary library;
  const Status loaded = load_heif("libheif_of_nobody.so", library);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(loaded.error().message.contains("apt-get install libheif1"))
      << loaded.error().message;
}

TEST(HeifLibrary, RefusesALibraryWithoutTheFunctions) {
  HeifLibrary library;
  const Status loaded = load_heif("libm.so.6", library);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(loaded.error().message.contains("libm.so.6 is of another version"))
      << loaded.error().message;
}

TEST(HeifLibrary, IsARefusalThatCountsAsMissing) {
  const Refusal refusal{.kind = RefusalKind::kMissingLibrary, .reason = "HEIF: needs libheif1"};
  EXPECT_EQ(to_string(refusal.kind), "missing_library");
  EXPECT_EQ(refusal.to_error().code, ErrorCode::kMissing);
}

}  // namespace
}  // namespace assay::images
