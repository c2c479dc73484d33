/// \file
/// Errors on their way to Python.

#pragma once

#include "core/error.h"
#include "core/result.h"

#include <exception>
#include <type_traits>
#include <utility>

namespace assay::python {

/// An Error on its way to Python. nanobind knows failures only as exceptions.
class Failure : public std::exception {
 public:
  explicit Failure(Error error) : error_(std::move(error)) {}
  const char* what() const noexcept override { return error_.message.c_str(); }
  const Error& error() const { return error_; }

 private:
  Error error_;
};

/// The value, or its Error thrown as Failure.
template <typename T>
T value_of(Result<T> result) {
  if (!result) throw Failure(std::move(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace assay::python
