/// \file
/// An open file descriptor, and how long a call waits for the other side of one.

#pragma once

#include <chrono>
#include <stop_token>

namespace assay::process {

/// How long a call waits for the other side.
struct LocalWait {
  /// Without anything happening; a call that goes forward may take longer. At most some days.
  std::chrono::milliseconds timeout{30'000};
  std::stop_token stop = {};
};

/// An open file descriptor.
class LocalDescriptor {
 public:
  explicit LocalDescriptor(int number) : number_(number) {}
  LocalDescriptor(LocalDescriptor&& other) noexcept;
  LocalDescriptor& operator=(LocalDescriptor&&) = delete;
  ~LocalDescriptor();
  int get() const { return number_; }

 private:
  int number_;
};

}  // namespace assay::process
