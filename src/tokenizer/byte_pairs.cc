#include "core/shown_text.h"
#include "tokenizer/byte_pairs_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <tuple>

namespace assay::tokenizer {
namespace {

/// Of a byte that is no token: it joins nothing.
constexpr std::int32_t kNoToken = -1;

bool is_visible(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

std::int32_t find_token(const TokenIds& ids, std::string_view token) {
  const auto found = ids.find(token);
  return found == ids.end() ? kNoToken : found->second;
}

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32U) |
         static_cast<std::uint32_t>(right);
}

}  // namespace

std::array<std::uint8_t, 256> byte_order() {
  std::array<std::uint8_t, 256> order{};
  std::size_t next = 0;
  for (const bool wanted : {true, false}) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (is_visible(byte) == wanted) order.at(next++) = static_cast<std::uint8_t>(byte);
    }
  }
  return order;
}

std::string byte_text(std::uint8_t byte) {
  unsigned code_point = byte;
  if (!is_visible(byte)) {
    // The others are numbered on from 256, in their own order.
    code_point = 256;
    for (unsigned before = 0; before < byte; ++before) code_point += is_visible(before) ? 0U : 1U;
  }
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  return {static_cast<char>(0xC0U | (code_point >> 6U)),
          static_cast<char>(0x80U | (code_point & 0x3FU))};
}

Result<ByteVocabulary> ByteVocabulary::build(const TokenIds& ids, std::span<const MergeText> merges,
                                             std::int32_t unknown) {
  ByteVocabulary vocabulary;
  vocabulary.unknown_ = unknown;
  for (const auto& [token, id] : ids) {
    vocabulary.size_ = std::max(vocabulary.size_, static_cast<std::size_t>(id) + 1);
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string text = byte_text(static_cast<std::uint8_t>(byte));
    vocabulary.inner_.at(byte) = find_token(ids, text);
    vocabulary.last_.at(byte) = find_token(ids, text + std::string(kWordEnd));
  }
  vocabulary.merges_.reserve(merges.size());
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const auto& [left, right] = merges[i];
    const std::string joined = left + right;
    for (const std::string* part : {&left, &right, &joined}) {
      if (ids.contains(*part)) continue;
      return corrupt(
          fmt::format("merge {}: {} is no token of the vocabulary", i + 1, shown_text(*part)));
    }
    vocabulary.merges_.insert_or_assign(
        pair_key(find_token(ids, left), find_token(ids, right)),
        Merge{.rank = static_cast<std::int32_t>(i), .token = find_token(ids, joined)});
  }
  return vocabulary;
}

const ByteVocabulary::Merge* ByteVocabulary::find_merge(std::int32_t left,
                                                        std::int32_t right) const {
  if (left == kNoToken || right == kNoToken) return nullptr;
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

/// A word as a chain of tokens, and what could be joined next: the merge of the lowest rank first,
/// of one rank the leftmost. What was joined meanwhile is told by its tokens when its turn comes.
struct ByteVocabulary::Symbols {
  struct Link {
    std::int32_t token = 0;
    std::size_t next = 0;
    std::size_t previous = 0;
    bool is_joined = false;  // into the one before
  };
  struct Candidate {
    std::int32_t rank = 0;
    std::size_t place = 0;
    std::int32_t left = 0;
    std::int32_t right = 0;
    bool operator>(const Candidate& other) const {
      return std::tie(rank, place) > std::tie(other.rank, other.place);
    }
  };

  std::vector<Link> links;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;

  void consider(const ByteVocabulary& vocabulary, std::size_t place) {
    const std::size_t next = links[place].next;
    if (next == links.size()) return;
    const std::int32_t left = links[place].token;
    const std::int32_t right = links[next].token;
    const Merge* merge = vocabulary.find_merge(left, right);
    if (merge != nullptr) queue.push({merge->rank, place, left, right});
  }

  void join(const ByteVocabulary& vocabulary, const Candidate& candidate) {
    Link& link = links[candidate.place];
    const std::size_t next = link.next;
    if (link.is_joined || next == links.size() || link.token != candidate.left ||
        links[next].token != candidate.right) {
      return;
    }
    link.token = vocabulary.find_merge(candidate.left, candidate.right)->token;
    link.next = links[next].next;
    links[next].is_joined = true;
    if (link.next != links.size()) links[link.next].previous = candidate.place;
    if (candidate.place != 0) consider(vocabulary, link.previous);
    consider(vocabulary, candidate.place);
  }
};

void ByteVocabulary::append_tokens(std::string_view word, std::vector<std::int32_t>& tokens) const {
  Symbols symbols;
  symbols.links.reserve(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(word[i]);
    symbols.links.push_back({.token = i + 1 == word.size() ? last_.at(byte) : inner_.at(byte),
                             .next = i + 1,
                             .previous = i == 0 ? 0 : i - 1});
  }
  for (std::size_t i = 0; i < word.size(); ++i) symbols.consider(*this, i);
  while (!symbols.queue.empty()) {
    const Symbols::Candidate candidate = symbols.queue.top();
    symbols.queue.pop();
    symbols.join(*this, candidate);
  }
  for (const Symbols::Link& link : symbols.links) {
    if (!link.is_joined) tokens.push_back(link.token == kNoToken ? unknown_ : link.token);
  }
}

}  // namespace assay::tokenizer
