/// \file
/// Errors between Arrow and us: statuses and exceptions become Error values, and an Error that
/// passes through Arrow comes out as it went in.

#pragma once

#include "core/result.h"

#include <arrow/status.h>
#include <parquet/exception.h>

#include <type_traits>
#include <utility>

namespace assay::tables {

/// The status that carries `error` through code of Arrow's.
arrow::Status to_arrow_status(Error error);

/// What `status` means to us; `fallback` is for statuses that only say that something is wrong.
Error from_arrow_status(const arrow::Status& status, ErrorCode fallback);

/// The Error of the exception that is being handled. Pre: called in a catch block.
Error current_parquet_error(ErrorCode fallback);

/// A Result as it is, every other value as the Result that holds it.
template <typename T>
struct AsResult {
  using type = Result<T>;
};
template <typename T>
struct AsResult<Result<T>> {
  using type = Result<T>;
};

/// Call `body`, which may throw what Parquet throws; that becomes an Error of code `fallback`
/// unless more is known. Hostile sizes meet the limits of our memory pool first; should the library
/// throw std::length_error or std::bad_alloc all the same, that is an Error too.
template <typename Body>
auto guard_parquet(ErrorCode fallback, const Body& body) -> AsResult<decltype(body())>::type {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return {};
    } else {
      return body();
    }
  } catch (...) {
    return current_parquet_error(fallback);
  }
}

}  // namespace assay::tables
