/// \file
/// What the files of a tokenizer say, file by file, and one tokenizer from it.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "tokenizer/byte_pairs_internal.h"
#include "tokenizer/clip_tokenizer.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::tokenizer {

/// CLIP's largest file unfolds to 4 MB: a larger one is some other file given by mistake.
inline constexpr ByteCount kMaxTokenizerFileSize{32U << 20};

/// What files may leave open; the names are those of tokens.
struct TokenizerNames {
  std::optional<std::string> start;
  std::optional<std::string> end;
  std::optional<std::string> padding;
  std::optional<std::string> unknown;
  std::optional<std::size_t> context_length;
};

struct TokenizerParts {
  TokenIds ids;
  std::vector<MergeText> merges;
  TokenizerNames names;
};

/// vocab.json: an object of tokens and their numbers. Errors: kCorrupt, kExhausted.
Result<TokenIds> parse_vocabulary(std::string_view text);
/// merges.txt: two tokens a line. Errors: kCorrupt, which gives the line.
Result<std::vector<MergeText>> parse_merges(std::string_view text);
/// tokenizer.json. Errors: kCorrupt, kExhausted, kInvalidInput (of another kind than CLIP's).
Result<TokenizerParts> parse_tokenizer_json(std::string_view text);
/// bpe_simple_vocab_16e6.txt: merges alone, from which the tokens follow. Errors: kCorrupt.
Result<TokenizerParts> parse_simple_vocabulary(std::string_view text);
/// tokenizer_config.json or special_tokens_map.json: what it says takes the place of what `names`
/// say. Errors: kCorrupt, kExhausted.
Result<TokenizerNames> parse_names(std::string_view text, TokenizerNames names);

/// Errors: kCorrupt (a special token or part of a merge that is no token), kInvalidInput (not
///         CLIP's kind of tokens).
Result<ClipTokenizer> make_tokenizer(const TokenizerParts& parts);

}  // namespace assay::tokenizer
