/// \file
/// The tokens of one word: its bytes, joined pair by pair in the order the vocabulary was learned.

#pragma once

#include "core/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace assay::tokenizer {

/// The mark at the end of a token that ends a word.
inline constexpr std::string_view kWordEnd = "</w>";

/// Each byte as the vocabulary files write it: one visible character, in UTF-8.
std::string byte_text(std::uint8_t byte);

/// The bytes in the order in which open_clip numbers them: the visible ones first.
std::array<std::uint8_t, 256> byte_order();

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using TokenIds = std::unordered_map<std::string, std::int32_t, TextHash, std::equal_to<>>;

/// Two tokens that become one.
using MergeText = std::pair<std::string, std::string>;

/// Threads: const calls are safe from any thread.
class ByteVocabulary {
 public:
  /// `merges` in the order of their rank; of one that comes twice the later place counts.
  /// `unknown` stands for a byte that is no token.
  /// Errors: kCorrupt (a merge, by its number, whose parts or whole are no tokens).
  static Result<ByteVocabulary> build(const TokenIds& ids, std::span<const MergeText> merges,
                                      std::int32_t unknown);

  /// One more than the highest number of a token.
  std::size_t size() const { return size_; }

  /// Append the tokens of a word. Cost: n log n of its bytes.
  void append_tokens(std::string_view word, std::vector<std::int32_t>& tokens) const;

 private:
  struct Merge {
    std::int32_t rank = 0;
    std::int32_t token = 0;
  };
  struct Symbols;

  ByteVocabulary() = default;
  const Merge* find_merge(std::int32_t left, std::int32_t right) const;

  std::unordered_map<std::uint64_t, Merge> merges_;  // by the two tokens
  std::array<std::int32_t, 256> inner_{};            // the token of a byte; kNoToken: there is none
  std::array<std::int32_t, 256> last_{};             // of one that ends a word
  std::int32_t unknown_ = 0;
  std::size_t size_ = 0;
};

}  // namespace assay::tokenizer
