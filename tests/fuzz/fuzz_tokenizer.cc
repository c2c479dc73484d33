/// \file
/// The files of a tokenizer: whatever they hold, each is refused or makes tokens of the vocabulary.
/// The first byte chooses the form; a form of two files has a NUL between them.

#include "core/check.h"
#include "fuzz_target.h"
#include "tokenizer/tokenizer_text_internal.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace fuzz_tokenizer {
namespace {

using assay::Result;
using namespace assay::tokenizer;

Result<TokenizerParts> parse_pair(std::string_view text) {
  const std::size_t middle = text.find('\0');
  TokenizerParts parts;
  ASSIGN_OR_RETURN(parts.ids, parse_vocabulary(text.substr(0, middle)));
  text.remove_prefix(middle == std::string_view::npos ? text.size() : middle + 1);
  ASSIGN_OR_RETURN(parts.merges, parse_merges(text));
  return parts;
}

Result<TokenizerParts> parse(char form, std::string_view text) {
  switch (form) {
    case 'p':
      return parse_pair(text);
    case 's':
      return parse_simple_vocabulary(text);
    case 'n': {
      TokenizerParts parts;
      ASSIGN_OR_RETURN(parts.names, parse_names(text, {}));
      return parts;
    }
    default:
      return parse_tokenizer_json(text);
  }
}

}  // namespace

FUZZ_TARGET(tokenizer) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parts = parse(text.front(), text.substr(1));
  if (!parts) return 0;
  const auto tokenizer = make_tokenizer(*parts);
  if (!tokenizer) return 0;
  // The input is a text as good as any, broken UTF-8 among it.
  for (const std::string_view prompt : {std::string_view("a photo of road works"), text}) {
    const EncodedText encoded = tokenizer->encode(prompt);
    CHECK(encoded.ids.size() == tokenizer->context_length(), "a text is filled up or cut");
    for (const std::int32_t id : encoded.ids) {
      CHECK(id >= 0 && std::cmp_less(id, tokenizer->vocabulary_size()),
            "a token is of the vocabulary");
    }
  }
  return 0;
}

}  // namespace fuzz_tokenizer
