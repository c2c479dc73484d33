/// \file
/// How much slower a test runs in this build.

#pragma once

namespace assay::testing {

/// The sanitizers look at the same code, ten times slower.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr int kSlowness = 10;
#else
inline constexpr int kSlowness = 1;
#endif

}  // namespace assay::testing
