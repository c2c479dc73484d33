#include "models/engine_library_internal.h"

#include <gtest/gtest.h>

namespace assay::models {
namespace {

TEST(EngineLibrary, IsFoundFromWhereTheProgramIs) {
  const auto engine = load_engine();
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_FALSE((*engine)->version().empty());
  EXPECT_EQ(load_engine().value(), *engine);
}

TEST(EngineLibrary, SaysWhatIsMissingWhenItIsNotThere) {
  const auto engine = open_engine("libassay_engine_of_nobody.so");
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(engine.error().message.contains("libassay_engine_of_nobody.so"))
      << engine.error().message;
  EXPECT_TRUE(engine.error().message.contains("install the whole package"));
}

TEST(EngineLibrary, RefusesAnObjectOfAnotherVersion) {
  const auto engine = open_engine("libm.so.6");
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(engine.error().message.contains("libm.so.6 is of another version"))
      << engine.error().message;
}

}  // namespace
}  // namespace assay::models
