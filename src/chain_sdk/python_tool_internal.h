/// \file
/// Python, run for one thing to its end.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::chain_sdk {

struct PythonRun {
  bool is_ok = false;
  /// `exit code 1`.
  std::string end = {};
  /// What it wrote, output and errors in order; the last lines when it is much.
  std::vector<std::string> lines = {};
};

/// Errors: kMissing (no such program), kTimeout, kCancelled; it is killed then.
Result<PythonRun> run_python(const std::filesystem::path& python,
                             const std::vector<std::string>& arguments,
                             std::chrono::milliseconds deadline, const Clock& clock,
                             const std::stop_token& stop);

/// What a message keeps of a failed run: its errors, or its last line.
std::string shown_problem(const PythonRun& run);

/// The first program of such a name in the folders of `path`, which is as $PATH; empty: none.
std::filesystem::path find_program(files::FileSystem& file_system, std::string_view path,
                                   std::string_view name);

}  // namespace assay::chain_sdk
