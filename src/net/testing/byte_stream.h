/// \file
/// The server's side of one connection, plain or TLS.

#pragma once

#include "net/testing/tls_authority.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace assay::net::testing {

/// Threads: one at a time. The socket is borrowed.
class ByteStream {
 public:
  ByteStream() = default;
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// How many bytes came; 0 when there will be no more.
  virtual std::size_t read(std::span<char> into) = 0;
  virtual void write(std::string_view bytes) = 0;
};

/// Makes the streams of a server. Threads: open() from any.
class StreamMaker {
 public:
  StreamMaker() = default;
  virtual ~StreamMaker() = default;
  StreamMaker(const StreamMaker&) = delete;
  StreamMaker& operator=(const StreamMaker&) = delete;

  virtual std::unique_ptr<ByteStream> open(int socket) = 0;
};

std::unique_ptr<StreamMaker> plain_streams();
/// The handshake is a part of the first read.
std::unique_ptr<StreamMaker> tls_streams(const TlsIdentity& identity);

}  // namespace assay::net::testing
