/// \file
/// Cuts the power at every operation of a run, and looks at what is left.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace assay::record_files::testing {

/// One run over a simulated disk. A seed always makes the same one.
class CrashScenario {
 public:
  virtual ~CrashScenario() = default;
  CrashScenario() = default;
  CrashScenario(const CrashScenario&) = delete;
  CrashScenario& operator=(const CrashScenario&) = delete;

  /// That the disk has seen so far.
  virtual std::uint64_t num_operations() = 0;
  /// Whether the run went through.
  virtual bool run_once() = 0;
  /// Run until the power fails at that operation, and expect what must hold at once.
  virtual void crash_at(std::uint64_t operation) = 0;
  /// Run again, and expect that all is as if nothing had happened.
  virtual void expect_mended() = 0;
};

/// Crash a fresh scenario at each of its operations, at some of them a second time while it is
/// mended, for 4 seeds; under a sanitizer for one, 200 when ASSAY_TEST_FULL is set. Ends at the
/// first failure. Returns the number of points.
std::uint64_t crash_at_every_operation(
    const std::function<std::unique_ptr<CrashScenario>(std::uint64_t seed)>& make);

}  // namespace assay::record_files::testing
