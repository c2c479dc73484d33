/// \file
/// A benchmark that cannot go on says why and ends.

#pragma once

#include "core/result.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace assay::bench {

inline void require(const Status& status) {
  if (status) return;
  fmt::print(stderr, "{}\n", status.error().message);
  std::exit(1);
}

template <typename T>
T require(Result<T> result) {
  if (!result) require(Status(result.error()));
  return std::move(*result);
}

}  // namespace assay::bench
