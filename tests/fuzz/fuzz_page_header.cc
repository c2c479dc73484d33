/// \file
/// Fuzzes headers of Parquet pages, and codes: what is read of a part is read of the whole too.

#include "core/bytes.h"
#include "core/check.h"
#include "fuzz_target.h"
#include "tables/code_runs_internal.h"
#include "tables/page_header_internal.h"

#include <cstddef>
#include <cstdint>
#include <span>

FUZZ_TARGET(page_header) {
  using namespace assay::tables;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto header = parse_page_header(bytes);
  if (header && *header) {
    CHECK((*header)->header_size <= size, "a header within its bytes");
    const auto again = parse_page_header(bytes.first((*header)->header_size));
    CHECK(again && *again && (*again)->stored_size == (*header)->stored_size, "the same again");
  }
  constexpr std::size_t kNumCodes = 1000;
  const auto codes = decode_codes(bytes, kNumCodes);
  CHECK(!codes || codes->size() == kNumCodes, "all codes or none");
  return 0;
}
