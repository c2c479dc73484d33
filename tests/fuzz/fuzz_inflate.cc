/// \file
/// Fuzzes both forms of inflate: the outcome does not depend on the room behind, nor the bytes on
/// what stood there before.

#include "compress/inflate.h"
#include "core/check.h"
#include "fuzz_target.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fuzz_inflate {
namespace {

using assay::compress::DeflateForm;
using assay::compress::inflate;
using assay::compress::InflateOutcome;
using assay::compress::Inflation;

constexpr std::size_t kRoom = std::size_t{1} << 20;

void check(DeflateForm form, std::span<const std::byte> bytes) {
  static std::vector<std::byte> large(kRoom);
  const Inflation whole = inflate(form, bytes, large);
  CHECK(whole.num_produced <= kRoom, "no more than there is room for");
  if (whole.outcome != InflateOutcome::kComplete) return;
  CHECK(whole.num_consumed <= bytes.size(), "no more than there is");
  std::vector<std::byte> exact(whole.num_produced, std::byte{0xa5});
  const Inflation again = inflate(form, bytes.first(whole.num_consumed), exact);
  CHECK(again.outcome == InflateOutcome::kComplete, "what was consumed is the stream");
  CHECK(again.num_produced == whole.num_produced, "the same size comes out");
  CHECK(std::ranges::equal(exact, std::span(large).first(exact.size())), "the same comes out");
  if (exact.empty()) return;
  const Inflation cut = inflate(form, bytes, std::span(exact).first(exact.size() - 1));
  CHECK(cut.outcome == InflateOutcome::kTooLarge, "less room is too little");
}

}  // namespace

FUZZ_TARGET(inflate) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  check(DeflateForm::kRaw, bytes);
  check(DeflateForm::kZlib, bytes);
  return 0;
}

}  // namespace fuzz_inflate
