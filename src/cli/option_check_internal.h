/// \file
/// What CLI11 asks of the check of an option: nothing, or what is wrong.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"

#include <string>

namespace assay::cli {

/// Nothing when it read well.
template <typename T>
std::string problem_of(const Result<T>& read) {
  return read ? std::string() : read.error().message;
}

/// What is wrong with the text of a time, or nothing.
inline std::string check_time(const std::string& text) { return problem_of(parse_timestamp(text)); }

}  // namespace assay::cli
