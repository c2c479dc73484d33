/// \file
/// Fuzzes the Snappy decoder with no byte to spare around what it reads and what it writes.

#include "core/check.h"
#include "fuzz_target.h"
#include "tables/snappy_internal.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace fuzz_snappy {
namespace {

// Larger than any element, small enough that sizes without contents stay cheap.
constexpr std::size_t kMaxSize = std::size_t{1} << 20;

}  // namespace

FUZZ_TARGET(snappy) {
  const auto exact = std::make_unique<std::uint8_t[]>(size);
  if (size > 0) std::memcpy(exact.get(), data, size);
  const std::span<const std::uint8_t> block(exact.get(), size);
  const auto num_bytes = assay::tables::snappy_size(block);
  if (!num_bytes || *num_bytes > kMaxSize) return 0;
  // Two fillings: what decompresses well depends on nothing that was there before.
  const auto once = std::make_unique<std::uint8_t[]>(*num_bytes);
  const auto again = std::make_unique<std::uint8_t[]>(*num_bytes);
  if (*num_bytes > 0) std::memset(again.get(), 0xA5, *num_bytes);
  const bool is_good =
      assay::tables::snappy_decompress(block, {once.get(), *num_bytes}).has_value();
  CHECK(assay::tables::snappy_decompress(block, {again.get(), *num_bytes}).has_value() == is_good,
        "a block is good or broken whatever was in memory");
  CHECK(!is_good || *num_bytes == 0 || std::memcmp(once.get(), again.get(), *num_bytes) == 0,
        "every byte was written");
  return 0;
}

}  // namespace fuzz_snappy
