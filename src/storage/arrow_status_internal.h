/// \file
/// Arrow's failures as ours.

#pragma once

#include "core/result.h"

#include <arrow/result.h>
#include <arrow/status.h>

#include <exception>
#include <new>
#include <string_view>
#include <utility>

namespace assay::storage {

/// `what` says what was tried on which object: it goes in front.
Error from_arrow(const arrow::Status& status, std::string_view what);

/// Call into Arrow. Some of its calls, and the libraries below it, throw.
template <typename Value, typename Call>
Result<Value> call_arrow(std::string_view what, const Call& call) {
  try {
    arrow::Result<Value> result = call();
    if (!result.ok()) return from_arrow(result.status(), what);
    return std::move(result).MoveValueUnsafe();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& exception) {
    return from_arrow(arrow::Status::IOError(exception.what()), what);
  }
}

template <typename Call>
Status call_arrow_status(std::string_view what, const Call& call) {
  try {
    const arrow::Status status = call();
    if (!status.ok()) return from_arrow(status, what);
    return {};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& exception) {
    return from_arrow(arrow::Status::IOError(exception.what()), what);
  }
}

}  // namespace assay::storage
