#include "compress/inflate.h"

#include "core/check.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <limits>
#include <memory>

namespace assay::compress {
namespace {

constexpr std::size_t kZlibHeaderSize = 2;
constexpr std::size_t kZlibTrailerSize = 4;
// ISA-L counts in 32 bits.
constexpr std::size_t kMostAtOnce = std::numeric_limits<std::uint32_t>::max();

// Too large for a stack, too expensive to allocate for each image.
inflate_state& state_of_this_thread() {
  thread_local const auto state = std::make_unique_for_overwrite<inflate_state>();
  return *state;
}

InflateOutcome outcome_of(int answer) {
  switch (answer) {
    case ISAL_DECOMP_OK:
      return InflateOutcome::kComplete;
    case ISAL_END_INPUT:
      return InflateOutcome::kTruncated;
    case ISAL_OUT_OVERFLOW:
      return InflateOutcome::kTooLarge;
    default:
      return InflateOutcome::kBroken;
  }
}

Inflation inflate_raw(std::span<const std::byte> compressed, std::span<std::byte> into) {
  inflate_state& state = state_of_this_thread();
  isal_inflate_init(&state);
  const auto num_given = static_cast<std::uint32_t>(std::min(compressed.size(), kMostAtOnce));
  // The library takes a pointer to what it could change, and does not.
  state.next_in = const_cast<std::uint8_t*>(  // NOLINT(cppcoreguidelines-pro-type-const-cast)
      reinterpret_cast<const std::uint8_t*>(compressed.data()));
  state.avail_in = num_given;
  state.next_out = reinterpret_cast<std::uint8_t*>(into.data());
  state.avail_out = static_cast<std::uint32_t>(std::min(into.size(), kMostAtOnce));
  const InflateOutcome outcome = outcome_of(isal_inflate_stateless(&state));
  return {.outcome = outcome,
          .num_consumed = num_given - state.avail_in,
          .num_produced = state.total_out};
}

// RFC 1950: method 8, a window of 32 KiB at most, no dictionary, and a sum that 31 divides.
bool is_zlib_header(std::span<const std::byte> bytes) {
  const auto first = std::to_integer<unsigned>(bytes[0]);
  const auto second = std::to_integer<unsigned>(bytes[1]);
  const bool is_deflate = (first & 0x0f) == 8 && first >> 4 <= 7;
  const bool has_dictionary = (second & 0x20) != 0;
  return is_deflate && !has_dictionary && ((first << 8) + second) % 31 == 0;
}

// ISA-L's own reading of zlib's form goes through the slower loop for input that comes in pieces.
Inflation inflate_zlib(std::span<const std::byte> compressed, std::span<std::byte> into) {
  if (compressed.size() < kZlibHeaderSize) return {.outcome = InflateOutcome::kTruncated};
  if (!is_zlib_header(compressed)) return {.outcome = InflateOutcome::kBroken};
  Inflation inflation = inflate_raw(compressed.subspan(kZlibHeaderSize), into);
  if (inflation.outcome != InflateOutcome::kComplete) return inflation;
  inflation.num_consumed += kZlibHeaderSize;
  if (compressed.size() - inflation.num_consumed < kZlibTrailerSize) {
    inflation.outcome = InflateOutcome::kTruncated;
    return inflation;
  }
  std::uint32_t expected = 0;
  for (const std::byte byte : compressed.subspan(inflation.num_consumed, kZlibTrailerSize)) {
    expected = (expected << 8) | std::to_integer<std::uint32_t>(byte);
  }
  inflation.num_consumed += kZlibTrailerSize;
  const std::uint32_t sum =
      isal_adler32(1, reinterpret_cast<const unsigned char*>(into.data()), inflation.num_produced);
  if (sum != expected) inflation.outcome = InflateOutcome::kWrongChecksum;
  return inflation;
}

// ISA-L leaves the upper halves of the vector registers in use. Until they are cleared,
// instructions that know the lower halves only are slow on some CPUs: SHA-256 by a fifth.
#ifdef __x86_64__
[[gnu::target("avx")]] void clear_upper_halves_by_avx() { _mm256_zeroupper(); }

void clear_upper_halves() {
  static const bool has_avx = __builtin_cpu_supports("avx") != 0;
  if (has_avx) clear_upper_halves_by_avx();
}
#else
void clear_upper_halves() {}
#endif

}  // namespace

std::string_view to_text(InflateOutcome outcome) {
  switch (outcome) {
    case InflateOutcome::kComplete:
      return "is complete";
    case InflateOutcome::kTruncated:
      return "ends early";
    case InflateOutcome::kTooLarge:
      return "holds more than it should";
    case InflateOutcome::kBroken:
      return "is no deflate stream, or a damaged one";
    case InflateOutcome::kWrongChecksum:
      return "has a wrong checksum";
  }
  CHECK(false, "no outcome of an inflation");
}

Inflation inflate(DeflateForm form, std::span<const std::byte> compressed,
                  std::span<std::byte> into) {
  const Inflation inflation =
      form == DeflateForm::kRaw ? inflate_raw(compressed, into) : inflate_zlib(compressed, into);
  clear_upper_halves();
  return inflation;
}

std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t seed) {
  const std::uint32_t sum =
      crc32_gzip_refl(seed, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  clear_upper_halves();
  return sum;
}

}  // namespace assay::compress
