/// \file
/// Result<T>: a value or an Error. Status: success or an Error. And the two macros that pass errors
/// on.

#pragma once

#include "core/error.h"

#include <expected>
#include <type_traits>
#include <utility>

namespace assay {

/// A value or the Error that stands in its way. Dropping one unread is a compiler warning.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using Base = std::expected<T, Error>;
  using Base::Base;
  Result(Error error) : Base(std::unexpected(std::move(error))) {}
};

/// Success, or the Error that stands in its way.
template <>
class [[nodiscard]] Result<void> : public std::expected<void, Error> {
 public:
  using Base = std::expected<void, Error>;
  using Base::Base;
  Result() = default;
  Result(Error error) : Base(std::unexpected(std::move(error))) {}
};

using Status = Result<void>;

/// Put `context` in front of the message of a failed result; a success passes through.
/// Errors: those of `result`.
template <typename T>
Result<T> with_context(Result<T> result, std::string_view context) {
  if (!result) return std::move(result.error()).within(context);
  return result;
}

}  // namespace assay

#define ASSAY_JOIN_INNER(left, right) left##right
#define ASSAY_JOIN(left, right) ASSAY_JOIN_INNER(left, right)

/// Return the error of a Status or Result to the caller, or go on.
/// A statement, never an expression: g++ 12 skips destructors when a statement expression returns.
#define RETURN_IF_ERROR(expression)                                            \
  do {                                                                         \
    auto assay_status = (expression);                                          \
    if (!assay_status) return ::assay::Error(std::move(assay_status.error())); \
  } while (false)

/// `ASSIGN_OR_RETURN(auto x, f())`: bind the value, or return the error to the caller.
#define ASSIGN_OR_RETURN(target, expression) \
  ASSAY_ASSIGN_OR_RETURN(ASSAY_JOIN(assay_result_, __LINE__), target, expression)
#define ASSAY_ASSIGN_OR_RETURN(result, target, expression)       \
  auto result = (expression);                                    \
  if (!result) return ::assay::Error(std::move(result.error())); \
  target = std::move(*result)
