/// \file
/// A stop that has come already.

#pragma once

#include <stop_token>

namespace assay::testing {

/// Threads: safe from any thread.
inline std::stop_token stopped_token() {
  static const std::stop_token token = [] {
    static std::stop_source source;  // of a local one g++ 12 says that it may not be initialised
    source.request_stop();
    return source.get_token();
  }();
  return token;
}

}  // namespace assay::testing
