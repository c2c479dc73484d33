/// \file
/// Start and end of the HTTP library, once a process.

#pragma once

namespace assay::net {

/// Held by main's object graph while anything may use the network. Making one costs nothing: the
/// library starts with the first client. Its end releases what the library holds for the process.
/// Pre: one a process; every client is gone before it.
class NetRuntime {
 public:
  NetRuntime() = default;
  ~NetRuntime();
  NetRuntime(const NetRuntime&) = delete;
  NetRuntime& operator=(const NetRuntime&) = delete;
};

}  // namespace assay::net
