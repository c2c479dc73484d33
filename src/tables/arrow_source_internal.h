/// \file
/// How Arrow reads our byte sources, and under which memory limit.

#pragma once

#include "core/bytes.h"
#include "files/byte_source.h"

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>

#include <cstdint>
#include <memory>

namespace assay::tables {

/// The default pool, refusing single allocations over a limit: sizes in a file are claims.
class LimitedPool final : public arrow::ProxyMemoryPool {
 public:
  explicit LimitedPool(ByteCount largest);
  ByteCount largest() const { return ByteCount(static_cast<std::uint64_t>(largest_)); }
  arrow::Status Allocate(std::int64_t size, std::int64_t alignment, std::uint8_t** out) override;
  arrow::Status Reallocate(std::int64_t old_size, std::int64_t new_size, std::int64_t alignment,
                           std::uint8_t** pointer) override;

 private:
  arrow::Status check(std::int64_t size) const;
  std::int64_t largest_;
};

/// The file as a random-access file, for footers. Does not own `source`.
std::shared_ptr<arrow::io::RandomAccessFile> random_access_file(const files::ByteSource& source);

/// The bytes [begin, end) of `source` as a stream that reads `read_size` at a time and hands out
/// views of its one buffer: what Read() and Peek() return holds until the next call.
std::shared_ptr<arrow::io::InputStream> chunk_stream(const files::ByteSource& source,
                                                     std::uint64_t begin, std::uint64_t end,
                                                     ByteCount read_size);

}  // namespace assay::tables
