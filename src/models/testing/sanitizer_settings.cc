/// \file
/// What the engine's libraries need of a test that runs under the sanitizers.

#include <cstdlib>

// The sanitizer looks for the function by this name.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" const char* __lsan_default_suppressions();
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" const char* __lsan_default_suppressions() {
  // State of their threads, which they keep until the process ends.
  return "leak:libopenvino\nleak:libtbb\n";
}

// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" const char* __lsan_default_options();
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" const char* __lsan_default_options() {
  // The list of what was suppressed would stand among a program's messages.
  return "print_suppressions=0";
}

namespace {

// Otherwise TBB loads a library in a way that the address sanitizer ends the process for.
[[maybe_unused]] const int kTbbIsTold = setenv("TBB_ENABLE_SANITIZERS", "1", 1);

}  // namespace
