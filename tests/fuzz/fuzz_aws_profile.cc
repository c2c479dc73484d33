/// \file
/// Fuzzes the shared credential files of AWS.

#include "core/check.h"
#include "fuzz_target.h"
#include "storage/aws_profile_internal.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

FUZZ_TARGET(aws_profile) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto profiles = assay::storage::parse_aws_profiles(text);
  CHECK(profiles || profiles.error().message.size() < 1000, "a message is for people");
  return 0;
}
