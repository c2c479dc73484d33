/// \file
/// Sixteen bytes of text at a time.

#pragma once

#include <emmintrin.h>

#include <cstddef>
#include <cstdint>

namespace assay::json {

inline constexpr std::size_t kTextStep = sizeof(__m128i);

/// Pre of all below: so many bytes are readable.
inline __m128i load_step(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// Of those named for bits: one for each byte, the first the lowest.

inline std::uint32_t bits_of(__m128i bytes) {
  return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes));
}

/// What a string of JSON does not hold as it is: quote, backslash, control characters; and what is
/// not ASCII.
inline std::uint32_t special_bits(const char* at) {
  const __m128i bytes = load_step(at);
  const __m128i is_marked = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                         _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  // Bytes over 127 are negative here.
  return bits_of(_mm_or_si128(is_marked, _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '))));
}

/// Where two texts differ.
inline std::uint32_t differing_bits(const char* left, const char* right) {
  return bits_of(_mm_cmpeq_epi8(load_step(left), load_step(right))) ^ 0xffffU;
}

/// Digits.
inline std::uint32_t digit_bits(const char* at) {
  // Moved so that the digits alone come out below -118.
  constexpr char kZeroToLowest = static_cast<char>('0' + 128);
  const __m128i moved = _mm_sub_epi8(load_step(at), _mm_set1_epi8(kZeroToLowest));
  return bits_of(_mm_cmplt_epi8(moved, _mm_set1_epi8(-118)));
}

/// Bytes that are `wanted`.
inline std::uint32_t equal_bits(const char* at, char wanted) {
  return bits_of(_mm_cmpeq_epi8(load_step(at), _mm_set1_epi8(wanted)));
}

/// Whether two texts are the same in the steps that begin so far behind their beginnings.
inline bool are_same(const char* left, const char* right, std::size_t first, std::size_t second) {
  const __m128i is_same =
      _mm_and_si128(_mm_cmpeq_epi8(load_step(left + first), load_step(right + first)),
                    _mm_cmpeq_epi8(load_step(left + second), load_step(right + second)));
  return bits_of(is_same) == 0xffffU;
}

}  // namespace assay::json
