/// \file
/// Keys and salts that a user keeps in a file.

#pragma once

#include "core/result.h"
#include "crypto/secret.h"

#include <string>
#include <string_view>

namespace assay::cli {

/// Read a key or salt; line ends after it are not part of it. `option` is named in errors.
/// Errors: kMissing (no such file), kInvalidInput (fewer than 16 bytes), kExhausted, kDenied.
Result<crypto::Secret> read_secret_file(const std::string& path, std::string_view option);

}  // namespace assay::cli
