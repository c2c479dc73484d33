/// \file
/// The profiles of AWS's shared files.

#pragma once

#include "core/result.h"
#include "crypto/secret.h"

#include <map>
#include <string>
#include <string_view>

namespace assay::storage {

/// The settings of one profile; keys in lower case.
using AwsProfile = std::map<std::string, crypto::Secret, std::less<>>;

/// Read the sections `[name]`, `[profile name]` of a shared file's text. Nested settings (indented
/// lines) are passed over.
/// Errors: kInvalidInput, with the line's number and never its text.
Result<std::map<std::string, AwsProfile, std::less<>>> parse_aws_profiles(std::string_view text);

}  // namespace assay::storage
