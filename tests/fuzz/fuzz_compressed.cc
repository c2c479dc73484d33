/// \file
/// Fuzzes both decompressors: in one piece and in small ones the same comes out.

#include "compress/stream.h"
#include "core/check.h"
#include "fuzz_target.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace fuzz_compressed {
namespace {

using assay::compress::Decompressor;
using assay::compress::Format;

struct Outcome {
  bool is_good = false;
  std::string text;
};

Outcome unfold(Format format, std::span<const std::byte> bytes, std::size_t piece) {
  Outcome outcome;
  Decompressor decompressor(format, {.max_output = assay::ByteCount(std::uint64_t{1} << 22)});
  while (!bytes.empty()) {
    const auto now = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(now.size());
    const assay::Status fed =
        decompressor.write(now, [&](std::span<const std::byte> out) -> assay::Status {
          outcome.text += assay::as_text(out);
          return {};
        });
    if (!fed) return outcome;
  }
  outcome.is_good = decompressor.finish().has_value();
  return outcome;
}

}  // namespace

FUZZ_TARGET(compressed) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  for (const Format format : {Format::kGzip, Format::kZstd}) {
    const Outcome whole = unfold(format, bytes, size + 1);
    const Outcome pieces = unfold(format, bytes, 3);
    CHECK(whole.is_good == pieces.is_good, "a stream is good or broken however it is cut");
    CHECK(!whole.is_good || whole.text == pieces.text, "the same comes out however it is cut");
  }
  return 0;
}

}  // namespace fuzz_compressed
