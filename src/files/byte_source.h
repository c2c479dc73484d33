/// \file
/// Bytes that can be read at any offset, wherever they are kept.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace assay::files {

/// A file or object of fixed size.
/// Threads: all calls are safe from any thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// What to call it in messages: the path or address as the user gave it.
  virtual const std::string& name() const = 0;
  virtual ByteCount size() const = 0;
  /// Whether each read is a request over a network: few and large ones are better then.
  virtual bool is_remote() const { return false; }
  /// What its store calls this content, such as an ETag: another content has another one. Empty
  /// where nothing is told.
  virtual std::string version() const { return {}; }
  /// Fill `into` from `offset` on; fewer bytes come back only at the end.
  /// Errors: kDenied, kUnavailable, kTimeout; each names the source.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const = 0;
};

/// Open a local file for reading.
/// Errors: kNotFound, kDenied, kInvalidInput (a folder).
Result<std::unique_ptr<ByteSource>> open_byte_source(FileSystem& file_system,
                                                     const std::filesystem::path& path);

/// Bytes in memory, kept by the source.
std::unique_ptr<ByteSource> memory_byte_source(std::string name, std::string bytes,
                                               std::string version = {});

}  // namespace assay::files
