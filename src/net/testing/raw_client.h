/// \file
/// A client that sends exactly the bytes it is given.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace assay::net::testing {

/// Waits 10 s for the server at most. Threads: one thread at a time.
class RawClient {
 public:
  /// Connect to 127.0.0.1.
  explicit RawClient(std::uint16_t port);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  RawClient& send(std::string_view bytes);
  /// All that comes until the server closes.
  std::string read_to_end();
  /// One response with its body.
  std::string read_response();
  /// What has no length: an interim response, the header of a stream, one event of it.
  std::string read_through(std::string_view end);

 private:
  bool read_some();

  int socket_;
  std::string input_;
};

}  // namespace assay::net::testing
