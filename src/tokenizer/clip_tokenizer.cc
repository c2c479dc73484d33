#include "tokenizer/clip_tokenizer.h"

#include "core/check.h"
#include "tokenizer/byte_pairs_internal.h"
#include "tokenizer/prompt_words_internal.h"

#include <string>
#include <utility>

namespace assay::tokenizer {

ClipTokenizer::ClipTokenizer(std::shared_ptr<const ByteVocabulary> vocabulary,
                             const SpecialTokens& special, std::size_t context_length)
    : vocabulary_(std::move(vocabulary)), special_(special), context_length_(context_length) {}

std::size_t ClipTokenizer::vocabulary_size() const { return vocabulary_->size(); }

EncodedText ClipTokenizer::encode(std::string_view text, std::size_t length) const {
  CHECK(length >= 2, "no room for the tokens around a text");
  EncodedText encoded;
  encoded.ids.push_back(special_.start);
  for (const std::string& word : prompt_words(text)) {
    vocabulary_->append_tokens(word, encoded.ids);
    // What follows would be cut off anyway, and a prompt may be a book.
    if (encoded.ids.size() >= length) break;
  }
  encoded.is_cut = encoded.ids.size() >= length;
  if (encoded.is_cut) encoded.ids.resize(length - 1);
  encoded.ids.push_back(special_.end);
  encoded.num_tokens = encoded.ids.size();
  encoded.attention_mask.assign(encoded.num_tokens, 1);
  encoded.ids.resize(length, special_.padding);
  encoded.attention_mask.resize(length, 0);
  return encoded;
}

}  // namespace assay::tokenizer
