/// \file
/// Messages between processes of one user on one machine, over a socket in the file system.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "process/descriptor.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace assay::process {

/// A longer one is refused by both sides.
inline constexpr ByteCount kMaxLocalMessage{std::uint64_t{32} << 20};

/// One end of a connection. Each message has its length in front, 4 bytes, the lowest first.
/// Threads: one may send while another receives.
/// Errors: kTimeout, kCancelled, kUnavailable (the other side is gone). After an error in the midst
///         of a message the connection is closed.
class LocalConnection {
 public:
  /// Errors: also kNotFound (nobody listens there), kDenied (another user does), kInvalidInput (no
  ///         socket).
  static Result<LocalConnection> connect(const std::filesystem::path& path,
                                         const LocalWait& wait = {});

  /// Errors: also kInvalidInput (over kMaxLocalMessage).
  Status send(std::span<const std::byte> message, const LocalWait& wait = {});
  /// The next message, or nothing when the other side has closed. After kTimeout or kCancelled
  /// without a byte of it read, it may be called again.
  /// Errors: also kCorrupt (a length over kMaxLocalMessage).
  Result<std::optional<std::vector<std::byte>>> receive(const LocalWait& wait = {});

 private:
  friend class LocalListener;
  explicit LocalConnection(LocalDescriptor socket) : socket_(std::move(socket)) {}

  LocalDescriptor socket_;
};

/// Threads: accept() one thread at a time.
class LocalListener {
 public:
  /// Make the socket at `path`, of any length, readable by this user alone. That of a process that
  /// died is replaced. The folder must be there; the name may have 80 bytes.
  /// Pre: nobody else begins to listen there at the same time; hold a lock.
  /// Errors: kUnavailable (a process listens there), kInvalidInput (another file is there, or the
  ///         name is too long), kNotFound, kDenied, kNoSpace.
  static Result<LocalListener> listen(const std::filesystem::path& path);

  LocalListener(LocalListener&&) noexcept = default;
  LocalListener& operator=(LocalListener&&) = delete;
  /// Removes the socket, unless another has taken its place.
  ~LocalListener();

  /// Wait for the next one who connects. Other users are turned away, without an answer.
  /// Errors: kTimeout, kCancelled, kUnavailable (no descriptor left).
  Result<LocalConnection> accept(const LocalWait& wait = {});

 private:
  LocalListener(LocalDescriptor socket, LocalDescriptor folder, std::filesystem::path path,
                std::uint64_t inode)
      : socket_(std::move(socket)),
        folder_(std::move(folder)),
        path_(std::move(path)),
        inode_(inode) {}

  LocalDescriptor socket_;  // -1 once moved from
  LocalDescriptor folder_;
  std::filesystem::path path_;
  std::uint64_t inode_;
};

}  // namespace assay::process
