/// \file
/// Calls into libraries that report an error by longjmp().

#pragma once

#include <cstdint>

namespace assay::images {

/// How such a call ended.
enum class Step : std::uint8_t { kDone, kFailed };

}  // namespace assay::images
